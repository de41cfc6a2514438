#include "cli/advice_document.h"

/* --- what a candidate record would touch --- */

static json_t *
whose_json(const MqWhose *whose)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "legitimate", (json_int_t)whose->legitimate, "forwarded",
	                 (json_int_t)whose->forwarded, "threat", (json_int_t)whose->threat, "unknown", (json_int_t)whose->unknown);
}

static json_t *
impact_json(const MqImpact *impact)
{
	json_t *out = whose_json(&impact->touched);

	json_object_set_new(out, "legitimate_all", json_integer((json_int_t)impact->legitimate_all));
	json_object_set_new(out, "legitimate_share", json_real(impact->legitimate_share));
	json_object_set_new(out, "legitimate_share_upper95", json_real(impact->legitimate_upper95));
	json_object_set_new(out, "dmarc_unknown", json_integer((json_int_t)impact->unsaid));
	json_object_set_new(out, "quarantined", whose_json(&impact->quarantined));
	json_object_set_new(out, "rejected", whose_json(&impact->rejected));
	return out;
}

/* All mail, and that of subdomains by itself. */
static json_t *
replay_json(MqReplay replay, MqReplayDns dns)
{
	MqImpact impact;
	json_t *out;

	replay.dns = dns;
	impact = mq_replay(&replay);
	out = impact_json(&impact);
	replay.subdomains_only = TRUE;
	impact = mq_replay(&replay);
	json_object_set_new(out, "subdomains", impact_json(&impact));
	return out;
}

static gboolean
touches(const MqWhose *whose)
{
	return whose->legitimate + whose->forwarded + whose->threat + whose->unknown > 0;
}

/* Those it would touch, today or then; most mail first. */
static json_t *
replay_senders_json(MqReplay replay)
{
	json_t *senders = json_array();

	for (guint i = 0; i < replay.sources->senders->len; i++) {
		MqImpact today;
		MqImpact then;
		json_t *row;

		replay.sender = g_ptr_array_index(replay.sources->senders, i);
		replay.dns = MQ_REPLAY_TODAY;
		today = mq_replay(&replay);
		replay.dns = MQ_REPLAY_THEN;
		then = mq_replay(&replay);
		if (!touches(&today.touched) && !touches(&then.touched))
			continue;
		row = whose_json(&today.touched);
		json_object_set_new(row, "sender", mq_json_text(replay.sender->name));
		json_object_set_new(row, "verdict", json_string(mq_verdict_word(replay.sender->verdict)));
		json_object_set_new(row, "dns_then", whose_json(&then.touched));
		json_array_append_new(senders, row);
	}
	return senders;
}

json_t *
mq_advice_replay_document(MqAdvice *advice, const MqDmarcRecord *candidate)
{
	MqReplay replay = mq_advice_replay(advice, candidate);
	json_t *out = replay_json(replay, MQ_REPLAY_TODAY);

	json_object_set_new(out, "record", mq_json_text(candidate->text));
	json_object_set_new(out, "dns_then", replay_json(replay, MQ_REPLAY_THEN));
	json_object_set_new(out, "senders", replay_senders_json(replay));
	return out;
}

/* --- the rest --- */

json_t *
mq_advice_move_document(const MqAdvice *advice)
{
	return json_pack("{s:s, s:o, s:b, s:o, s:o}", "action", mq_move_word(advice->action), "to",
	                 mq_json_word(&mq_words_policy, advice->to), "testing", advice->testing, "record",
	                 mq_json_text(advice->record), "why", mq_json_text(advice->why));
}

json_t *
mq_advice_gates_document(const MqAdvice *advice)
{
	json_t *gates = json_array();

	for (guint i = 0; i < advice->gates->len; i++) {
		const MqGate *gate = g_ptr_array_index(advice->gates, i);

		json_array_append_new(gates, json_pack("{s:s, s:b, s:o, s:o, s:o}", "id", gate->id, "met", gate->met, "measured",
		                                       mq_json_text(gate->measured), "required", mq_json_text(gate->required),
		                                       "trouble", mq_json_text(gate->met ? NULL : gate->trouble)));
	}
	return gates;
}

void
mq_advice_add_episode(json_t *object, const MqEpisode *episode)
{
	json_object_set_new(object, "failing_since", mq_json_time(episode->since_s));
	json_object_set_new(object, "failed_until", mq_json_time(episode->until_s));
}

static json_t *
action_json(const MqAction *action, guint rank)
{
	json_t *out = json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:I}", "rank", (json_int_t)rank, "id", action->id, "sender",
	                        mq_json_text(action->sender), "title", mq_json_text(action->title), "fix",
	                        mq_json_text(action->fix), "record", mq_json_text(action->record), "recovers_messages",
	                        (json_int_t)action->recovers);
	g_autofree char *when = mq_episode_text(&action->episode, FALSE);

	mq_advice_add_episode(out, &action->episode);
	json_object_set_new(out, "when", mq_json_text(when));
	return out;
}

json_t *
mq_advice_actions_document(const MqAdvice *advice, const char *sender)
{
	json_t *actions = json_array();

	for (guint i = 0; i < advice->actions->len; i++) {
		const MqAction *action = g_ptr_array_index(advice->actions, i);

		if (sender != NULL && g_strcmp0(action->sender, sender) != 0)
			continue;
		json_array_append_new(actions, action_json(action, i + 1));
	}
	return actions;
}
