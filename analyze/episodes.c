#include "analyze/episodes.h"

#include <string.h>

#define QUIET_S    (4 * MQ_DAY_S) /* what passes so long is no pause */
#define QUIET_DAYS 2              /* with mail */
#define RESIDUE    10             /* a share of failures that is so many times less than the worst is none of them */

static gint64
failures(const MqSourceDay *day)
{
	return day->messages - day->passed - day->unknown;
}

static double
failing_share(const MqSourceDay *day)
{
	gint64 known = day->messages - day->unknown;

	return known > 0 ? (double)failures(day) / (double)known : 0;
}

/* The day as far as it counts: whether mail failed that day as it did on the worst. */
typedef struct {
	gint64 day_s;
	gboolean failed;
} Day;

static GArray *
days_of(const GArray *days)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(Day));
	double worst = 0;

	for (guint i = 0; i < days->len; i++)
		worst = MAX(worst, failing_share(&g_array_index(days, MqSourceDay, i)));
	for (guint i = 0; i < days->len; i++) {
		const MqSourceDay *day = &g_array_index(days, MqSourceDay, i);
		Day one = { day->day_s, failures(day) > 0 && failing_share(day) * RESIDUE > worst };

		if (day->messages > day->unknown)
			g_array_append_val(out, one);
	}
	return out;
}

/* The days between two failures, with mail that passed on enough of them. */
typedef struct {
	gint64 longest_s, second_s; /* of all times between two days that failed */
	gint64 after_s;             /* the day on which the longest ended */
	guint passing_days;         /* within it */
} Gaps;

static Gaps
gaps_of(const GArray *days)
{
	Gaps gaps = { .after_s = MQ_TIME_ABSENT };
	gint64 last_s = MQ_TIME_ABSENT;
	guint passing = 0;

	for (guint i = 0; i < days->len; i++) {
		const Day *day = &g_array_index(days, Day, i);

		if (!day->failed) {
			passing++;
			continue;
		}
		if (last_s != MQ_TIME_ABSENT && day->day_s - last_s >= gaps.longest_s) {
			gaps = (Gaps){ day->day_s - last_s, gaps.longest_s, day->day_s, passing };
		} else if (last_s != MQ_TIME_ABSENT) {
			gaps.second_s = MAX(gaps.second_s, day->day_s - last_s);
		}
		last_s = day->day_s;
		passing = 0;
	}
	return gaps;
}

/* Longer than it ever paused: the newsletter that fails each Tuesday did not begin last Tuesday, nor ends on Wednesday. */
static gboolean
is_end(gint64 quiet_s, guint passing_days, gint64 usual_s)
{
	return quiet_s >= QUIET_S && passing_days >= QUIET_DAYS && 2 * quiet_s >= 3 * usual_s;
}

static MqEpisode
episode_of_days(const GArray *days, gint64 first_day_s)
{
	MqEpisode episode = { .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT, .last_s = MQ_TIME_ABSENT };
	Gaps gaps = gaps_of(days);
	gboolean anew = is_end(gaps.longest_s, gaps.passing_days, gaps.second_s);
	gint64 last_mail_s = 0;
	guint passing = 0;

	for (guint i = 0; i < days->len; i++) {
		const Day *day = &g_array_index(days, Day, i);

		last_mail_s = day->day_s;
		if (!day->failed) {
			passing++;
			continue;
		}
		passing = 0;
		episode.last_s = day->day_s;
		if (episode.since_s == MQ_TIME_ABSENT || (anew && day->day_s == gaps.after_s))
			episode.since_s = day->day_s;
	}
	if (episode.since_s == MQ_TIME_ABSENT)
		return episode;
	if (is_end(last_mail_s - episode.last_s, passing, anew ? gaps.second_s : gaps.longest_s))
		episode.until_s = episode.last_s;
	episode.always = episode.since_s <= first_day_s;
	return episode;
}

MqEpisode
mq_episode_of_sender(const MqSources *sources, const MqSenderGroup *sender)
{
	g_autoptr(GArray) days = days_of(sender->days);

	return episode_of_days(days, sources->first_day_s);
}

MqEpisode
mq_episode_of_cause(const MqSources *sources, const MqSenderGroup *sender, MqCause cause)
{
	MqEpisode whole = mq_episode_of_sender(sources, sender);
	MqEpisode episode = { .since_s = MQ_TIME_ABSENT, .until_s = MQ_TIME_ABSENT, .last_s = MQ_TIME_ABSENT };

	for (guint i = 0; i < sender->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(sender->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			if (stream->cause != cause || mq_sources_dmarc(stream->dkim, stream->spf) != MQ_RESULT_FAIL)
				continue;
			if (episode.since_s == MQ_TIME_ABSENT || stream->first_day_s < episode.since_s)
				episode.since_s = stream->first_day_s;
			if (episode.last_s == MQ_TIME_ABSENT || stream->last_day_s > episode.last_s)
				episode.last_s = stream->last_day_s;
		}
	}
	if (episode.since_s == MQ_TIME_ABSENT)
		return episode;
	if (episode.last_s >= whole.since_s) /* a stream has a first and a last day only: what lies between is the sender's */
		episode.since_s = MAX(episode.since_s, whole.since_s);
	if (whole.until_s != MQ_TIME_ABSENT)
		episode.until_s = episode.last_s;
	episode.always = episode.since_s <= sources->first_day_s;
	return episode;
}

/* --- words --- */

/* "3 November"; no library writes it in English whatever the locale. (transfer full) */
static char *
day_text(gint64 day_s)
{
	static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
		                              "July",    "August",   "September", "October", "November", "December" };
	g_autoptr(GDateTime) day = g_date_time_new_from_unix_utc(day_s);

	if (day == NULL)
		return g_strdup("an unknown day");
	return g_strdup_printf("%d %s", g_date_time_get_day_of_month(day), months[g_date_time_get_month(day) - 1]);
}

/* "3 to 9 November", "28 October to 9 November", "9 November". (transfer full) */
static char *
days_text(gint64 since_s, gint64 until_s)
{
	g_autofree char *from = day_text(since_s);
	g_autofree char *to = day_text(until_s);
	const char *from_month = strchr(from, ' ');
	const char *to_month = strchr(to, ' ');

	if (since_s == until_s)
		return g_steal_pointer(&from);
	if (g_strcmp0(from_month, to_month) == 0)
		return g_strdup_printf("%.*s to %s", (int)(from_month - from), from, to);
	return g_strdup_printf("%s to %s", from, to);
}

char *
mq_episode_text(const MqEpisode *episode, gboolean fixed)
{
	g_autofree char *days = NULL;

	if (episode->since_s == MQ_TIME_ABSENT)
		return NULL;
	if (episode->until_s == MQ_TIME_ABSENT && !fixed) {
		days = day_text(episode->since_s);
		return g_strdup_printf("fails since %s%s", days, episode->always ? " or before" : "");
	}
	days = days_text(episode->since_s, episode->last_s);
	return g_strdup_printf("failed %s, %s", days, episode->until_s != MQ_TIME_ABSENT ? "passes since" : "would pass today");
}
