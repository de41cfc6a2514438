#include "cli/advice_document.h"

json_t *
mq_advice_impact_document(const MqImpact *impact)
{
	return json_pack("{s:I, s:f, s:f, s:I, s:I, s:I, s:I}", "legitimate", (json_int_t)impact->legitimate,
	                 "legitimate_share", impact->legitimate_share, "legitimate_share_upper95",
	                 impact->legitimate_upper95, "forwarded", (json_int_t)impact->forwarded, "threat",
	                 (json_int_t)impact->threat, "unknown", (json_int_t)impact->unknown, "dmarc_unknown",
	                 (json_int_t)impact->unsaid);
}

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

json_t *
mq_advice_actions_document(const MqAdvice *advice, const char *sender)
{
	json_t *actions = json_array();

	for (guint i = 0; i < advice->actions->len; i++) {
		const MqAction *action = g_ptr_array_index(advice->actions, i);

		if (sender != NULL && g_strcmp0(action->sender, sender) != 0)
			continue;
		json_array_append_new(actions, json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:I}", "rank", (json_int_t)i + 1, "id", action->id,
		                                         "sender", mq_json_text(action->sender), "title",
		                                         mq_json_text(action->title), "fix", mq_json_text(action->fix), "record",
		                                         mq_json_text(action->record), "recovers_messages",
		                                         (json_int_t)action->recovers));
	}
	return actions;
}
