/* Where an address is: its network and country, by data files in the MaxMind format. */
#ifndef MQ_ANALYZE_GEO_H
#define MQ_ANALYZE_GEO_H

#include "ingest/address.h"

typedef struct {
	guint32 asn;        /* 0: not known */
	char *organization; /* (nullable) whose network */
	char *country;      /* (nullable) two letters */
} MqLocation;

void mq_location_clear(MqLocation *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MqLocation, mq_location_clear)

typedef struct MqGeo MqGeo;

/**
 * mq_geo_open:
 * @paths: (array zero-terminated=1): files of networks, of countries, or of both
 *
 * Returns: (transfer full): %NULL with %MQ_ERROR_USAGE: a file cannot be read, or is no such data
 */
MqGeo *mq_geo_open(const char *const *paths, GError **error);
void mq_geo_free(MqGeo *geo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqGeo, mq_geo_free)

/* @geo: (nullable): nothing is known. @place: (out caller-allocates): what the files have of @address */
void mq_geo_find(const MqGeo *geo, const MqAddress *address, MqLocation *place);

#endif
