/* What a domain publishes today, each fact present, absent or unanswered. Checks read facts; nothing
 * here is judged. All of it is a pure function of the answers there are (analyze/answers.h). */
#ifndef MQ_ANALYZE_FACTS_H
#define MQ_ANALYZE_FACTS_H

#include "analyze/discovery.h"
#include "analyze/probe.h"
#include "analyze/record_bimi.h"
#include "analyze/record_caa.h"
#include "analyze/record_dkim.h"
#include "analyze/record_sts.h"
#include "analyze/spf_survey.h"

/* "Absent" is said only when DNS said so. */
typedef enum { MQ_FACT_UNANSWERED, MQ_FACT_ABSENT, MQ_FACT_PRESENT } MqFactState;

#define MQ_FACTS_MX_MAX        20 /* exchangers that are looked into; nobody needs more */
#define MQ_FACTS_ADDRESSES_MAX 8  /* of one exchanger, for reverse DNS */
#define MQ_FACTS_SELECTORS_MAX 500

/* ------------------------------------------------------------------- parts */

typedef struct {
	MqFactState state;      /* of the domain's TXT: present when there is at least one SPF record */
	char *why;
	GPtrArray *records;     /* char *: those that begin with v=spf1; several are a permerror */
	MqSpfSurvey *ranges;    /* (nullable) the whole tree, when there is one record */
	char *proposal;         /* (nullable) where receivers cannot use what there is: one record that they can */
	GPtrArray *stray;       /* char *: TXT that looks meant as SPF or DMARC and is neither here */
} MqSpfFacts;

/* An address that reports go to. */
typedef struct {
	const char *tag;        /* "rua", "ruf" */
	const MqReportUri *uri; /* borrows from the record */
	gboolean external;      /* in another organization: it must agree */
	char *query;            /* (nullable) the name where it would */
	MqFactState agreed;
	char *why;
} MqDestinationFact;

typedef struct {
	MqDmarcAt *at;          /* the domain's own _dmarc name */
	MqDiscovery walk;       /* RFC 9989 */
	MqDiscovery suffix;     /* RFC 7489 */
	GPtrArray *destinations; /* MqDestinationFact * of walk.record */
} MqDmarcFacts;

typedef struct {
	MqAddress address;
	MqFactState reverse;    /* a PTR */
	char *reverse_name;     /* (nullable) the first one */
	MqFactState confirmed;  /* that name has this address */
} MqAddressFact;

typedef struct {
	char *host;
	guint preference;
	MqFactState state;      /* it has an address */
	gboolean no_name;       /* absent because the name does not exist */
	char *why;
	char *alias;            /* (nullable) it is a CNAME for this name */
	GPtrArray *addresses;   /* MqAddressFact * */
	MqFactState probed;
	MqProbe *probe;         /* (nullable) */
	char *probe_why;
} MqMxFact;

typedef struct {
	MqFactState state;
	char *why;
	gboolean is_null;       /* one record, the root: takes no mail (RFC 7505) */
	gboolean null_among;    /* the root beside others */
	guint published;        /* records, before MQ_FACTS_MX_MAX */
	GPtrArray *hosts;       /* MqMxFact *, without the root, by preference */
	MqFactState address;    /* the domain itself has one: where mail goes without MX */
} MqMxFacts;

typedef enum { MQ_SELECTOR_NAMED, MQ_SELECTOR_REPORTED, MQ_SELECTOR_GUESSED } MqSelectorOrigin;

typedef struct {
	char *domain, *selector;
	char *name;             /* SELECTOR._domainkey.DOMAIN */
	MqSelectorOrigin origin;
	MqDkimState state;
	MqDkimKey *key;         /* (nullable) */
	guint keys;             /* TXT records there that are keys; several are undefined */
	char *alias;            /* (nullable) a CNAME: who manages the key */
	char *why;
} MqDkimFact;

/* A TXT record of which there must be exactly one. */
typedef struct {
	MqFactState state;      /* there is one, or what is meant as one: see problem */
	char *why;
	guint records;
	char *text;             /* (nullable) the first record */
	char *problem;          /* (nullable) why what is there does not count */
} MqTxtFact;

typedef struct {
	MqTxtFact txt;
	MqFactState fetched;    /* the policy file; absent: there is none to be used, see fetch_problem */
	char *fetch_problem;
	MqStsPolicy *policy;    /* (nullable) */
} MqStsFacts;

typedef struct {
	MqTxtFact txt;
	MqTlsrptRecord *record; /* (nullable) */
} MqTlsrptFacts;

typedef struct {
	MqFactState state;
	char *text;             /* (nullable) */
	MqBimiRecord *record;   /* (nullable) */
} MqBimiFacts;

typedef struct {
	char *domain;
	MqFactState exists;     /* absent: NXDOMAIN */
	gboolean probed;        /* exchangers were asked for */
	gint64 now_s;
	MqSpfFacts spf;
	MqDmarcFacts dmarc;
	MqMxFacts mx;
	MqCaa caa;
	GPtrArray *dkim;        /* MqDkimFact *, those in use first */
	MqFactState domainkey;  /* anything below _domainkey; absent: NXDOMAIN, so no key at all */
	MqStsFacts sts;
	MqTlsrptFacts tlsrpt;
	MqBimiFacts bimi;
} MqFacts;

/* ------------------------------------------------------------------- calls */

typedef struct {
	const char *const *selectors;  /* (nullable) (array zero-terminated=1): named by a person */
	const char *const *dkim_names; /* (nullable) "s._domainkey.d" that reports name, of the domain or below */
	gboolean probe;                /* talk to the exchangers */
	gint64 now_s;
} MqFactsOptions;

/**
 * mq_facts_gather:
 * @domain: normalized
 *
 * Returns: (transfer full) (nullable): %NULL while answers are wanted. Borrows from @answers.
 */
MqFacts *mq_facts_gather(MqAnswers *answers, const char *domain, const MqFactsOptions *options);
void mq_facts_free(MqFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqFacts, mq_facts_free)

/* What DNS says of one key; for the checks and for whoever reads reports. (transfer full) (nullable):
 * %NULL while it is wanted */
MqDkimFact *mq_dkim_fact(MqAnswers *answers, const char *selector, const char *domain);
void mq_dkim_fact_free(MqDkimFact *fact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MqDkimFact, mq_dkim_fact_free)

/* ------------------------------------------------------------------- what follows from facts */

/* Takes no mail and sends none: a null MX, or neither MX nor address, or at most a web server, and no
 * SPF record that lets anybody send. %FALSE where DNS did not answer. */
gboolean mq_facts_parked(const MqFacts *facts);

/* The policy that receivers apply to the domain today; %MQ_POLICY_ABSENT: none. t=y counts. */
MqPolicy mq_facts_treatment(const MqFacts *facts);

/* The DMARC record that applies is that of the registry above the domain (psd=y, RFC 9989 section 4.8): its owner has none. */
gboolean mq_facts_under_registry(const MqFacts *facts);

/* The SPF record when there is exactly one. (nullable) */
const char *mq_facts_spf(const MqFacts *facts);
/* Whether that is "v=spf1 -all", in any spacing and case. */
gboolean mq_facts_spf_lets_nobody(const MqFacts *facts);

#endif
