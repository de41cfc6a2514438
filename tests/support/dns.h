/* The DNS test server (dnsd.c), for unit tests. */
#ifndef MQ_TESTS_SUPPORT_DNS_H
#define MQ_TESTS_SUPPORT_DNS_H

#include <glib.h>

typedef struct TestDns TestDns;

/* Serves @zone (the format is told in dnsd.c) until test_dns_stop(). $MARQUE_DNSD is the program. */
TestDns *test_dns_start(const char *zone);
void test_dns_stop(TestDns *dns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestDns, test_dns_stop)

/* "127.0.0.1:PORT" */
const char *test_dns_address(const TestDns *dns);
/* How often it was asked so far; @query is "udp TXT example.com", or NULL for any. */
guint test_dns_count(const TestDns *dns, const char *query);
/* The query that came most often, and how often. (transfer full) (nullable) */
char *test_dns_most(const TestDns *dns, guint *count);

#endif
