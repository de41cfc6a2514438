/* The few errors of our own; each tells what the *caller* can do. GIO's pass as they are. */
#ifndef MQ_INGEST_ERROR_H
#define MQ_INGEST_ERROR_H

#include <glib.h>

/**
 * MqErrorCode:
 * @MQ_ERROR_FORMAT: the bytes are not what they claim to be: go on with the next item
 * @MQ_ERROR_LIMIT: refused on purpose, a limit of limits.h: go on with the next item
 * @MQ_ERROR_UNSUPPORTED: we know what it is and cannot do it
 * @MQ_ERROR_STORE: the database cannot be read or written: stop
 * @MQ_ERROR_DNS: DNS could not be reached at all: stop
 * @MQ_ERROR_USAGE: the command line is wrong
 */
typedef enum {
	MQ_ERROR_FORMAT,
	MQ_ERROR_LIMIT,
	MQ_ERROR_UNSUPPORTED,
	MQ_ERROR_STORE,
	MQ_ERROR_DNS,
	MQ_ERROR_USAGE,
} MqErrorCode;

#define MQ_ERROR (mq_error_quark())
GQuark mq_error_quark(void);

#endif
