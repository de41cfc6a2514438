#include "analyze/services.h"

#include <services_data.h> /* made of services.conf by the build */

#include "ingest/domain.h"
#include "ingest/error.h"

struct MqServices {
	GHashTable *by_name;                 /* name -> MqService, owned */
	GHashTable *names[MQ_SERVICE_BY_N];  /* domain (borrowed) -> MqService (borrowed) */
};

#define MQ_SERVICE_WORD(name, word) word,
static const char *const kind_words[] = { MQ_SERVICE_KINDS(MQ_SERVICE_WORD) };

static const char *const keys[MQ_SERVICE_BY_N] = { "ptr", "spf", "dkim", "bounce" };

static void
service_free(gpointer data)
{
	MqService *service = data;

	g_free(service->name);
	g_free(service->setup);
	g_strfreev(service->ptr);
	g_strfreev(service->spf);
	g_strfreev(service->dkim);
	g_strfreev(service->bounce);
	g_free(service);
}

static GStrv *
names_of(MqService *service, guint by)
{
	GStrv *const lists[MQ_SERVICE_BY_N] = { &service->ptr, &service->spf, &service->dkim, &service->bounce };

	return lists[by];
}

static gboolean
read_kind(GKeyFile *file, const char *group, MqServiceKind *kind, GError **error)
{
	g_autofree char *word = g_key_file_get_string(file, group, "kind", NULL);

	for (guint i = 0; word != NULL && i < MQ_SERVICE_KIND_N; i++) {
		if (g_str_equal(kind_words[i], word)) {
			*kind = (MqServiceKind)i;
			return TRUE;
		}
	}
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "service '%s': kind is '%s', want mailbox, marketing, transactional, "
	            "crm, support, hosting, gateway, forwarder, list or security", group, word != NULL ? word : "");
	return FALSE;
}

static MqService *
read_service(GKeyFile *file, const char *group, GError **error)
{
	MqServiceKind kind;
	MqService *service;

	if (!read_kind(file, group, &kind, error))
		return NULL;
	service = g_new0(MqService, 1);
	service->name = g_strdup(group);
	service->kind = kind;
	service->setup = g_key_file_get_string(file, group, "setup", NULL);
	for (guint by = 0; by < MQ_SERVICE_BY_N; by++) {
		/* a key that is not there is an empty list */
		g_auto(GStrv) raw = g_key_file_get_string_list(file, group, keys[by], NULL, NULL);
		g_autoptr(GStrvBuilder) names = g_strv_builder_new();

		for (guint i = 0; raw != NULL && raw[i] != NULL; i++) {
			g_autofree char *name = mq_domain_normalize(raw[i], NULL);

			g_strv_builder_add(names, name);
		}
		*names_of(service, by) = g_strv_builder_end(names);
	}
	return service;
}

static gboolean
add_file(MqServices *services, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (guint g = 0; groups[g] != NULL; g++) {
		MqService *service = read_service(file, groups[g], error);

		if (service == NULL)
			return FALSE;
		g_hash_table_replace(services->by_name, service->name, service);
	}
	return TRUE;
}

static int
compare_services(gconstpointer a, gconstpointer b)
{
	return g_strcmp0((*(const MqService *const *)a)->name, (*(const MqService *const *)b)->name);
}

/* In the order of names, so that of two services with one domain the same one wins each time. */
static void
index_names(MqServices *services)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, services->by_name);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_ptr_array_add(all, value);
	g_ptr_array_sort(all, compare_services);
	for (guint i = 0; i < all->len; i++) {
		MqService *service = g_ptr_array_index(all, i);

		for (guint by = 0; by < MQ_SERVICE_BY_N; by++) {
			GStrv names = *names_of(service, by);

			for (guint n = 0; names[n] != NULL; n++)
				if (!g_hash_table_contains(services->names[by], names[n]))
					g_hash_table_insert(services->names[by], names[n], service);
		}
	}
}

MqServices *
mq_services_load(const char *path, GError **error)
{
	g_autoptr(MqServices) services = g_new0(MqServices, 1);
	g_autoptr(GKeyFile) built_in = g_key_file_new();
	g_autoptr(GKeyFile) own = g_key_file_new();

	services->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, service_free);
	for (guint by = 0; by < MQ_SERVICE_BY_N; by++)
		services->names[by] = g_hash_table_new(g_str_hash, g_str_equal);
	if (!g_key_file_load_from_data(built_in, (const char *)services_data, sizeof(services_data), G_KEY_FILE_NONE, error)
	    || !add_file(services, built_in, error))
		return NULL;
	if (path != NULL
	    && (!g_key_file_load_from_file(own, path, G_KEY_FILE_NONE, error) || !add_file(services, own, error))) {
		g_prefix_error(error, "services file '%s': ", path);
		return NULL;
	}
	index_names(services);
	return g_steal_pointer(&services);
}

void
mq_services_free(MqServices *services)
{
	if (services == NULL)
		return;
	for (guint by = 0; by < MQ_SERVICE_BY_N; by++)
		g_hash_table_unref(services->names[by]);
	g_hash_table_unref(services->by_name);
	g_free(services);
}

guint
mq_services_count(const MqServices *services)
{
	return g_hash_table_size(services->by_name);
}

const MqService *
mq_services_find(const MqServices *services, MqServiceBy by, const char *domain)
{
	for (; domain != NULL; domain = mq_domain_parent(domain)) {
		const MqService *service = g_hash_table_lookup(services->names[by], domain);

		if (service != NULL)
			return service;
	}
	return NULL;
}

gboolean
mq_service_relays(const MqService *service)
{
	return service->kind == MQ_SERVICE_MAILBOX || service->kind == MQ_SERVICE_FORWARDER || service->kind == MQ_SERVICE_LIST
	       || service->kind == MQ_SERVICE_GATEWAY;
}
