/* Makes a large database as years of ingest would, through store/ alone: invented reports in order of day, the same for
 * the same arguments. For tests/bench/run-queries, not a program to use.
 *
 *     bench-database DATABASE ROWS DOMAINS DAYS */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "ingest/digest.h"
#include "store/store.h"

#define FIRST_DAY_S   G_GINT64_CONSTANT(1735689600) /* 2025-01-01 */
#define DAY_S         86400
#define REPORTERS     24
#define SOURCES_MAX   30  /* regular ones of a domain */
#define SENDERS       300 /* services that strangers send by */
#define COMMIT_EVERY  1000

/* A regular source with the results that it usually has. */
typedef struct {
	MqAddress address;
	char *envelope;
	gboolean is_own, signs;
	guint selector;
} Source;

typedef struct {
	char *name;
	gdouble rows_a_day, due; /* how many are due today */
	Source sources[SOURCES_MAX];
	guint n_sources;
} Domain;

typedef struct {
	MqStore *store;
	GRand *random;
	Domain *domains;
	guint n_domains;
	gint64 rows, reports;
} Making;

static void
stop_unless(gboolean good, const GError *error)
{
	if (good)
		return;
	fprintf(stderr, "bench-database: %s\n", error != NULL ? error->message : "want DATABASE ROWS DOMAINS DAYS");
	exit(3);
}

/* One of the documentation's addresses; three in eight are IPv6. */
static MqAddress
make_address(GRand *random)
{
	static const guint8 v4[3][3] = { { 192, 0, 2 }, { 198, 51, 100 }, { 203, 0, 113 } };
	guint8 bytes[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	gboolean is_v6 = g_rand_int_range(random, 0, 8) < 3;
	MqAddress address;

	if (is_v6)
		for (guint i = 4; i < 16; i += i == 7 ? 7 : 1)
			bytes[i] = (guint8)g_rand_int_range(random, 0, 256);
	else
		memcpy(bytes, v4[g_rand_int_range(random, 0, 3)], 3), bytes[3] = (guint8)g_rand_int_range(random, 0, 256);
	mq_address_from_bytes(bytes, is_v6 ? 16 : 4, &address);
	return address;
}

static Source
make_source(GRand *random, const char *domain)
{
	Source source = {
		.address = make_address(random),
		.is_own = g_rand_int_range(random, 0, 10) < 8,
		.signs = g_rand_int_range(random, 0, 10) < 9,
		.selector = (guint)g_rand_int_range(random, 0, 4),
	};

	source.envelope = source.is_own ? g_strdup(domain)
	                                : g_strdup_printf("bounce.service%d.example", g_rand_int_range(random, 0, 20));
	return source;
}

/* Domains differ in size as they do: the second has 0.7 of the first's rows, the hundredth a tenth. */
static void
make_domains(Making *making, gdouble rows_a_day)
{
	gdouble sum = 0;

	making->domains = g_new0(Domain, making->n_domains);
	for (guint i = 0; i < making->n_domains; i++)
		sum += 1 / sqrt(i + 1);
	for (guint i = 0; i < making->n_domains; i++) {
		Domain *domain = &making->domains[i];

		domain->name = g_strdup_printf("d%u.example.%s", i, i % 3 == 0 ? "com" : i % 3 == 1 ? "net" : "org");
		domain->rows_a_day = rows_a_day / sqrt(i + 1) / sum;
		domain->n_sources = (guint)g_rand_int_range(making->random, 3, SOURCES_MAX + 1);
		for (guint s = 0; s < domain->n_sources; s++)
			domain->sources[s] = make_source(making->random, domain->name);
	}
}

static void
add_signature(MqBatch *batch, MqRecord *record, const char *domain, guint selector)
{
	g_autofree char *name = g_strdup_printf("s%u", selector);

	record->n_auth_dkim = 1;
	record->auth_dkim = g_new0(MqDkimResult, 1);
	record->auth_dkim[0].domain = mq_batch_text(batch, domain);
	record->auth_dkim[0].selector = mq_batch_text(batch, name);
	record->auth_dkim[0].result = MQ_RESULT_PASS;
}

static void
add_row(Making *making, MqReport *report, const Domain *domain, const Source *source)
{
	MqBatch *batch = report->batches->pdata[0];
	MqRecord *record = mq_batch_add(batch);
	gboolean spf = source->is_own && g_rand_int_range(making->random, 0, 10) < 9;

	record->source = source->address;
	record->count = (gint64)MIN(pow(g_rand_double_range(making->random, 0.0001, 1), -1.25), 90000);
	record->dkim = source->is_own && source->signs ? MQ_RESULT_PASS : MQ_RESULT_FAIL;
	record->spf = spf ? MQ_RESULT_PASS : MQ_RESULT_FAIL;
	record->disposition = spf || record->dkim == MQ_RESULT_PASS ? MQ_DISPOSITION_NONE : MQ_DISPOSITION_QUARANTINE;
	record->header_from = mq_batch_text(batch, domain->name);
	record->envelope_from = mq_batch_text(batch, source->envelope);
	if (source->signs)
		add_signature(batch, record, source->is_own ? domain->name : source->envelope, source->selector);
	record->n_auth_spf = 1;
	record->auth_spf = g_new0(MqSpfResult, 1);
	record->auth_spf[0].domain = mq_batch_text(batch, source->envelope);
	record->auth_spf[0].result = spf || !source->is_own ? MQ_RESULT_PASS : MQ_RESULT_FAIL;
	report->n_messages += (guint64)record->count;
}

/* A large report has many addresses seen once. */
static void
add_rows(Making *making, MqReport *report, const Domain *domain, guint n)
{
	for (guint i = 0; i < n; i++) {
		if (n > 50 && g_rand_int_range(making->random, 0, 10) < 7) {
			g_autofree char *sender = g_strdup_printf("sender%d.example", g_rand_int_range(making->random, 0, SENDERS));
			Source strange = { .address = make_address(making->random), .envelope = sender };

			add_row(making, report, domain, &strange);
		} else {
			add_row(making, report, domain, &domain->sources[g_rand_int_range(making->random, 0, (gint)domain->n_sources)]);
		}
	}
}

static void
seal(MqReport *report)
{
	const MqBatch *batch = report->batches->pdata[0];
	MqDigestSum sum = { 0 };
	guint8 digest[MQ_DIGEST_BYTES];

	for (guint i = 0; i < batch->records->len; i++) {
		mq_record_digest(batch->records->pdata[i], digest);
		mq_digest_sum_add(&sum, digest);
	}
	report->n_records = batch->records->len;
	mq_report_seal(report, &sum);
}

static MqReport *
make_report(Making *making, const Domain *domain, gint64 begin_s, guint n_rows)
{
	MqReport *report = mq_report_new(MQ_TYPE_AGGREGATE);
	gint reporter = g_rand_int_range(making->random, 0, REPORTERS);

	report->dialect = MQ_DIALECT_RFC7489;
	report->reporter = g_strdup_printf("Reporter %d", reporter);
	report->email = g_strdup_printf("noreply-dmarc@mx%d.example", reporter);
	report->report_id = g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, making->reports, begin_s);
	report->policy.domain = g_strdup(domain->name);
	report->policy.p = report->policy.sp = MQ_POLICY_QUARANTINE;
	report->begin_s = begin_s;
	report->end_s = begin_s + DAY_S - 1;
	report->part = g_strdup_printf("mx%d.example!%s!%" G_GINT64_FORMAT "!%" G_GINT64_FORMAT ".xml.gz", reporter, domain->name,
	                               begin_s, report->end_s);
	g_ptr_array_add(report->batches, mq_batch_new());
	add_rows(making, report, domain, n_rows);
	seal(report);
	return report;
}

static void
put_report(Making *making, const Domain *domain, gint64 begin_s, guint n_rows)
{
	g_autoptr(MqMessage) message = mq_message_new(NULL);
	g_autoptr(GError) error = NULL;
	MqPutResult result;

	g_free(message->name);
	message->name = g_strdup_printf("inbox/cur/%09" G_GINT64_FORMAT ".bench:2,S", making->reports);
	mq_digest_bytes(message->name, strlen(message->name), message->sha256);
	message->n_bytes = 1500;
	message->state = MQ_MESSAGE_REPORTS;
	message->envelope.message_id = g_strdup_printf("<%" G_GINT64_FORMAT "@mx.example>", making->reports);
	message->envelope.from = g_strdup("noreply-dmarc@mx.example");
	message->envelope.date_s = begin_s + DAY_S;
	g_ptr_array_add(message->reports, make_report(making, domain, begin_s, n_rows));
	stop_unless(mq_store_put(making->store, message, &result, &error), error);
	making->rows += n_rows;
	if (++making->reports % COMMIT_EVERY == 0)
		stop_unless(mq_store_commit(making->store, &error), error);
}

static guint
draw_rows(GRand *random)
{
	gdouble draw = g_rand_double(random);

	if (draw < 0.03)
		return (guint)g_rand_int_range(random, 100, 800);
	return MIN(1 + (guint)(-log(1 - g_rand_double(random)) / 0.3), 10);
}

static void
make_day(Making *making, gint64 begin_s)
{
	for (guint i = 0; i < making->n_domains; i++) {
		Domain *domain = &making->domains[i];

		for (domain->due += domain->rows_a_day; domain->due > 0;) {
			guint n_rows = draw_rows(making->random);

			put_report(making, domain, begin_s, n_rows);
			domain->due -= n_rows;
		}
	}
}

int
main(int argc, char **argv)
{
	Making making = { .random = g_rand_new_with_seed(9990) };
	g_autoptr(GError) error = NULL;
	gdouble rows = argc == 5 ? g_ascii_strtod(argv[2], NULL) : 0;
	gint64 days = argc == 5 ? g_ascii_strtoll(argv[4], NULL, 10) : 0;

	making.n_domains = argc == 5 ? (guint)g_ascii_strtoull(argv[3], NULL, 10) : 0;
	stop_unless(rows > 0 && days > 0 && making.n_domains > 0, NULL);
	making.store = mq_store_open(argv[1], MQ_STORE_WRITE, &error);
	stop_unless(making.store != NULL, error);
	make_domains(&making, rows / (gdouble)days);
	for (gint64 day = 0; day < days; day++)
		make_day(&making, FIRST_DAY_S + day * DAY_S);
	stop_unless(mq_store_commit(making.store, &error), error);
	mq_store_close(making.store);
	printf("%" G_GINT64_FORMAT " reports, %" G_GINT64_FORMAT " rows\n", making.reports, making.rows);
	return 0;
}
