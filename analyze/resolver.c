#include "analyze/resolver.h"

gboolean
mq_resolver_fill(MqResolver *resolver, MqAnswers *answers, GError **error)
{
	return resolver->fill(resolver, &answers, 1, error);
}

gboolean
mq_resolver_fill_some(MqResolver *resolver, MqAnswers *const *sets, guint n_sets, GError **error)
{
	return resolver->fill(resolver, sets, n_sets, error);
}

void
mq_resolver_free(MqResolver *resolver)
{
	if (resolver != NULL)
		resolver->free(resolver);
}
