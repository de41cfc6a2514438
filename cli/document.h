/* json_t is our document model: each command makes one document, and what is printed, in whatever
 * format, is printed from it. Strangers' text goes in as it is; each output makes it harmless. */
#ifndef MQ_CLI_DOCUMENT_H
#define MQ_CLI_DOCUMENT_H

#include <glib.h>
#include <jansson.h>

#include "ingest/address.h"
#include "ingest/report.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* A document whose first key is "schema": "marque.COMMAND/1". */
json_t *mq_document_new(const char *command);

/* Each is what a report says, or null: (transfer full), for json_object_set_new(). */
json_t *mq_json_text(const char *text);     /* (nullable); made valid UTF-8 */
json_t *mq_json_time(gint64 time_s);        /* RFC 3339; null when absent */
json_t *mq_json_count(gint64 count);        /* null when negative: absent */
json_t *mq_json_word(const MqWords *words, guint value);
/* Canonical text; where it is no address, what stands there. */
json_t *mq_json_address(const MqAddress *address, const char *instead);
json_t *mq_json_texts(const GPtrArray *texts); /* (nullable) of char * */
/* @part of @whole: 0.0 of nothing. */
json_t *mq_json_share(gint64 part, gint64 whole);
/* Of @messages, those of known result: null when there is mail, and nothing is known of it. */
json_t *mq_json_pass_share(gint64 passed, gint64 messages, gint64 unknown);
/* Whether @row, with "messages" and "dmarc_pass_share", has mail of known result. */
gboolean mq_document_has_share(const json_t *row);

/* How a cell is shown. In JSON and CSV a share is a number from 0 to 1. */
typedef enum {
	MQ_CELL_TEXT,  /* a stranger's text, a name, a word; null is empty */
	MQ_CELL_COUNT, /* 1,234 */
	MQ_CELL_SOME,  /* as COUNT; no column where all are 0 */
	MQ_CELL_FLAG,  /* a boolean: yes or nothing; no column where none is */
	MQ_CELL_SHARE, /* 98.2 % */
	MQ_CELL_PASS,  /* a share that is good when high: green, yellow, red */
	MQ_CELL_TIME,  /* 2026-11-24 12:00 */
	MQ_CELL_DAY,   /* 2026-11-24 */
	MQ_CELL_LIST,  /* an array of text: a, b */
	MQ_CELL_TREND, /* an array of {"messages", "dmarc_pass_share"}: ▁▃▇, on pages a line */
	MQ_CELL_BAR,   /* the row's messages, by what became of them; on pages only */
} MqCellKind;

typedef struct {
	const char *key;   /* of the row object; "auth.spf", "actions.0.fix" look inside */
	const char *label;
	MqCellKind kind;
	gboolean csv_only; /* too much for a terminal */
	gboolean optional; /* left out where the terminal is too narrow for all, the last first */
} MqColumn;

/* A cell's value; null when there is none. Borrows from @row. */
const json_t *mq_json_at(const json_t *row, const char *path);

#endif
