#include "analyze/spf_ranges.h"

/* Addresses that get the same. */
typedef struct {
	MqSpfReach reach;
	MqResult result;
	const char *via;
} Range;

typedef enum { FIRST, WAITING, KNOWN } State;

typedef struct {
	GTree *ranges;   /* Range: they do not overlap */
	State states[2]; /* of the first address of each family */
} Domain;

struct MqSpfRanges {
	MqAnswers *answers;
	GHashTable *domains; /* name -> Domain */
	GStringChunk *text;
	guint evaluated;
};

static int
compare_ranges(gconstpointer left, gconstpointer right, gpointer data G_GNUC_UNUSED)
{
	return mq_address_compare(&((const Range *)left)->reach.first, &((const Range *)right)->reach.first);
}

/* GTree's search: where @data, an address, lies of the range. */
static int
compare_address(gconstpointer range, gconstpointer data)
{
	const MqSpfReach *reach = &((const Range *)range)->reach;

	if (mq_address_compare(data, &reach->first) < 0)
		return -1;
	return mq_address_compare(data, &reach->last) > 0 ? 1 : 0;
}

static void
domain_free(gpointer data)
{
	Domain *domain = data;

	g_tree_unref(domain->ranges);
	g_free(domain);
}

MqSpfRanges *
mq_spf_ranges_new(MqAnswers *answers)
{
	MqSpfRanges *ranges = g_new0(MqSpfRanges, 1);

	ranges->answers = answers;
	ranges->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, domain_free);
	ranges->text = g_string_chunk_new(1024);
	return ranges;
}

void
mq_spf_ranges_free(MqSpfRanges *ranges)
{
	if (ranges == NULL)
		return;
	g_hash_table_unref(ranges->domains);
	g_string_chunk_free(ranges->text);
	g_free(ranges);
}

/* The target of the include or redirect that matched. */
static const char *
matched_via(const GPtrArray *tree)
{
	for (guint i = 0; i < tree->len; i++) {
		const MqSpfNode *node = g_ptr_array_index(tree, i);

		if (node->state == MQ_SPF_MATCH)
			return node->kind == MQ_SPF_INCLUDE || node->kind == MQ_SPF_REDIRECT ? node->target : NULL;
	}
	return NULL;
}

static Range *
evaluate(MqSpfRanges *ranges, const char *domain, const MqAddress *address)
{
	const MqSpfQuery query = { .ip = *address, .sender = domain };
	g_autoptr(MqSpfCheck) check = NULL;
	Range *range = g_new0(Range, 1);

	ranges->evaluated++;
	range->result = MQ_RESULT_ABSENT;
	if (!mq_spf_check_reach(ranges->answers, &query, &range->reach, &check))
		return range;
	range->result = check->result;
	if (check->result == MQ_RESULT_PASS && matched_via(check->tree) != NULL)
		range->via = g_string_chunk_insert_const(ranges->text, matched_via(check->tree));
	return range;
}

static Domain *
domain_of(MqSpfRanges *ranges, const char *name)
{
	Domain *domain = g_hash_table_lookup(ranges->domains, name);

	if (domain != NULL)
		return domain;
	domain = g_new0(Domain, 1);
	domain->ranges = g_tree_new_full(compare_ranges, NULL, g_free, NULL);
	g_hash_table_insert(ranges->domains, g_strdup(name), domain);
	return domain;
}

/* The range that holds the address, evaluated when there is none. While the first address of a family
 * waits for answers nothing is evaluated for the others, (nullable): without the includes before it a
 * term would be taken to decide for each address, and be asked about ten thousand of them. */
static const Range *
range_of(MqSpfRanges *ranges, const char *name, const MqAddress *address)
{
	Domain *domain = domain_of(ranges, name);
	State *state = &domain->states[address->n_bytes == 4 ? 0 : 1];
	GTreeNode *found = g_tree_search_node(domain->ranges, compare_address, address);
	Range *range;

	if (found != NULL)
		return g_tree_node_key(found);
	if (*state == WAITING)
		return NULL;
	range = evaluate(ranges, name, address);
	g_tree_insert(domain->ranges, range, NULL);
	if (*state == FIRST)
		*state = range->result == MQ_RESULT_ABSENT ? WAITING : KNOWN;
	return range;
}

gboolean
mq_spf_ranges_find(MqSpfRanges *ranges, const char *domain, const MqAddress *address, MqResult *result, const char **via)
{
	const Range *range = range_of(ranges, domain, address);

	*result = range != NULL ? range->result : MQ_RESULT_ABSENT;
	if (via != NULL)
		*via = range != NULL ? range->via : NULL;
	return *result != MQ_RESULT_ABSENT;
}

guint
mq_spf_ranges_evaluated(const MqSpfRanges *ranges)
{
	return ranges->evaluated;
}
