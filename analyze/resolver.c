#include "analyze/resolver.h"

gboolean
mq_resolver_fill(MqResolver *resolver, MqAnswers *answers, GError **error)
{
	return resolver->fill(resolver, answers, error);
}

void
mq_resolver_free(MqResolver *resolver)
{
	if (resolver != NULL)
		resolver->free(resolver);
}
