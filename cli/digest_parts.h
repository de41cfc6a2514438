/* What the digest says, in the order it is said: its sentences, and the tables of a domain. Each
 * format prints these, so that all say the same. */
#ifndef MQ_CLI_DIGEST_PARTS_H
#define MQ_CLI_DIGEST_PARTS_H

#include "cli/document.h"

/* A table of a domain, or the ranking of all domains. */
typedef struct {
	const char *rows;        /* key of the array */
	const char *title;
	const MqColumn *columns;
	guint n_columns;
	const MqColumn *details; /* (nullable) long texts of a row, beneath it */
	guint n_details;
	guint most, most_quiet;  /* rows; of a domain that needs nobody */
} MqDigestSection;

extern const MqDigestSection mq_digest_ranking;
extern const MqDigestSection mq_digest_sections[];
extern const guint mq_digest_sections_n;

/* (nullable) What the word of a cause means: "its DKIM key is not in DNS". */
const char *mq_digest_cause(const char *word);

/* "DMARC 2026-11-16 to 2026-11-22": both days counted. (transfer full) */
char *mq_digest_title(const json_t *document);
/* One sentence over all: "1 of 2 domains needs you." (transfer full) */
char *mq_digest_headline(const json_t *document);
/* Whether @domain has a chapter of its own, or only its line in the ranking. */
gboolean mq_digest_has_chapter(const json_t *document, const json_t *domain);

/* [{"label": "Messages", "value": "7,084", "change": "15 % fewer"}]; change may be null. (transfer full) */
json_t *mq_digest_figures(const json_t *domain);
/* The first rows of a section, as many as it shows, with what columns call "why" and "next". (transfer full) */
json_t *mq_digest_rows(const MqDigestSection *section, const json_t *domain);
/* (nullable) "and 3 more". (transfer full) */
char *mq_digest_left_out(const MqDigestSection *section, const json_t *domain);
/* char *: sentences, each only where there is something to say. (transfer full) */
GPtrArray *mq_digest_notes(const json_t *domain);
/* (nullable) What is to be done next, a sentence. (transfer full) */
char *mq_digest_move(const json_t *domain);
/* (nullable) The DNS record of the move, where it is to be published. */
const char *mq_digest_move_record(const json_t *domain);

#endif
