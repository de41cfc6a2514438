/* marque advise [DOMAIN…]: may the domain go to the next policy, what would it lose, what first. */
#include <string.h>

#include "cli/advice_document.h"
#include "cli/advice_text.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/outputs.h"
#include "ingest/domain.h"

typedef struct {
	char *goal_word, *what_if;
	GStrv require;
	MqPolicy goal;
	MqRequirements need;
	gboolean offline;
	MqGeo *geo; /* (nullable) */
} Options;

/* --- the document --- */

static json_t *
published_json(const MqAdvice *advice)
{
	const MqDmarcRecord *record = advice->discovery.record;
	g_autofree char *location =
		record != NULL ? g_strconcat("_dmarc.", advice->discovery.policy_domain, NULL) : NULL;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "record", mq_json_text(record != NULL ? record->text : NULL),
	                 "location", mq_json_text(location), "p", mq_json_word(&mq_words_policy, record != NULL ? record->p : 0), "sp",
	                 mq_json_word(&mq_words_policy, record != NULL ? record->sp : 0), "np",
	                 mq_json_word(&mq_words_policy, record != NULL ? record->np : 0), "testing",
	                 record != NULL && record->t == MQ_YES_YES, "pct", mq_json_count(record != NULL ? record->pct : -1), "problem",
	                 mq_json_text(advice->problem));
}

static json_t *
keys_json(const MqSource *source)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_t *keys = json_array();

	for (guint i = 0; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		for (guint k = 0; k < stream->n_keys; k++) {
			const MqStreamKey *key = &stream->keys[k];
			g_autofree char *name = g_strconcat(key->selector != NULL ? key->selector : "", " ", key->domain, NULL);

			if (key->asked && g_hash_table_add(seen, g_steal_pointer(&name)))
				json_array_append_new(keys, json_pack("{s:o, s:o, s:s}", "domain", mq_json_text(key->domain), "selector",
				                                      mq_json_text(key->selector), "state", mq_dkim_state_word(key->now)));
		}
	}
	return keys;
}

/* SPF of the stream that has most of the source's mail. */
static const MqStream *
main_stream(const MqSource *source)
{
	const MqStream *best = g_ptr_array_index(source->streams, 0);

	for (guint i = 1; i < source->streams->len; i++) {
		const MqStream *stream = g_ptr_array_index(source->streams, i);

		if (stream->messages > best->messages)
			best = stream;
	}
	return best;
}

static json_t *
source_json(const MqSource *source)
{
	const MqStream *stream = main_stream(source);

	return json_pack(
		"{s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "ip",
		mq_json_text(source->text), "ptr", mq_json_text(source->ptr), "verdict",
		mq_verdict_word(source->verdict), "cause", mq_json_text(mq_cause_word(source->cause)),
		"messages", (json_int_t)source->messages, "dmarc_pass", (json_int_t)source->dmarc_pass,
		"failing", (json_int_t)source->failing, "dmarc_unknown", (json_int_t)source->unknown,
		"spf_then", mq_json_word(&mq_words_result, stream->spf_result), "spf_now",
		mq_json_word(&mq_words_result, stream->spf_now), "spf_now_aligned",
		stream->spf_aligned && stream->spf_now == MQ_RESULT_PASS, "dkim_now", keys_json(source),
		"asn", source->place.asn != 0 ? json_integer(source->place.asn) : json_null(), "as_name",
		mq_json_text(source->place.organization), "country", mq_json_text(source->place.country));
}

/* Why its mail fails, and when: a row a cause. */
static json_t *
causes_json(const MqSources *all, const MqSenderGroup *group)
{
	gint64 messages[MQ_CAUSE_N] = { 0 };
	json_t *causes = json_array();

	for (guint i = 0; i < group->sources->len; i++) {
		const MqSource *source = g_ptr_array_index(group->sources, i);

		for (guint j = 0; j < source->streams->len; j++) {
			const MqStream *stream = g_ptr_array_index(source->streams, j);

			messages[stream->cause] += stream->messages;
		}
	}
	for (guint cause = MQ_CAUSE_NONE + 1; cause < MQ_CAUSE_N; cause++) {
		MqEpisode episode;
		json_t *row;

		if (messages[cause] == 0)
			continue;
		episode = mq_episode_of_cause(all, group, (MqCause)cause);
		row = json_pack("{s:s, s:I}", "cause", mq_cause_word((MqCause)cause), "messages", (json_int_t)messages[cause]);
		mq_advice_add_episode(row, &episode);
		json_array_append_new(causes, row);
	}
	return causes;
}

static json_t *
disputes_json(const MqSenderGroup *group)
{
	g_autoptr(GArray) disputes = mq_sender_disputes(group);
	json_t *rows = json_array();

	for (guint i = 0; i < disputes->len; i++) {
		const MqDispute *d = &g_array_index(disputes, MqDispute, i);

		json_array_append_new(rows, json_pack("{s:o, s:o, s:s, s:b, s:b, s:I, s:I}", "from", mq_json_text(d->header_from),
		                                      "identifier", mq_json_text(d->identifier), "by", d->by, "tree_walk", d->by_treewalk,
		                                      "public_suffix_list", !d->by_treewalk, "messages", (json_int_t)d->messages,
		                                      "decided", (json_int_t)d->decided));
	}
	return rows;
}

static json_t *
sender_json(const MqSources *all, const MqSenderGroup *group)
{
	MqEpisode episode = mq_episode_of_sender(all, group);
	g_autofree char *when = mq_episode_text(&episode, group->verdict == MQ_VERDICT_FIXED);
	json_t *sources = json_array();
	json_t *out;

	for (guint i = 0; i < group->sources->len; i++)
		json_array_append_new(sources, source_json(g_ptr_array_index(group->sources, i)));
	out = json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "sender", mq_json_text(group->name), "verdict",
	                mq_verdict_word(group->verdict), "cause", mq_json_text(mq_cause_word(group->cause)), "when",
	                mq_json_text(when), "messages", (json_int_t)group->messages, "dmarc_pass",
	                (json_int_t)group->dmarc_pass, "failing", (json_int_t)group->failing, "dmarc_unknown",
	                (json_int_t)group->unknown, "causes", causes_json(all, group), "evidence",
	                mq_json_texts(group->evidence), "sources", sources);
	mq_advice_add_episode(out, &episode);
	json_object_set_new(out, "disputed_alignment", disputes_json(group));
	return out;
}

static json_t *
window_json(const MqAdvice *advice)
{
	return json_pack("{s:o, s:o, s:I, s:I}", "since", mq_json_time(advice->since_s), "until", mq_json_time(advice->until_s), "days",
	                 (json_int_t)((advice->until_s - advice->since_s + MQ_DAY_S - 1) / MQ_DAY_S), "days_covered",
	                 (json_int_t)g_hash_table_size(advice->sources->covered));
}

static json_t *
volume_json(const MqAdvice *advice)
{
	const MqSources *s = advice->sources;

	return json_pack("{s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I}", "messages", (json_int_t)s->messages,
	                 "dmarc_pass", (json_int_t)s->dmarc_pass, "dmarc_unknown", (json_int_t)s->unknown,
	                 "dmarc_pass_share", mq_json_pass_share(s->dmarc_pass, s->messages, s->unknown),
	                 "spf_aligned", (json_int_t)s->spf_aligned, "dkim_aligned",
	                 (json_int_t)s->dkim_aligned, "reports", (json_int_t)advice->reports, "reporters",
	                 (json_int_t)g_hash_table_size(s->reporters), "suspicious_reports_left_out",
	                 (json_int_t)advice->suspicious_reports);
}

static int
compare_texts(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Subdomains with a record of their own: what this one says is not for them. */
static json_t *
own_records_json(const MqAdvice *advice)
{
	guint n;
	g_autofree gpointer *names = g_hash_table_get_keys_as_array(advice->elsewhere, &n);
	json_t *rows = json_array();

	qsort(names, n, sizeof(*names), compare_texts);
	for (guint i = 0; i < n; i++) {
		const gint64 *messages = g_hash_table_lookup(advice->sources->names, names[i]);

		json_array_append_new(rows, json_pack("{s:o, s:I}", "domain", mq_json_text(names[i]), "messages",
		                                      (json_int_t)(messages != NULL ? *messages : 0)));
	}
	return rows;
}

static json_t *
advice_json(MqAdvice *advice, const char *what_if)
{
	json_t *senders = json_array();
	json_t *out;

	for (guint i = 0; i < advice->sources->senders->len; i++)
		json_array_append_new(senders, sender_json(advice->sources, g_ptr_array_index(advice->sources->senders, i)));
	out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o}", "domain",
	                mq_json_text(advice->domain), "window", window_json(advice), "volume", volume_json(advice), "published",
	                published_json(advice), "move", mq_advice_move_document(advice), "impact", "quarantine",
	                mq_advice_replay_document(advice, advice->candidate_quarantine), "reject",
	                mq_advice_replay_document(advice, advice->candidate_reject), "gates", mq_advice_gates_document(advice), "actions",
	                mq_advice_actions_document(advice, NULL), "senders", senders);
	json_object_set_new(out, "own_records", own_records_json(advice));
	if (what_if != NULL) {
		g_autoptr(MqDmarcRecord) record = mq_dmarc_record_parse(what_if);

		json_object_set_new(out, "what_if", mq_advice_replay_document(advice, record));
	}
	return out;
}

/* --- for people --- */

static void
print_advice(const MqApp *app, const json_t *document)
{
	const json_t *domains = json_object_get(document, "domains");
	const json_t *domain;
	size_t i;

	if (json_array_size(domains) > 1 && !app->globals.verbose) {
		mq_advice_print_ranking(app, domains);
		return;
	}
	json_array_foreach(domains, i, domain) {
		if (i > 0)
			mq_print_line(app, "%s", "");
		mq_advice_print(app, domain);
	}
}

static const MqLayout layout = { .rows = "domains", .print_text = print_advice, .nothing = "no domains in the database" };

/* --- the run --- */

static gboolean
take_domain(gpointer ctx, const char *key, const MqTotals *totals, GError **error)
{
	(void)totals;
	(void)error;
	if (key != NULL && *key != '\0')
		g_ptr_array_add(ctx, g_strdup(key));
	return TRUE;
}

static GPtrArray *
domains_of(MqStore *store, const GStrv args, const MqWindow *window, GError **error)
{
	g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
	MqFilter filter = MQ_FILTER_ALL;

	for (guint i = 1; args[i] != NULL; i++)
		g_ptr_array_add(domains, mq_domain_normalize(args[i], NULL));
	filter.since_s = window->since_s;
	filter.until_s = window->until_s;
	if (domains->len == 0 && !mq_store_policy_domains(store, &filter, take_domain, domains, error))
		return NULL;
	return g_steal_pointer(&domains);
}

/* DNS that cannot be reached at all leaves unknown answers: the advice says so and never advances. */
static MqAdvice *
advise(MqApp *app, MqStore *store, const char *domain, const MqWindow *window, const MqServices *services,
       const Options *options, MqResolver *resolver, gboolean keeps, gboolean *reached, GError **error)
{
	g_autoptr(MqAdvice) advice = mq_advice_new(domain, services, window->since_s, window->until_s, options->goal);
	g_autoptr(MqAnswers) answers = mq_answers_new();
	g_autoptr(GError) why = NULL;

	advice->need = options->need;
	advice->sources->geo = options->geo;
	if (!mq_advice_read(advice, store, NULL, NULL, error))
		return NULL;
	if (!mq_advice_consult(advice, answers, *reached ? resolver : NULL, &why)) {
		if (*reached)
			mq_log_error(app, "%s: %s", domain, why->message);
		*reached = FALSE;
	}
	if (keeps && !mq_dns_stored_keep(store, domain, answers, app->now_s, error))
		return NULL;
	return g_steal_pointer(&advice);
}

static gboolean
check_options(Options *options, GError **error)
{
	g_autoptr(MqDmarcRecord) record = options->what_if != NULL ? mq_dmarc_record_parse(options->what_if) : NULL;

	if (!mq_goal_parse(options->goal_word, &options->goal, error))
		return FALSE;
	mq_requirements_default(&options->need);
	for (guint i = 0; options->require != NULL && options->require[i] != NULL; i++)
		if (!mq_requirements_set(&options->need, options->require[i], error))
			return FALSE;
	if (options->what_if != NULL && record == NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "--what-if is no DMARC record, want one as 'v=DMARC1; p=reject'");
		return FALSE;
	}
	return TRUE;
}

static MqExit
advise_all(MqApp *app, GStrv args, const Options *options, GError **error)
{
	g_autoptr(MqServices) services = mq_services_load(app->globals.services, error);
	gboolean keeps = FALSE;
	g_autoptr(MqStore) store = services != NULL ? mq_app_store_of_answers(app, options->offline, &keeps, error) : NULL;
	g_autoptr(json_t) document = mq_document_new("advise");
	g_autoptr(GPtrArray) domains = NULL;
	g_autoptr(MqResolver) resolver = store == NULL        ? NULL
	                                 : options->offline ? mq_dns_stored_new(store, NULL)
	                                                    : mq_app_resolver(app, error);
	json_t *list = json_array();
	gboolean reached = TRUE;
	MqWindow window;

	json_object_set_new(document, "domains", list);
	if (services == NULL || !mq_app_window(app, &window, error))
		return MQ_EXIT_USAGE;
	domains = resolver != NULL ? domains_of(store, args, &window, error) : NULL;
	if (domains == NULL)
		return MQ_EXIT_FAILED;
	for (guint i = 0; i < domains->len; i++) {
		g_autoptr(MqAdvice) advice =
			advise(app, store, g_ptr_array_index(domains, i), &window, services, options, resolver, keeps, &reached, error);

		if (advice == NULL)
			return MQ_EXIT_FAILED;
		json_array_append_new(list, advice_json(advice, options->what_if));
	}
	if (keeps && !mq_store_commit(store, error))
		return MQ_EXIT_FAILED;
	mq_output_print(app, document, &layout);
	return reached ? MQ_EXIT_OK : MQ_EXIT_FAILED;
}

static void
options_clear(Options *options)
{
	g_free(options->goal_word);
	g_free(options->what_if);
	g_strfreev(options->require);
	mq_geo_free(options->geo);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static MqExit
run_advise(MqApp *app, GStrv *args, GError **error)
{
	g_auto(Options) options = { 0 };
	const GOptionEntry entries[] = {
		{ "goal", 0, 0, G_OPTION_ARG_STRING, &options.goal_word, "the last step: reject (default) or quarantine", "POLICY" },
		{ "what-if", 0, 0, G_OPTION_ARG_STRING, &options.what_if, "replay the window under this DMARC record", "RECORD" },
		{ "require", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.require,
		  "what a gate asks for, as in reject.dkim-share=0.95; repeatable", "NAME=NUMBER" },
		{ "offline", 0, 0, G_OPTION_ARG_NONE, &options.offline, "use the newest DNS answers in the database", NULL },
		G_OPTION_ENTRY_NULL,
	};

	if (!mq_app_parse(app, entries, args, error) || !check_options(&options, error) || !mq_app_geo(app, &options.geo, error))
		return MQ_EXIT_USAGE;
	return advise_all(app, *args, &options, error);
}

const MqCommand mq_command_advise = {
	.name = "advise",
	.arguments = "[DOMAIN…]",
	.summary = "recommend the next safe move toward p=reject, with its evidence",
	.details = "Compares what reports say with what DNS says today. Without a DOMAIN: all of the database.",
	.formats = mq_formats_document,
	.run = run_advise,
};
