/* Made-up reports and a store to put them in, for the tests of store/. */
#ifndef MQ_TESTS_REPORTS_H
#define MQ_TESTS_REPORTS_H

#include "store/store.h"

#define DAY G_GINT64_CONSTANT(1793577600) /* 2026-11-02, a Monday */

/* A store in a folder of its own. */
typedef struct {
	char *folder;
	char *path;
	MqStore *store;
} StoreFixture;

void store_set_up(StoreFixture *f, gconstpointer data);
void store_tear_down(StoreFixture *f, gconstpointer data);

/* An aggregate report of one day, still without rows. */
MqReport *made_report(const char *reporter, const char *id, const char *domain, gint64 begin_s);
/* A row more, signed with selector s1 of @from. */
MqRecord *made_record(MqReport *report, const char *ip, gint64 count, MqResult dkim, MqResult spf, const char *from);
/* Two rows of 10 (passes) and 5, of R.example about example.com. */
MqReport *made_two_rows(const char *id);
/* A message known by its name. @report: (transfer full) (nullable): sealed here */
MqMessage *made_message(const char *name, MqReport *report);

/* Puts and commits. @message: (transfer full) */
MqPutResult made_put(StoreFixture *f, MqMessage *message);
/* Three reports, six rows, 28 messages, four domains, two reporters, three days. */
void made_three_reports(StoreFixture *f);

/* "key=messages/pass" of each row */
char *totals_of(StoreFixture *f, const MqFilter *filter, MqBy by);
void assert_total(StoreFixture *f, const char *want);

#endif
