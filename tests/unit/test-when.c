#include "ingest/when.h"

#include <gmime/gmime-utils.h>

#include "ingest/error.h"

#define NOW G_GINT64_CONSTANT(1795478400) /* 2026-11-24T00:00:00Z */

typedef struct {
	const char *rule, *text, *want; /* want NULL: a usage error */
} Case;

static const Case cases[] = {
	{ "date", "2026-01-31", "2026-01-31T00:00:00Z" },
	{ "days", "7d", "2026-11-17T00:00:00Z" },
	{ "weeks", "2w", "2026-11-10T00:00:00Z" },
	{ "months by the calendar", "6m", "2026-05-24T00:00:00Z" },
	{ "years by the calendar", "1y", "2025-11-24T00:00:00Z" },
	{ "no unit", "7", NULL },
	{ "unknown unit", "7x", NULL },
	{ "negative", "-7d", NULL },
	{ "no such day", "2026-02-30", NULL },
	{ "something after", "2026-01-31x", NULL },
	{ "absurd", "99999999999999999999d", NULL },
	{ "empty", "", NULL },
};

static void
test_parse(gconstpointer data)
{
	const Case *want = data;
	g_autoptr(GError) error = NULL;
	gint64 time_s = 0;

	if (!mq_when_parse(want->text, NOW, &time_s, &error)) {
		g_assert_null(want->want);
		g_assert_error(error, MQ_ERROR, MQ_ERROR_USAGE);
		return;
	}
	g_autofree char *got = mq_when_to_text(time_s);

	g_assert_cmpstr(got, ==, want->want);
}

static void
test_formats(void)
{
	gint64 time_s;

	g_assert_true(mq_when_parse_rfc3339("2026-11-24T01:00:00+01:00", &time_s));
	g_assert_cmpint(time_s, ==, NOW);
	g_assert_true(mq_when_parse_rfc3339("2026-11-24T00:00:00", &time_s));
	g_assert_cmpint(time_s, ==, NOW);
	g_assert_false(mq_when_parse_rfc3339("yesterday", &time_s));
	g_assert_true(mq_when_parse_rfc5322("Tue, 24 Nov 2026 01:00:00 +0100", &time_s));
	g_assert_cmpint(time_s, ==, NOW);
	g_assert_false(mq_when_parse_rfc5322("", &time_s));
	g_assert_false(mq_when_parse_rfc5322("Tue, 24 Nov 5706 01:00:00 +0100", &time_s));
	g_assert_false(mq_when_parse_rfc5322("Tue, 24 Nov 1926 01:00:00 +0100", &time_s));
}

/* What we read ourselves reads as the library reads it; so does what looks like it. */
static void
test_usual_dates(void)
{
	static const char *const shapes[] = {
		"%a, %d %b %Y %H:%M:%S +0000", "%a, %e %b %Y %H:%M:%S -0730", "%d %b %Y %H:%M:%S +1345 (NZDT)",
		"%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M +0100", "%a, %d %b %y %H:%M:%S +0100",
		"%a, %d %b %Y %H:%M:60 +0100", "%a, 31 %b %Y %H:%M:%S +0100", "Wed,%d %b %Y %H:%M:%S +0100",
	};

	for (gint64 at = 631152000; at < G_GINT64_CONSTANT(4102444800); at += 1234567) {
		g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(at);

		for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
			g_autofree char *text = g_date_time_format(when, shapes[i]);
			g_autoptr(GDateTime) want = g_mime_utils_header_decode_date(text);
			gint64 time_s;

			if (want != NULL && mq_when_parse_rfc5322(text, &time_s))
				g_assert_cmpint(time_s, ==, g_date_time_to_unix(want));
			else
				g_assert_false(mq_when_parse_rfc5322(text, &time_s));
		}
	}
}

/* What stands in a report's date_range. */
static const Case strangers[] = {
	{ "seconds", "1700000000", "2023-11-14T22:13:20Z" },
	{ "seconds with a sign", "+1700000000", "2023-11-14T22:13:20Z" },
	{ "seconds with a fraction", "1700000000.75", "2023-11-14T22:13:20Z" },
	{ "milliseconds", "1700000000000", "2023-11-14T22:13:20Z" },
	{ "microseconds", "1700000000000000", "2023-11-14T22:13:20Z" },
	{ "nanoseconds", "1700000000000000000", "2023-11-14T22:13:20Z" },
	{ "more digits than a time has", "17000000000000000000", NULL },
	{ "negative", "-1700000000", NULL },
	{ "an exponent", "1.7e9", NULL },
	{ "two fractions", "1.2.3", NULL },
	{ "RFC 3339", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z" },
	{ "RFC 3339 with a zone", "2023-11-15T00:13:20+02:00", "2023-11-14T22:13:20Z" },
	{ "RFC 3339 with a space", "2023-11-14 22:13:20", "2023-11-14T22:13:20Z" },
	{ "date alone", "2023-11-14", "2023-11-14T00:00:00Z" },
	{ "no such date", "2023-11-31", NULL },
	{ "RFC 5322", "Wed, 15 Nov 2023 00:13:20 +0200", "2023-11-14T22:13:20Z" },
	{ "RFC 5322 in Greenwich", "Tue, 14 Nov 2023 22:13:20 GMT", "2023-11-14T22:13:20Z" },
	{ "RFC 5322 without the day's name", "4 Nov 2023 22:13:20 -0000", "2023-11-04T22:13:20Z" },
	{ "a zone that may be anywhere", "Tue, 14 Nov 2023 22:13:20 CST", NULL },
	{ "no zone", "Tue, 14 Nov 2023 22:13:20", NULL },
	{ "no time of day", "14 Nov 2023", NULL },
	{ "no such hour", "Tue, 14 Nov 2023 25:13:20 GMT", NULL },
	{ "day or month first", "11/12/2023", NULL },
	{ "twelve hours", "Nov 14, 2023 10:13:20 PM", NULL },
	{ "words", "yesterday", NULL },
	{ "nothing", "", NULL },
};

static void
test_stranger(gconstpointer data)
{
	const Case *want = data;
	gint64 time_s = MQ_TIME_ABSENT;
	gboolean is_time = mq_when_parse_stranger(want->text, &time_s);
	g_autofree char *got = is_time ? mq_when_to_text(time_s) : NULL;

	g_assert_cmpstr(got, ==, want->want);
}

static void
test_beyond_the_calendar(void)
{
	g_assert_null(mq_when_to_text(MQ_TIME_ABSENT));
	g_assert_null(mq_when_to_text(G_MAXINT64));
	g_assert_null(mq_when_to_date(-G_GINT64_CONSTANT(99999999999999)));
}

static void
test_day(void)
{
	g_assert_cmpint(mq_when_day(NOW + 86399), ==, NOW);
	g_assert_cmpint(mq_when_day(NOW), ==, NOW);
	g_assert_cmpint(mq_when_day(-1), ==, -MQ_DAY_S);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/when/parse/", cases[i].rule, NULL);

		g_test_add_data_func(path, &cases[i], test_parse);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(strangers); i++) {
		g_autofree char *path = g_strconcat("/when/stranger/", strangers[i].rule, NULL);

		g_test_add_data_func(path, &strangers[i], test_stranger);
	}
	g_test_add_func("/when/formats", test_formats);
	g_test_add_func("/when/usual dates are as the library reads them", test_usual_dates);
	g_test_add_func("/when/beyond the calendar", test_beyond_the_calendar);
	g_test_add_func("/when/day", test_day);
	return g_test_run();
}
