#include "analyze/trend.h"
#include "tests/support/reports.h"

static char *
to_text(const GArray *points)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < points->len; i++) {
		const MqTrendPoint *point = &g_array_index(points, MqTrendPoint, i);

		g_string_append_printf(text, "%" G_GINT64_FORMAT "=%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT " ",
		                       (point->since_s - DAY) / MQ_DAY_S, point->dmarc_pass, point->messages);
	}
	return g_string_free(text, FALSE);
}

static void
put_day(StoreFixture *f, const char *id, int day, gint64 passed, gint64 failed)
{
	MqReport *report = made_report("R.example", id, "example.com", DAY + day * MQ_DAY_S);

	made_record(report, "192.0.2.1", passed, MQ_RESULT_PASS, MQ_RESULT_FAIL, "example.com");
	made_record(report, "192.0.2.2", failed, MQ_RESULT_FAIL, MQ_RESULT_FAIL, "example.com");
	made_put(f, made_message(id, report));
}

static void
test_days(StoreFixture *f, gconstpointer data)
{
	MqFilter filter = MQ_FILTER_ALL;
	g_autoptr(GArray) days = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	(void)data;
	put_day(f, "before", -1, 100, 1);
	put_day(f, "first", 0, 10, 5);
	put_day(f, "third", 2, 3, 4);
	put_day(f, "after", 4, 100, 1);
	filter.domain = "example.com";
	filter.since_s = DAY;
	filter.until_s = DAY + 4 * MQ_DAY_S;
	days = mq_trend_read(f->store, &filter, &error);
	g_assert_no_error(error);
	text = to_text(days);
	g_assert_cmpstr(text, ==, "0=10/15 1=0/0 2=3/7 3=0/0 ");
}

static void
test_widen(void)
{
	g_autoptr(GArray) days = g_array_new(FALSE, TRUE, sizeof(MqTrendPoint));
	g_autoptr(GArray) wide = NULL;
	g_autofree char *text = NULL;

	for (int i = 0; i < 8; i++)
		g_array_append_vals(days, &(MqTrendPoint){ DAY + i * MQ_DAY_S, 10, i, 0, 0 }, 1);
	wide = mq_trend_widen(days, 3);
	text = to_text(wide);
	g_assert_cmpstr(text, ==, "2=9/30 5=18/30 ");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/trend/each day of the window has its place", StoreFixture, NULL, store_set_up, test_days, store_tear_down);
	g_test_add_func("/trend/weeks end where the days end", test_widen);
	return g_test_run();
}
