#include "cli/chart.h"

#include "cli/outputs.h"
#include "ingest/text.h"

const char *const mq_fate_labels[MQ_FATE_N] = { "passed", "failed, delivered", "quarantined", "rejected" };
const char *const mq_fate_classes[MQ_FATE_N] = { "passed", "delivered", "quarantined", "rejected" };

static json_int_t
count_at(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

void
mq_chart_fates(const json_t *row, json_int_t parts[MQ_FATE_N])
{
	json_int_t left = count_at(row, "messages");

	parts[MQ_FATE_REJECTED] = CLAMP(count_at(row, "rejected"), 0, left);
	left -= parts[MQ_FATE_REJECTED];
	parts[MQ_FATE_QUARANTINED] = CLAMP(count_at(row, "quarantined"), 0, left);
	left -= parts[MQ_FATE_QUARANTINED];
	parts[MQ_FATE_PASSED] = CLAMP(count_at(row, "dmarc_pass"), 0, left);
	left -= parts[MQ_FATE_PASSED];
	parts[MQ_FATE_DELIVERED] = left - CLAMP(count_at(row, "dmarc_unknown"), 0, left);
}

json_int_t
mq_chart_scale(json_int_t largest)
{
	static const json_int_t steps[] = { 1, 2, 5 };

	for (json_int_t power = 1; power <= G_MAXINT64 / 50; power *= 10)
		for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
			if (steps[i] * power >= largest)
				return steps[i] * power;
	return largest;
}

json_int_t
mq_chart_largest(const json_t *rows)
{
	json_int_t largest = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		largest = MAX(largest, count_at(row, "messages"));
	return largest;
}

char *
mq_chart_volume_text(const json_t *points)
{
	g_autofree char *largest = mq_count_to_text(mq_chart_largest(points));

	return g_strdup_printf("Messages in each of %zu days, by what became of them: at most %s.",
	                       json_array_size(points), largest);
}

char *
mq_chart_pass_text(const json_t *points)
{
	const json_t *first = json_array_get(points, 0);
	const json_t *last = NULL;
	const json_t *point;
	size_t i;

	json_array_foreach(points, i, point) {
		if (!mq_document_has_share(point))
			continue;
		first = last == NULL ? point : first;
		last = point;
	}
	if (last == NULL)
		return g_strdup("No mail in these weeks.");
	g_autofree char *from = mq_share_to_text(json_real_value(json_object_get(first, "dmarc_pass_share")));
	g_autofree char *to = mq_share_to_text(json_real_value(json_object_get(last, "dmarc_pass_share")));

	return g_strdup_printf("Share that passes DMARC in each of %zu weeks: from %s to %s.", json_array_size(points), from, to);
}
