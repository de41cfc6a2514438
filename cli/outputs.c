#include "cli/outputs.h"

#include <string.h>

#define ADDRESS_OF(name) &mq_output_##name,
static const MqOutput *const outputs[] = { MQ_OUTPUTS(ADDRESS_OF) };

void
mq_output_print(const MqApp *app, const json_t *document, const MqLayout *layout)
{
	const char *name = mq_app_format_is(app, "text") ? "table" : mq_app_format(app);

	for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++) {
		if (strcmp(outputs[i]->name, name) != 0)
			continue;
		outputs[i]->print(app, document, layout);
		return;
	}
	g_assert_not_reached(); /* a command names a format that it prints by itself, and did not */
}
