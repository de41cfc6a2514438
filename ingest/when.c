#include "ingest/when.h"

#include <stdio.h>
#include <string.h>

#include <gmime/gmime-utils.h>

#include "ingest/error.h"
#include "ingest/limits.h"

/* GDateTime knows the years 1 to 9999 */
static char *
format_time(gint64 time_s, const char *format)
{
	g_autoptr(GDateTime) when = time_s != MQ_TIME_ABSENT ? g_date_time_new_from_unix_utc(time_s) : NULL;

	return when != NULL ? g_date_time_format(when, format) : NULL;
}

char *
mq_when_to_text(gint64 time_s)
{
	return format_time(time_s, "%Y-%m-%dT%H:%M:%SZ");
}

char *
mq_when_to_date(gint64 time_s)
{
	return format_time(time_s, "%Y-%m-%d");
}

gboolean
mq_when_parse_rfc3339(const char *text, gint64 *time_s)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, utc);

	if (when == NULL)
		return FALSE;
	*time_s = g_date_time_to_unix(when);
	return TRUE;
}

/* Two digits; -1 for anything else. */
static int
two_digits(const char *text)
{
	return g_ascii_isdigit(text[0]) && g_ascii_isdigit(text[1]) ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

/* Days since 1970 of a day in the Gregorian calendar, which begins its years in March here. */
static gint64
days_of(int year, int month, int day)
{
	gint64 years = year - (month <= 2 ? 1 : 0);

	return years * 365 + years / 4 - years / 100 + years / 400 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 719469;
}

/* "+0000", or "+0000 (UTC)". */
static gboolean
parse_zone(const char *text, gint64 *offset_s)
{
	int hours = *text == '+' || *text == '-' ? two_digits(text + 1) : -1;
	int minutes = hours >= 0 ? two_digits(text + 3) : -1;

	if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || (text[5] != '\0' && (text[5] != ' ' || text[6] != '(')))
		return FALSE;
	*offset_s = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
	return TRUE;
}

/* "22:13:20 +0000" */
static gboolean
parse_clock(const char *text, gint64 *time_s)
{
	int hour = two_digits(text);
	int minute = hour >= 0 && text[2] == ':' ? two_digits(text + 3) : -1;
	int second = minute >= 0 && text[5] == ':' ? two_digits(text + 6) : -1;
	gint64 offset_s;

	if (hour > 23 || minute > 59 || second < 0 || second > 59 || text[8] != ' ' || !parse_zone(text + 9, &offset_s))
		return FALSE;
	*time_s = (hour * 60 + minute) * 60 + second - offset_s;
	return TRUE;
}

/* "Tue, 14 Nov 2023 22:13:20 +0000", as nearly all mails write it: the library asks the system for its time
 * zone with each, which costs more than all else about a header. FALSE: the library is to be asked. */
static gboolean
parse_usual(const char *text, gint64 *time_s)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const char *const days[] = { "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, " };
	int day, century, years;
	gint64 clock_s;

	for (gsize i = 0; i < G_N_ELEMENTS(days); i++) {
		if (!g_str_has_prefix(text, days[i]))
			continue;
		text += strlen(days[i]);
		break;
	}
	day = g_ascii_isdigit(text[0]) && text[1] == ' ' ? text[0] - '0' : two_digits(text);
	text += day >= 0 && text[1] == ' ' ? 1 : 2;
	if (day < 1 || text[0] != ' ')
		return FALSE;
	for (int month = 1; month <= (int)G_N_ELEMENTS(months); month++) {
		if (strncmp(text + 1, months[month - 1], 3) != 0)
			continue;
		century = text[4] == ' ' ? two_digits(text + 5) : -1;
		years = century > 0 ? two_digits(text + 7) : -1;
		if (years < 0 || text[9] != ' ' || !parse_clock(text + 10, &clock_s)
		    || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)(century * 100 + years)))
			return FALSE;
		*time_s = days_of(century * 100 + years, month, day) * MQ_DAY_S + clock_s;
		return TRUE;
	}
	return FALSE;
}

static gint64
parse_by_library(const char *text)
{
	g_autoptr(GDateTime) when = g_mime_utils_header_decode_date(text);

	return when != NULL ? g_date_time_to_unix(when) : MQ_TIME_ABSENT;
}

gboolean
mq_when_parse_rfc5322(const char *text, gint64 *time_s)
{
	gint64 said_s;

	if (!parse_usual(text, &said_s))
		said_s = parse_by_library(text);
	if (said_s < MQ_LIMIT_TIME_FIRST || said_s >= MQ_LIMIT_TIME_LAST)
		return FALSE;
	*time_s = said_s;
	return TRUE;
}

/* "14 Nov 2023 22:13:20 +0000"; what the library makes of less is a guess. */
static gboolean
is_rfc5322(const char *text)
{
	static const char *const utc[] = { "GMT", "UTC", "UT", "Z", NULL };
	const char *comma = strchr(text, ',');
	int day, year, hour, minute, second, used = 0;
	char month[4], sign;

	if (comma != NULL)
		text = comma + 1;
	if (sscanf(text, " %2d %3[A-Za-z] %4d %2d:%2d:%2d %n", &day, month, &year, &hour, &minute, &second, &used) != 6
	    || used == 0)
		return FALSE;
	if (g_strv_contains(utc, text + used))
		return TRUE;
	sign = text[used];
	return (sign == '+' || sign == '-') && strspn(text + used + 1, "0123456789") == 4 && text[used + 5] == '\0';
}

static gboolean
parse_date(const char *text, gint64 *time_s)
{
	int year;
	int month;
	int day;
	char after;
	g_autoptr(GDateTime) when = NULL;

	if (sscanf(text, "%4d-%2d-%2d%c", &year, &month, &day, &after) != 3)
		return FALSE;
	when = g_date_time_new_utc(year, month, day, 0, 0, 0);
	if (when == NULL)
		return FALSE;
	*time_s = g_date_time_to_unix(when);
	return TRUE;
}

/* Digits, and a fraction perhaps; as seconds, what is in milliseconds would be the year 5138. */
static gboolean
parse_number(const char *text, gint64 *time_s)
{
	const gint64 beyond = G_GINT64_CONSTANT(100000000000);
	const char *digits = *text == '+' ? text + 1 : text;
	gsize n = strspn(digits, "0123456789");

	if (n == 0 || n > 19)
		return FALSE;
	if (digits[n] == '.' ? digits[n + 1 + strspn(digits + n + 1, "0123456789")] != '\0' : digits[n] != '\0')
		return FALSE;
	*time_s = g_ascii_strtoll(digits, NULL, 10);
	for (guint i = 0; i < 3 && *time_s >= beyond; i++)
		*time_s /= 1000;
	return TRUE;
}

gboolean
mq_when_parse_stranger(const char *text, gint64 *time_s)
{
	if (parse_number(text, time_s) || mq_when_parse_rfc3339(text, time_s))
		return TRUE;
	if (g_ascii_isdigit(*text) && parse_date(text, time_s))
		return TRUE;
	return is_rfc5322(text) && mq_when_parse_rfc5322(text, time_s);
}

gboolean
mq_when_parse_date(const char *text, gint64 *time_s, GError **error)
{
	if (parse_date(text, time_s))
		return TRUE;
	g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' is no date, want one as 2026-11-24", text);
	return FALSE;
}

/* 7d, 4w, 6m, 1y before @now; NULL when @text is none of these */
static GDateTime *
subtract_age(GDateTime *now, const char *text)
{
	gint64 n;
	char *unit;

	if (!g_ascii_isdigit(*text))
		return NULL;
	n = g_ascii_strtoll(text, &unit, 10);
	if (n > 1000 * 366 || unit[0] == '\0' || unit[1] != '\0')
		return NULL;
	switch (*unit) {
	case 'd':
		return g_date_time_add_days(now, -(gint)n);
	case 'w':
		return g_date_time_add_weeks(now, -(gint)n);
	case 'm':
		return g_date_time_add_months(now, -(gint)n);
	case 'y':
		return g_date_time_add_years(now, -(gint)n);
	default:
		return NULL;
	}
}

gboolean
mq_when_parse(const char *text, gint64 now_s, gint64 *time_s, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(now_s);
	g_autoptr(GDateTime) when = NULL;

	if (parse_date(text, time_s))
		return TRUE;
	when = now != NULL ? subtract_age(now, text) : NULL;
	if (when == NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE,
		            "'%s' is no time, want a date as 2026-11-24 or an age as 7d, 4w, 6m, 1y", text);
		return FALSE;
	}
	*time_s = g_date_time_to_unix(when);
	return TRUE;
}

gint64
mq_when_day(gint64 time_s)
{
	gint64 rest = time_s % MQ_DAY_S;

	return time_s - (rest < 0 ? rest + MQ_DAY_S : rest);
}
