/* When mail began to fail and, if it did, ceased to: of a sender, and of one cause of a sender. */
#ifndef MQ_ANALYZE_EPISODES_H
#define MQ_ANALYZE_EPISODES_H

#include "analyze/sources.h"

typedef struct {
	gint64 since_s;  /* the first day that failed of the last run; MQ_TIME_ABSENT when none did */
	gint64 until_s;  /* the last day, when what comes since passes; MQ_TIME_ABSENT while it fails */
	gint64 last_s;   /* the last day that failed, in any case */
	gboolean always; /* since the first day that there are reports of, or before */
} MqEpisode;

MqEpisode mq_episode_of_sender(const MqSources *sources, const MqSenderGroup *sender);
/* What failed of the streams that were given this cause. */
MqEpisode mq_episode_of_cause(const MqSources *sources, const MqSenderGroup *sender, MqCause cause);

/* "fails since 3 November", "failed 3 to 9 November, passes since", or of mail that is @fixed by today's DNS "failed 3 to 9
 * November, would pass today"; (nullable) (transfer full): nothing failed */
char *mq_episode_text(const MqEpisode *episode, gboolean fixed);

#endif
