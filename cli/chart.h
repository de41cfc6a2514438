/* Charts of a document's numbers, in two hands: SVG for browsers, and plain table cells for mail clients,
 * most of which remove SVG. Colours are classes (or, in mail, styles) of the page's style; each value is in a
 * title or beside the chart as text too. */
#ifndef MQ_CLI_CHART_H
#define MQ_CLI_CHART_H

#include "cli/document.h"
#include "cli/markup.h"

/* What became of mail, in the order that it is stacked. */
typedef enum { MQ_FATE_PASSED, MQ_FATE_DELIVERED, MQ_FATE_QUARANTINED, MQ_FATE_REJECTED, MQ_FATE_N } MqFate;

extern const char *const mq_fate_labels[MQ_FATE_N];
extern const char *const mq_fate_classes[MQ_FATE_N];

/* @row has messages, dmarc_pass, quarantined, rejected. What receivers blocked counts as that, even if it passed;
 * of what DMARC is not known to have found nothing is shown. */
void mq_chart_fates(const json_t *row, json_int_t parts[MQ_FATE_N]);
/* 1, 2 or 5 times a power of ten: at least @largest. */
json_int_t mq_chart_scale(json_int_t largest);
/* Most messages of one of @rows. */
json_int_t mq_chart_largest(const json_t *rows);
/* The chart as a sentence, for whoever cannot see it. (transfer full) */
char *mq_chart_volume_text(const json_t *points);
char *mq_chart_pass_text(const json_t *points);

typedef struct {
	/* a stack for each point (a day) */
	void (*volume)(MqMarkup *markup, const json_t *points);
	/* the share that passes, point by point (a week) */
	void (*pass)(MqMarkup *markup, const json_t *points);
	/* one bar, its length beside those of @largest messages */
	void (*bar)(MqMarkup *markup, const json_t *row, json_int_t largest);
	/* the share that passes, a word in size */
	void (*trend)(MqMarkup *markup, const json_t *points);
	/* which colour is what */
	void (*legend)(MqMarkup *markup);
} MqCharts;

extern const MqCharts mq_charts_svg;
extern const MqCharts mq_charts_cells;

#endif
