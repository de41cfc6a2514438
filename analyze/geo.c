#include "analyze/geo.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <string.h>

#include "ingest/error.h"

#define NAME_BYTES_MAX 200

struct MqGeo {
	MMDB_s *files;
	guint n_files;
};

void
mq_location_clear(MqLocation *place)
{
	g_free(place->organization);
	g_free(place->country);
	*place = (MqLocation){ 0 };
}

MqGeo *
mq_geo_open(const char *const *paths, GError **error)
{
	g_autoptr(MqGeo) geo = g_new0(MqGeo, 1);

	geo->files = g_new0(MMDB_s, g_strv_length((char **)paths));
	for (guint i = 0; paths[i] != NULL; i++) {
		int status = MMDB_open(paths[i], MMDB_MODE_MMAP, &geo->files[i]);

		if (status != MMDB_SUCCESS) {
			g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "cannot read '%s' as a file of networks or countries: %s",
			            paths[i], MMDB_strerror(status));
			return NULL;
		}
		geo->n_files++;
	}
	return g_steal_pointer(&geo);
}

void
mq_geo_free(MqGeo *geo)
{
	if (geo == NULL)
		return;
	for (guint i = 0; i < geo->n_files; i++)
		MMDB_close(&geo->files[i]);
	g_free(geo->files);
	g_free(geo);
}

/* (nullable) (transfer full) */
static char *
text_at(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return NULL;
	return g_utf8_make_valid(data.utf8_string, (gssize)MIN(data.data_size, NAME_BYTES_MAX));
}

static guint32
number_at(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
		return 0;
	return data.uint32;
}

/* MaxMind's names, then those of files that others make. */
static void
read_entry(MMDB_entry_s *entry, MqLocation *place)
{
	static const char *const asn[] = { "autonomous_system_number", NULL };
	static const char *const organization[] = { "autonomous_system_organization", NULL };
	static const char *const country[] = { "country", "iso_code", NULL };
	static const char *const flat_country[] = { "country_code", NULL };
	static const char *const registered[] = { "registered_country", "iso_code", NULL };
	static const char *const *const countries[] = { country, flat_country, registered };

	if (place->asn == 0)
		place->asn = number_at(entry, asn);
	if (place->organization == NULL)
		place->organization = text_at(entry, organization);
	for (gsize i = 0; i < G_N_ELEMENTS(countries) && place->country == NULL; i++)
		place->country = text_at(entry, countries[i]);
}

static const struct sockaddr *
socket_address(const MqAddress *address, struct sockaddr_in *v4, struct sockaddr_in6 *v6)
{
	if (address->n_bytes == 4) {
		*v4 = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&v4->sin_addr, address->bytes, 4);
		return (const struct sockaddr *)(gconstpointer)v4;
	}
	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	memcpy(&v6->sin6_addr, address->bytes, 16);
	return (const struct sockaddr *)(gconstpointer)v6;
}

void
mq_geo_find(const MqGeo *geo, const MqAddress *address, MqLocation *place)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*place = (MqLocation){ 0 };
	if (geo == NULL || address->n_bytes == 0)
		return;
	for (guint i = 0; i < geo->n_files; i++) {
		int status;
		MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&geo->files[i], socket_address(address, &v4, &v6), &status);

		/* a damaged file knows nothing, and an IPv4 file nothing of IPv6 */
		if (status == MMDB_SUCCESS && found.found_entry)
			read_entry(&found.entry, place);
	}
}
