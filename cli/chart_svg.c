/* Charts in SVG. Lengths are in units of a view box, which the page's style stretches. */
#include "cli/chart.h"
#include "cli/outputs.h"
#include "ingest/text.h"

#define WIDTH  360.0
#define HEIGHT 150.0
#define TOP    14.0
#define BASE   128.0 /* where bars stand */
#define LEFT   2.0

static void
open_svg(MqMarkup *markup, const char *css_class, double width, double height, const char *title)
{
	mq_markup_open(markup, "svg", css_class);
	mq_markup_attributef(markup, "viewBox", "0 0 %g %g", width, height);
	mq_markup_attribute(markup, "role", "img");
	mq_markup_attribute(markup, "aria-label", title);
}

static void
add_label(MqMarkup *markup, double x, double y, const char *anchor, const char *text)
{
	mq_markup_open(markup, "text", NULL);
	mq_markup_attributef(markup, "x", "%.1f", x);
	mq_markup_attributef(markup, "y", "%.1f", y);
	mq_markup_attribute(markup, "text-anchor", anchor);
	mq_markup_text(markup, text);
	mq_markup_close(markup);
}

static void
add_line(MqMarkup *markup, const char *css_class, double x1, double x2, double y)
{
	mq_markup_open(markup, "line", css_class);
	mq_markup_attributef(markup, "x1", "%.1f", x1);
	mq_markup_attributef(markup, "x2", "%.1f", x2);
	mq_markup_attributef(markup, "y1", "%.1f", y);
	mq_markup_attributef(markup, "y2", "%.1f", y);
	mq_markup_close(markup);
}

static void
add_rect(MqMarkup *markup, const char *css_class, double x, double y, double width, double height)
{
	mq_markup_open(markup, "rect", css_class);
	mq_markup_attributef(markup, "x", "%.2f", x);
	mq_markup_attributef(markup, "y", "%.2f", y);
	mq_markup_attributef(markup, "width", "%.2f", width);
	mq_markup_attributef(markup, "height", "%.2f", height);
	mq_markup_close(markup);
}

/* The first and the last day, under the chart's ends. */
static void
add_dates(MqMarkup *markup, const json_t *points)
{
	size_t n = json_array_size(points);
	g_autofree char *first = mq_cell_text(MQ_CELL_DAY, json_object_get(json_array_get(points, 0), "since"));
	g_autofree char *last = mq_cell_text(MQ_CELL_DAY, json_object_get(json_array_get(points, n - 1), "since"));

	add_label(markup, LEFT, HEIGHT - 6, "start", first);
	add_label(markup, WIDTH, HEIGHT - 6, "end", last);
}

/* What a pointer that rests on it is told: a line of numbers. */
static void
add_point_title(MqMarkup *markup, const json_t *point)
{
	g_autofree char *day = mq_cell_text(MQ_CELL_DAY, json_object_get(point, "since"));
	g_autofree char *messages = mq_cell_text(MQ_CELL_COUNT, json_object_get(point, "messages"));
	g_autofree char *share = mq_cell_text(MQ_CELL_SHARE, json_object_get(point, "dmarc_pass_share"));
	g_autofree char *title = g_strdup_printf("%s: %s messages, %s pass", day, messages, share);

	mq_markup_element(markup, "title", NULL, title);
}

static void
add_stack(MqMarkup *markup, const json_t *point, json_int_t scale, double x, double width)
{
	json_int_t parts[MQ_FATE_N];
	double y = BASE;

	mq_chart_fates(point, parts);
	mq_markup_open(markup, "g", NULL);
	add_point_title(markup, point);
	for (int part = 0; part < MQ_FATE_N; part++) {
		double height = (BASE - TOP) * (double)parts[part] / (double)scale;

		if (parts[part] == 0)
			continue;
		height = MAX(height, 0.75); /* one message of a million is seen */
		y -= height;
		add_rect(markup, mq_fate_classes[part], x, y, width, height);
	}
	mq_markup_close(markup);
}

static void
draw_volume(MqMarkup *markup, const json_t *points)
{
	json_int_t scale = mq_chart_scale(MAX(mq_chart_largest(points), 1));
	double step = (WIDTH - LEFT) / (double)MAX(json_array_size(points), 1);
	g_autofree char *title = mq_chart_volume_text(points);
	g_autofree char *top = mq_count_to_text(scale);
	const json_t *point;
	size_t i;

	open_svg(markup, "chart", WIDTH, HEIGHT, title);
	add_line(markup, "grid", LEFT, WIDTH, TOP);
	add_label(markup, LEFT, TOP - 4, "start", top);
	json_array_foreach(points, i, point)
		add_stack(markup, point, scale, LEFT + (double)i * step + step * 0.1, step * 0.8);
	add_line(markup, "axis", LEFT, WIDTH, BASE);
	add_dates(markup, points);
	mq_markup_close(markup);
}

/* ---------------------------------------------------------------- shares as a line */

typedef struct {
	double left, right, top, base;
} Frame;

static double
share_of(const json_t *point)
{
	return CLAMP(json_real_value(json_object_get(point, "dmarc_pass_share")), 0, 1);
}

static gboolean
has_mail(const json_t *point)
{
	return mq_document_has_share(point);
}

static double
x_of(const Frame *frame, size_t i, size_t n)
{
	return n > 1 ? frame->left + (frame->right - frame->left) * (double)i / (double)(n - 1) : frame->right;
}

static double
y_of(const Frame *frame, const json_t *point)
{
	return frame->base - (frame->base - frame->top) * share_of(point);
}

/* A week without mail has no share: the line stops there and goes on after it. */
static void
add_path(MqMarkup *markup, const json_t *points, const Frame *frame)
{
	g_autoptr(GString) d = g_string_new(NULL);
	gboolean drawing = FALSE;
	const json_t *point;
	size_t i;

	json_array_foreach(points, i, point) {
		if (has_mail(point))
			g_string_append_printf(d, "%s%.1f %.1f", drawing ? "L" : "M", x_of(frame, i, json_array_size(points)),
			                       y_of(frame, point));
		drawing = has_mail(point);
	}
	if (d->len == 0)
		return;
	mq_markup_open(markup, "path", "line");
	mq_markup_attribute(markup, "d", d->str);
	mq_markup_close(markup);
}

static void
add_dot(MqMarkup *markup, const json_t *point, double x, double y, double radius)
{
	mq_markup_open(markup, "circle", "dot");
	mq_markup_attributef(markup, "cx", "%.1f", x);
	mq_markup_attributef(markup, "cy", "%.1f", y);
	mq_markup_attributef(markup, "r", "%g", radius);
	add_point_title(markup, point);
	mq_markup_close(markup);
}

static void
draw_pass(MqMarkup *markup, const json_t *points)
{
	static const Frame frame = { 8, 322, TOP, BASE };
	g_autofree char *title = mq_chart_pass_text(points);
	size_t n = json_array_size(points);
	const json_t *last = json_array_get(points, n - 1);
	const json_t *point;
	size_t i;

	open_svg(markup, "chart", WIDTH, HEIGHT, title);
	add_line(markup, "grid", LEFT, WIDTH, frame.top);
	add_label(markup, LEFT, frame.top - 4, "start", "100 %");
	add_line(markup, "grid", LEFT, WIDTH, (frame.top + frame.base) / 2);
	add_line(markup, "axis", LEFT, WIDTH, frame.base);
	add_path(markup, points, &frame);
	json_array_foreach(points, i, point)
		if (has_mail(point))
			add_dot(markup, point, x_of(&frame, i, n), y_of(&frame, point), i + 1 == n ? 3.5 : 2);
	if (last != NULL && has_mail(last)) {
		g_autofree char *share = mq_share_to_text(share_of(last));

		add_label(markup, frame.right + 8, CLAMP(y_of(&frame, last) + 4, TOP + 12, BASE - 4), "start", share);
	}
	add_dates(markup, points);
	mq_markup_close(markup);
}

static void
draw_trend(MqMarkup *markup, const json_t *points)
{
	static const Frame frame = { 2, 78, 3, 17 };
	g_autofree char *title = mq_chart_pass_text(points);
	size_t n = json_array_size(points);
	const json_t *last = json_array_get(points, n - 1);

	open_svg(markup, "trend", 82, 20, title);
	add_line(markup, "grid", 2, 80, frame.base);
	add_path(markup, points, &frame);
	if (last != NULL && has_mail(last))
		add_dot(markup, last, frame.right, y_of(&frame, last), 2.5);
	mq_markup_close(markup);
}

static void
draw_bar(MqMarkup *markup, const json_t *row, json_int_t largest)
{
	json_int_t parts[MQ_FATE_N];
	g_autoptr(GString) title = g_string_new(NULL);
	double x = 0;

	mq_chart_fates(row, parts);
	for (int part = 0; part < MQ_FATE_N; part++) {
		g_autofree char *n = mq_count_to_text(parts[part]);

		if (parts[part] > 0)
			g_string_append_printf(title, "%s%s %s", title->len > 0 ? ", " : "", n, mq_fate_labels[part]);
	}
	open_svg(markup, "bar", 160, 12, title->str);
	mq_markup_attribute(markup, "preserveAspectRatio", "none");
	for (int part = 0; part < MQ_FATE_N && largest > 0; part++) {
		double width = 160.0 * (double)parts[part] / (double)largest;

		if (parts[part] > 0)
			add_rect(markup, mq_fate_classes[part], x, 1, MAX(width, 0.5), 10);
		x += width;
	}
	mq_markup_close(markup);
}

static void
draw_legend(MqMarkup *markup)
{
	mq_markup_open(markup, "p", "legend");
	for (int part = 0; part < MQ_FATE_N; part++) {
		mq_markup_open(markup, "span", "key");
		mq_markup_open(markup, "svg", "swatch");
			mq_markup_attribute(markup, "viewBox", "0 0 10 10");
		mq_markup_attribute(markup, "aria-hidden", "true");
		add_rect(markup, mq_fate_classes[part], 0, 0, 10, 10);
		mq_markup_close(markup);
		mq_markup_text(markup, mq_fate_labels[part]);
		mq_markup_close(markup);
		mq_markup_text(markup, " ");
	}
	mq_markup_close(markup);
}

const MqCharts mq_charts_svg = {
	.volume = draw_volume, .pass = draw_pass, .bar = draw_bar, .trend = draw_trend, .legend = draw_legend,
};
