/* The pages that people read: one look for the digest, its mail and the dashboard. A page is one file: its style
 * is inside, nothing is fetched, and a content security policy forbids the rest. */
#ifndef MQ_CLI_PAGE_H
#define MQ_CLI_PAGE_H

#include "cli/chart.h"

typedef struct {
	MqMarkup *markup;
	const MqCharts *charts;
	char *script; /* private */
} MqPage;

typedef enum {
	MQ_PAGE_FILE,     /* a browser's: no script */
	MQ_PAGE_SORTABLE, /* a browser's: tables of the class "sortable" can be sorted */
	MQ_PAGE_MAIL,     /* a mail client's: charts of table cells */
} MqPageKind;

/* Head, style and policy; open inside <body>. */
void mq_page_open(MqPage *page, MqPageKind kind, const char *title);
/* (transfer full): the whole page */
char *mq_page_close(MqPage *page);

/* Columns of @rows as a table; nothing for no rows. @details: (nullable) long texts beneath each row.
 * @caption: what the table is, for whoever cannot see what stands above it. */
typedef struct {
	const MqColumn *columns;
	guint n_columns;
	const MqColumn *details;
	guint n_details;
	const char *caption;
	const char *link;   /* (nullable) key of a row's page, which its first cell leads to */
	gboolean sortable;
} MqPageTable;
void mq_page_table(const MqPage *page, const MqPageTable *table, const json_t *rows);

/* [{"label","value","change"}], large */
void mq_page_figures(const MqPage *page, const json_t *figures);
/* Volume by what became of it, beside the share that passes. */
void mq_page_charts(const MqPage *page, const json_t *volume, const char *volume_caption, const json_t *pass,
                    const char *pass_caption);

#endif
