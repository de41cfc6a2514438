#include "ingest/imap.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/text.h"

#define BUFFER_BYTES   65536
#define LINE_BYTES     (64 * 1024)        /* of one response, bodies of mails apart */
#define WAIT_US        (60 * G_USEC_PER_SEC)
#define BYTES_A_SECOND 1024               /* a body that comes slower than this is given up */
#define LINES_MAX      10000              /* responses to a command that wants few */
#define SET_MAX        500                /* UIDs in a command: RFC 7162 4 asks for lines of at most 8192 bytes */
#define FOLDERS_TOLD   12

struct MqImap {
	MqImapConnection connection;
	char buffer[BUFFER_BYTES];
	gsize at, n;          /* what is left of it */
	guint tag;
	GString *line;        /* the response being read */
	int body;             /* its BODY[], or -1 */
	guint64 body_bytes;
	gboolean is_empty;    /* the open folder */
	char *capabilities;   /* (nullable) " IMAP4rev1 MOVE UIDPLUS " */
};

MqImap *
mq_imap_new(const MqImapConnection *connection)
{
	MqImap *imap = g_new0(MqImap, 1);

	imap->connection = *connection;
	imap->line = g_string_new(NULL);
	imap->body = -1;
	return imap;
}

static void
drop_body(MqImap *imap)
{
	if (imap->body >= 0)
		close(imap->body);
	imap->body = -1;
}

void
mq_imap_free(MqImap *imap)
{
	if (imap == NULL)
		return;
	drop_body(imap);
	g_string_free(imap->line, TRUE);
	g_free(imap->capabilities);
	g_free(imap);
}

static gboolean
refuse(GError **error, const char *what)
{
	g_set_error(error, MQ_ERROR, MQ_ERROR_FORMAT, "the server does not speak IMAP as it should: %s", what);
	return FALSE;
}

/* -------------------------------------------------------------------- responses */

static gint64
deadline(guint64 n_bytes)
{
	return g_get_monotonic_time() + WAIT_US + (gint64)(n_bytes / BYTES_A_SECOND) * G_USEC_PER_SEC;
}

static gboolean
fill(MqImap *imap, gint64 deadline_us, GError **error)
{
	gssize got = imap->connection.receive(imap->connection.ctx, imap->buffer, BUFFER_BYTES, deadline_us, error);

	if (got == 0)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the server has hung up");
	imap->at = 0;
	imap->n = got > 0 ? (gsize)got : 0;
	return got > 0;
}

/* Appends a line to imap->line, its end left out. */
static gboolean
read_line(MqImap *imap, GError **error)
{
	gint64 deadline_us = deadline(0);

	for (;;) {
		const char *start = imap->buffer + imap->at;
		const char *end = memchr(start, '\n', imap->n - imap->at);
		gsize n = end != NULL ? (gsize)(end - start) : imap->n - imap->at;

		if (n > LINE_BYTES - MIN(imap->line->len, LINE_BYTES))
			return refuse(error, "a response has no end");
		g_string_append_len(imap->line, start, (gssize)n);
		imap->at += n + (end != NULL);
		if (end == NULL && !fill(imap, deadline_us, error))
			return FALSE;
		if (end == NULL)
			continue;
		if (imap->line->len > 0 && imap->line->str[imap->line->len - 1] == '\r')
			g_string_truncate(imap->line, imap->line->len - 1);
		return TRUE;
	}
}

typedef gboolean (*Take)(gpointer ctx, const char *bytes, gsize n, GError **error);

static gboolean
pour_literal(MqImap *imap, guint64 n_bytes, Take take, gpointer ctx, GError **error)
{
	gint64 deadline_us = deadline(n_bytes);

	while (n_bytes > 0) {
		gsize n = MIN(n_bytes, imap->n - imap->at);

		if (!take(ctx, imap->buffer + imap->at, n, error))
			return FALSE;
		imap->at += n;
		n_bytes -= n;
		if (n_bytes > 0 && !fill(imap, deadline_us, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
append_line(gpointer ctx, const char *bytes, gsize n, G_GNUC_UNUSED GError **error)
{
	g_string_append_len(((MqImap *)ctx)->line, bytes, (gssize)n);
	return TRUE;
}

static gboolean
append_body(gpointer ctx, const char *bytes, gsize n, GError **error)
{
	MqImap *imap = ctx;

	while (n > 0) {
		gssize written = write(imap->body, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "no memory for a mail: %s",
			            g_strerror(errno));
			return FALSE;
		}
		bytes += written;
		n -= (gsize)written;
		imap->body_bytes += (guint64)written;
	}
	return TRUE;
}

static gboolean
start_body(MqImap *imap, GError **error)
{
	if (imap->body >= 0)
		return refuse(error, "a response has two bodies");
	imap->body = memfd_create("mail", MFD_CLOEXEC);
	imap->body_bytes = 0;
	if (imap->body < 0)
		g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "no memory for a mail: %s", g_strerror(errno));
	return imap->body >= 0;
}

/* "… {123}": that many bytes follow. Takes it off the line. */
static gboolean
take_literal_length(GString *line, guint64 *n_bytes)
{
	const char *open = line->len > 2 && line->str[line->len - 1] == '}' ? strrchr(line->str, '{') : NULL;
	char *end;

	if (open == NULL || !g_ascii_isdigit(open[1]))
		return FALSE;
	*n_bytes = g_ascii_strtoull(open + 1, &end, 10);
	if (strcmp(end, "}") != 0)
		return FALSE;
	g_string_truncate(line, (gsize)(open - line->str));
	return TRUE;
}

static gboolean
ends_in_body(const GString *line)
{
	static const char body[] = "BODY[] ";
	gsize n = sizeof(body) - 1;

	return line->len >= n && g_ascii_strncasecmp(line->str + line->len - n, body, n) == 0;
}

/* A whole response, with literals where they stand; that of BODY[] is in imap->body. */
static gboolean
read_response(MqImap *imap, GError **error)
{
	guint64 n_bytes;

	g_string_truncate(imap->line, 0);
	drop_body(imap);
	for (;;) {
		if (!read_line(imap, error))
			return FALSE;
		if (imap->line->str[0] != '*' || !take_literal_length(imap->line, &n_bytes))
			return TRUE;
		if (ends_in_body(imap->line)) {
			if (n_bytes > MQ_LIMIT_MESSAGE_BYTES)
				return refuse(error, "a mail is larger than was said");
			if (!start_body(imap, error) || !pour_literal(imap, n_bytes, append_body, imap, error))
				return FALSE;
		} else if (n_bytes > LINE_BYTES - imap->line->len) {
			return refuse(error, "a response has no end");
		} else if (!pour_literal(imap, n_bytes, append_line, imap, error)) {
			return FALSE;
		}
	}
}

/* --------------------------------------------------------------------- commands */

/* What a command's untagged responses are given to. */
typedef struct {
	gboolean (*take)(gpointer ctx, MqImap *imap, GError **error);
	gpointer ctx;
	guint64 lines_max;
} Responses;

static const Responses nobody = { .lines_max = LINES_MAX };

/* Sends "A1 @command" and reads to its end. *done: OK; else imap->line has the server's words from @words on. */
static gboolean
run(MqImap *imap, const char *command, const Responses *to, gboolean *done, const char **words, GError **error)
{
	g_autofree char *tag = g_strdup_printf("A%u ", ++imap->tag);
	g_autofree char *line = g_strconcat(tag, command, "\r\n", NULL);

	if (!imap->connection.send(imap->connection.ctx, line, strlen(line), deadline(0), error))
		return FALSE;
	for (guint64 lines = 0; lines <= to->lines_max; lines++) {
		if (!read_response(imap, error))
			return FALSE;
		if (g_str_has_prefix(imap->line->str, tag)) {
			*words = imap->line->str + strlen(tag);
			*done = g_ascii_strncasecmp(*words, "OK", 2) == 0;
			return TRUE;
		}
		if (to->take != NULL && imap->line->str[0] == '*' && !to->take(to->ctx, imap, error))
			return FALSE;
	}
	return refuse(error, "its responses have no end");
}

/* A command that has to work. */
static gboolean
run_well(MqImap *imap, const char *command, const Responses *to, GError **error)
{
	const char *words;
	gboolean done;
	g_autofree char *seen = NULL;

	if (!run(imap, command, to, &done, &words, error))
		return FALSE;
	if (done)
		return TRUE;
	seen = mq_text_visible(words);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the server says: %s", seen);
	return FALSE;
}

/* (transfer full): a quoted string in modified UTF-7 (RFC 3501 5.1.3), or %NULL with @error */
static char *
quote_folder(const char *folder, GError **error)
{
	g_autofree char *encoded = g_convert(folder, -1, "UTF-7-IMAP", "UTF-8", NULL, NULL, NULL);
	g_autoptr(GString) quoted = g_string_new("\"");

	if (encoded == NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "'%s' cannot be the name of a folder", folder);
		return NULL;
	}
	for (const char *c = encoded; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *c);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

/* The number behind @name, a word of the response: "* 1 FETCH (UID 5 RFC822.SIZE 10)". */
static gboolean
find_number(const char *line, const char *name, guint64 max, guint64 *number)
{
	gsize n = strlen(name);

	for (const char *at = line; (at = strpbrk(at, " ([")) != NULL;) {
		at++;
		if (g_ascii_strncasecmp(at, name, n) == 0 && at[n] == ' ' && g_ascii_isdigit(at[n + 1])) {
			*number = g_ascii_strtoull(at + n + 1, NULL, 10);
			return *number <= max;
		}
	}
	return FALSE;
}

/* ---------------------------------------------------------------------- folders */

static gboolean
take_uidvalidity(gpointer ctx, MqImap *imap, G_GNUC_UNUSED GError **error)
{
	guint64 number;

	imap->is_empty |= g_ascii_strcasecmp(imap->line->str, "* 0 EXISTS") == 0;
	if (find_number(imap->line->str, "UIDVALIDITY", G_MAXUINT32, &number))
		*(guint32 *)ctx = (guint32)number;
	return TRUE;
}

/* "* LIST (\HasNoChildren) "/" Archive" */
static gboolean
take_name(gpointer ctx, MqImap *imap, G_GNUC_UNUSED GError **error)
{
	GPtrArray *names = ctx;
	const char *flags = strstr(imap->line->str, ") ");
	const char *name = flags != NULL ? strchr(flags + 2, ' ') : NULL; /* behind the delimiter */
	g_autofree char *bare = NULL;
	char *folder;

	if (name == NULL || names->len > FOLDERS_TOLD)
		return TRUE;
	bare = g_strdup(name[1] == '"' ? name + 2 : name + 1);
	if (name[1] == '"' && g_str_has_suffix(bare, "\""))
		bare[strlen(bare) - 1] = '\0';
	folder = g_convert(bare, -1, "UTF-8", "UTF-7-IMAP", NULL, NULL, NULL); /* else as the server has it */
	g_ptr_array_add(names, folder != NULL ? folder : g_steal_pointer(&bare));
	return TRUE;
}

static gboolean
no_such_folder(MqImap *imap, const char *folder, const char *words, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const Responses to = { .take = take_name, .ctx = names, .lines_max = LINES_MAX };
	g_autofree char *said = mq_text_visible(words);
	g_autofree char *joined = NULL;
	g_autofree char *seen = NULL;

	if (!run_well(imap, "LIST \"\" \"*\"", &to, NULL)) /* the names are a help, no more */
		g_ptr_array_set_size(names, 0);
	if (names->len > FOLDERS_TOLD)
		g_ptr_array_insert(names, FOLDERS_TOLD, g_strdup("…"));
	g_ptr_array_set_size(names, (gint)MIN(names->len, FOLDERS_TOLD + 1));
	g_ptr_array_add(names, NULL);
	joined = g_strjoinv(", ", (char **)names->pdata);
	seen = mq_text_visible(joined);
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "folder '%s' cannot be opened (%s)%s%s", folder, said,
	            *seen != '\0' ? "; the account has: " : "", seen);
	return FALSE;
}

gboolean
mq_imap_open_folder(MqImap *imap, const char *folder, gboolean to_change, guint32 *uidvalidity, GError **error)
{
	const Responses to = { .take = take_uidvalidity, .ctx = uidvalidity, .lines_max = LINES_MAX };
	g_autofree char *quoted = quote_folder(folder, error);
	g_autofree char *command = NULL;
	const char *words;
	gboolean done;

	if (quoted == NULL)
		return FALSE;
	*uidvalidity = 0;
	imap->is_empty = FALSE;
	command = g_strconcat(to_change ? "SELECT " : "EXAMINE ", quoted, NULL);
	if (!run(imap, command, &to, &done, &words, error))
		return FALSE;
	if (!done)
		return no_such_folder(imap, folder, words, error);
	return *uidvalidity != 0 || refuse(error, "a folder has no UIDVALIDITY");
}

/* ------------------------------------------------------------------------ mails */

typedef struct {
	guint32 first;
	GArray *mails;
} Listing;

static gboolean
take_listed(gpointer ctx, MqImap *imap, G_GNUC_UNUSED GError **error)
{
	Listing *listing = ctx;
	guint64 uid, n_bytes;

	/* the last mail is listed even when its UID is smaller (RFC 3501 6.4.8) */
	if (find_number(imap->line->str, "UID", G_MAXUINT32, &uid) && uid >= listing->first
	    && find_number(imap->line->str, "RFC822.SIZE", G_MAXUINT64, &n_bytes)) {
		const MqImapMail mail = { .uid = (guint32)uid, .n_bytes = n_bytes };

		g_array_append_val(listing->mails, mail);
	}
	return TRUE;
}

static int
compare_uids(gconstpointer a, gconstpointer b)
{
	const MqImapMail *left = a, *right = b;

	return left->uid < right->uid ? -1 : left->uid > right->uid;
}

GArray *
mq_imap_list(MqImap *imap, guint32 first, GError **error)
{
	g_autoptr(GArray) mails = g_array_new(FALSE, FALSE, sizeof(MqImapMail));
	Listing listing = { .first = first, .mails = mails };
	const Responses to = { .take = take_listed, .ctx = &listing, .lines_max = MQ_LIMIT_IMAP_MAILS };
	g_autofree char *command = g_strdup_printf("UID FETCH %u:* (UID RFC822.SIZE)", first);
	guint kept = 0;

	if (!imap->is_empty && !run_well(imap, command, &to, error)) /* "*" is nothing in an empty folder */
		return NULL;
	g_array_sort(mails, compare_uids);
	for (guint i = 0; i < mails->len; i++) /* each once */
		if (i == 0 || g_array_index(mails, MqImapMail, i).uid != g_array_index(mails, MqImapMail, kept - 1).uid)
			g_array_index(mails, MqImapMail, kept++) = g_array_index(mails, MqImapMail, i);
	g_array_set_size(mails, kept);
	return g_steal_pointer(&mails);
}

/* "BODY[] "text"": servers may quote what is short. */
static gboolean
take_quoted_body(MqImap *imap, GError **error)
{
	const char *name = strstr(imap->line->str, "BODY[] \"");

	if (name == NULL)
		return TRUE;
	if (!start_body(imap, error))
		return FALSE;
	for (const char *c = name + strlen("BODY[] \""); *c != '"'; c++) {
		if (*c == '\\')
			c++;
		if (*c == '\0')
			return refuse(error, "a quoted text has no end");
		if (!append_body(imap, c, 1, error))
			return FALSE;
	}
	return TRUE;
}

typedef struct {
	MqImapTake take;
	gpointer ctx;
} Fetching;

static gboolean
take_fetched(gpointer ctx, MqImap *imap, GError **error)
{
	const Fetching *fetching = ctx;
	guint64 uid;
	int fd;

	if (imap->body < 0 && !take_quoted_body(imap, error))
		return FALSE;
	if (imap->body < 0 || !find_number(imap->line->str, "UID", G_MAXUINT32, &uid))
		return TRUE; /* news of flags, or a mail that is gone */
	fd = imap->body;
	imap->body = -1;
	if (fetching->take(fetching->ctx, (guint32)uid, fd, imap->body_bytes))
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
	return FALSE;
}

/* "3,5:9" */
static char *
set_of(const guint32 *uids, guint n)
{
	GString *set = g_string_new(NULL);

	for (guint i = 0; i < n;) {
		guint last = i;

		while (last + 1 < n && uids[last + 1] == uids[last] + 1)
			last++;
		g_string_append_printf(set, last > i ? "%s%u:%u" : "%s%u", i > 0 ? "," : "", uids[i], uids[last]);
		i = last + 1;
	}
	return g_string_free(set, FALSE);
}

gboolean
mq_imap_fetch(MqImap *imap, const MqImapMail *mails, guint n, MqImapTake take, gpointer ctx, GError **error)
{
	Fetching fetching = { take, ctx };
	const Responses to = { .take = take_fetched, .ctx = &fetching, .lines_max = LINES_MAX };
	g_autofree guint32 *uids = g_new(guint32, n);
	g_autofree char *set = NULL;
	g_autofree char *command = NULL;

	for (guint i = 0; i < n; i++)
		uids[i] = mails[i].uid;
	set = set_of(uids, n);
	command = g_strdup_printf("UID FETCH %s (UID BODY.PEEK[])", set);
	return run_well(imap, command, &to, error);
}

/* ------------------------------------------------------------------- afterwards */

static gboolean
take_capabilities(gpointer ctx, MqImap *imap, G_GNUC_UNUSED GError **error)
{
	MqImap *own = ctx;

	if (g_ascii_strncasecmp(imap->line->str, "* CAPABILITY ", 13) == 0) {
		g_free(own->capabilities);
		own->capabilities = g_strconcat(imap->line->str + 12, " ", NULL);
	}
	return TRUE;
}

static gboolean
has_capability(MqImap *imap, const char *spaced, gboolean *has, GError **error)
{
	const Responses to = { .take = take_capabilities, .ctx = imap, .lines_max = LINES_MAX };

	if (imap->capabilities == NULL && !run_well(imap, "CAPABILITY", &to, error))
		return FALSE;
	*has = imap->capabilities != NULL && strstr(imap->capabilities, spaced) != NULL;
	return TRUE;
}

static gboolean
run_on(MqImap *imap, const char *before, const char *set, const char *after, GError **error)
{
	g_autofree char *command = g_strconcat(before, set, after, NULL);

	return run_well(imap, command, &nobody, error);
}

static gboolean
delete_set(MqImap *imap, const char *set, GError **error)
{
	gboolean by_uid;

	return has_capability(imap, " UIDPLUS ", &by_uid, error)
	       && run_on(imap, "UID STORE ", set, " +FLAGS.SILENT (\\Deleted)", error)
	       && (!by_uid || run_on(imap, "UID EXPUNGE ", set, "", error));
}

static gboolean
make_folder(MqImap *imap, const char *quoted, GError **error)
{
	return run_on(imap, "CREATE ", quoted, "", error) && run_on(imap, "SUBSCRIBE ", quoted, "", error);
}

static gboolean
move_set(MqImap *imap, const char *set, const char *folder, GError **error)
{
	g_autofree char *quoted = quote_folder(folder, error);
	g_autofree char *command = NULL;
	const char *words;
	gboolean at_once, done;

	if (quoted == NULL || !has_capability(imap, " MOVE ", &at_once, error))
		return FALSE;
	command = g_strdup_printf("UID %s %s %s", at_once ? "MOVE" : "COPY", set, quoted);
	if (!run(imap, command, &nobody, &done, &words, error))
		return FALSE;
	if (!done && strstr(words, "[TRYCREATE]") != NULL && !make_folder(imap, quoted, error))
		return FALSE;
	return (done || run_well(imap, command, &nobody, error)) && (at_once || delete_set(imap, set, error));
}

static gboolean
settle_set(MqImap *imap, const char *set, const MqAfter *after, GError **error)
{
	switch (after->action) {
	case MQ_AFTER_KEEP:
		return TRUE;
	case MQ_AFTER_SEEN:
		return run_on(imap, "UID STORE ", set, " +FLAGS.SILENT (\\Seen)", error);
	case MQ_AFTER_MOVE:
		return move_set(imap, set, after->folder, error);
	case MQ_AFTER_DELETE:
		return delete_set(imap, set, error);
	}
	g_assert_not_reached();
}

gboolean
mq_imap_settle(MqImap *imap, const guint32 *uids, guint n, const MqAfter *after, GError **error)
{
	/* mails that came after the folder was opened are nobody's to a server that has not said so */
	if (!run_well(imap, "NOOP", &nobody, error))
		return FALSE;
	for (guint i = 0; i < n; i += SET_MAX) {
		g_autofree char *set = set_of(uids + i, MIN(SET_MAX, n - i));

		if (!settle_set(imap, set, after, error))
			return FALSE;
	}
	return TRUE;
}
