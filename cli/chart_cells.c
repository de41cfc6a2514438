/* Charts of table cells, for mail clients: no SVG, no picture to be fetched, and inline styles only, because
 * style sheets may be removed too. Colours are those that are legible on light and on dark. */
#include "cli/chart.h"
#include "cli/outputs.h"

#define HEIGHT_PX 72
#define DAY_PX    9
#define WEEK_PX   22
#define BAR_PX    160

static const char *const colors[MQ_FATE_N] = { "#3f78b5", "#c77700", "#868c95", "#5b626c" };

static void
open_table(MqMarkup *markup, const char *title)
{
	mq_markup_open(markup, "table", "cells");
	mq_markup_attribute(markup, "role", "img");
	mq_markup_attribute(markup, "aria-label", title);
	mq_markup_attribute(markup, "style", "border-collapse:collapse;width:auto;margin:0");
	mq_markup_open(markup, "tr", NULL);
}

static void
close_table(MqMarkup *markup)
{
	mq_markup_close(markup);
	mq_markup_close(markup);
}

/* A block of colour; the no-break space keeps clients from dropping it. */
static void
add_block(MqMarkup *markup, const char *color, int width_px, int height_px)
{
	mq_markup_open(markup, "div", NULL);
	mq_markup_attributef(markup, "style", "background:%s;width:%dpx;height:%dpx;font-size:1px;line-height:%dpx", color,
	                     width_px, height_px, height_px);
	mq_markup_text(markup, "\u00a0");
	mq_markup_close(markup);
}

static void
open_column(MqMarkup *markup, int width_px, int height_px)
{
	mq_markup_open(markup, "td", NULL);
	mq_markup_attributef(markup, "style",
	                     "border:0;padding:0 2px 0 0;min-width:0;width:%dpx;height:%dpx;vertical-align:bottom",
	                     width_px + 2, height_px);
}

static void
draw_volume(MqMarkup *markup, const json_t *points)
{
	json_int_t scale = MAX(mq_chart_largest(points), 1);
	g_autofree char *title = mq_chart_volume_text(points);
	const json_t *point;
	size_t i;

	open_table(markup, title);
	json_array_foreach(points, i, point) {
		json_int_t parts[MQ_FATE_N];

		mq_chart_fates(point, parts);
		open_column(markup, DAY_PX, HEIGHT_PX);
		for (int part = MQ_FATE_N - 1; part >= 0; part--)
			if (parts[part] > 0)
				add_block(markup, colors[part], DAY_PX, (int)MAX(HEIGHT_PX * (double)parts[part] / (double)scale, 1));
		mq_markup_close(markup);
	}
	close_table(markup);
	mq_markup_element(markup, "p", "muted", title);
}

static void
draw_shares(MqMarkup *markup, const json_t *points, int width_px, int height_px, const char *title)
{
	const json_t *point;
	size_t i;

	open_table(markup, title);
	json_array_foreach(points, i, point) {
		double share = json_real_value(json_object_get(point, "dmarc_pass_share"));

		open_column(markup, width_px, height_px);
		if (mq_document_has_share(point))
			add_block(markup, colors[MQ_FATE_PASSED], width_px, (int)MAX(height_px * CLAMP(share, 0, 1), 1));
		mq_markup_close(markup);
	}
	close_table(markup);
}

static void
draw_pass(MqMarkup *markup, const json_t *points)
{
	g_autofree char *title = mq_chart_pass_text(points);

	draw_shares(markup, points, WEEK_PX, HEIGHT_PX, title);
	mq_markup_element(markup, "p", "muted", title);
}

static void
draw_trend(MqMarkup *markup, const json_t *points)
{
	g_autofree char *title = mq_chart_pass_text(points);

	draw_shares(markup, points, 4, 16, title);
}

static void
draw_bar(MqMarkup *markup, const json_t *row, json_int_t largest)
{
	json_int_t parts[MQ_FATE_N];

	mq_chart_fates(row, parts);
	open_table(markup, "What became of it");
	for (int part = 0; part < MQ_FATE_N && largest > 0; part++) {
		if (parts[part] == 0)
			continue;
		mq_markup_open(markup, "td", NULL);
		mq_markup_attribute(markup, "style", "border:0;padding:0;min-width:0");
		add_block(markup, colors[part], (int)MAX(BAR_PX * (double)parts[part] / (double)largest, 1), 12);
		mq_markup_close(markup);
	}
	close_table(markup);
}

static void
draw_legend(MqMarkup *markup)
{
	mq_markup_open(markup, "p", "legend");
	for (int part = 0; part < MQ_FATE_N; part++) {
		mq_markup_open(markup, "span", NULL);
		mq_markup_attributef(markup, "style", "color:%s", colors[part]);
		mq_markup_attribute(markup, "aria-hidden", "true");
		mq_markup_text(markup, "■");
		mq_markup_close(markup);
		mq_markup_text(markup, " ");
		mq_markup_text(markup, mq_fate_labels[part]);
		mq_markup_text(markup, "  ");
	}
	mq_markup_close(markup);
}

const MqCharts mq_charts_cells = {
	.volume = draw_volume, .pass = draw_pass, .bar = draw_bar, .trend = draw_trend, .legend = draw_legend,
};
