/* A folder of an IMAP account. libcurl connects, secures the connection and logs in; what is said then is
 * in imap.c. */
#include "ingest/origins.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "ingest/imap.h"
#include "ingest/text.h"

#define CONNECT_MS  30000L
#define REPLY_S     20L /* each of the server's replies until we are logged in, and to LOGOUT */
#define FETCH_MAILS 50 /* with one command */
#define FETCH_BYTES (16 * 1024 * 1024)

typedef struct Session Session;

/* place->data */
typedef struct {
	char *host, *user, *folder;
	guint16 port;
	gboolean tls;       /* from the first byte: imaps */
	char *shown;        /* "imaps://user@host/folder" */
	Session *settling;  /* (nullable) the caller's thread's: open from one commit to the next */
} Account;

struct Session {
	CURL *curl;
	curl_socket_t socket;
	GCancellable *cancellable; /* (nullable) */
	MqImap *imap;
	guint32 uidvalidity;
	gboolean is_broken;
};

/* ---------------------------------------------------------------------- account */

gboolean
mq_source_is_imap(const char *source)
{
	return g_ascii_strncasecmp(source, "imap://", 7) == 0 || g_ascii_strncasecmp(source, "imaps://", 8) == 0;
}

static int
imap_bid(const char *source)
{
	return mq_source_is_imap(source) ? 10 : 0;
}

static void
account_free(Account *account)
{
	g_free(account->host);
	g_free(account->user);
	g_free(account->folder);
	g_free(account->shown);
	g_free(account);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)

static char *
folder_of(const char *path)
{
	g_autofree char *folder = g_strdup(*path == '/' ? path + 1 : path);

	if (g_str_has_suffix(folder, "/"))
		folder[strlen(folder) - 1] = '\0';
	return *folder != '\0' ? g_steal_pointer(&folder) : g_strdup("INBOX");
}

/* (nullable) what is wrong with it; the URL itself may hold a secret and is not shown */
static const char *
fault_of(GUri *uri, const MqIngestOptions *options)
{
	if (g_uri_get_password(uri) != NULL)
		return "a password in the address can be read by everybody on this machine: leave it out, and use --password-file, "
		       "--password-command or $MARQUE_IMAP_PASSWORD";
	if (g_uri_get_host(uri) == NULL || *g_uri_get_host(uri) == '\0')
		return "the address names no host: want imaps://USER@HOST/FOLDER";
	if (g_uri_get_query(uri) != NULL || g_uri_get_fragment(uri) != NULL)
		return "in the name of a folder write '?' as %3F and '#' as %23";
	if ((g_uri_get_user(uri) == NULL || *g_uri_get_user(uri) == '\0') && options->user == NULL)
		return "the address names no user: want imaps://USER@HOST/FOLDER, or --user";
	if (options->password == NULL)
		return "there is no password: use --password-file, --password-command or $MARQUE_IMAP_PASSWORD";
	return NULL;
}

static gboolean
imap_check(MqPlace *place, GError **error)
{
	g_autoptr(Account) account = g_new0(Account, 1);
	g_autoptr(GUri) uri = g_uri_parse(place->source, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED, NULL);
	const char *fault = uri != NULL ? fault_of(uri, place->options) : "the address cannot be read: want imaps://USER@HOST/FOLDER";
	const char *user;

	if (fault != NULL) {
		g_set_error(error, MQ_ERROR, MQ_ERROR_USAGE, "IMAP: %s", fault);
		return FALSE;
	}
	user = g_uri_get_user(uri);
	account->tls = g_ascii_strcasecmp(g_uri_get_scheme(uri), "imaps") == 0;
	account->host = g_ascii_strdown(g_uri_get_host(uri), -1);
	account->port = g_uri_get_port(uri) > 0 ? (guint16)g_uri_get_port(uri) : (account->tls ? 993 : 143);
	account->user = g_strdup(user != NULL && *user != '\0' ? user : place->options->user);
	account->folder = folder_of(g_uri_get_path(uri));
	account->shown = g_strdup_printf("%s://%s@%s/%s", account->tls ? "imaps" : "imap", account->user, account->host, account->folder);
	place->data = g_steal_pointer(&account);
	return TRUE;
}

static char *
imap_key(const MqPlace *place)
{
	const Account *account = place->data;

	return g_strdup_printf("imap %s %u %s %s", account->host, account->port, account->user, account->folder);
}

/* ------------------------------------------------------------------- connection */

static int
is_unwanted(void *ctx, G_GNUC_UNUSED curl_off_t a, G_GNUC_UNUSED curl_off_t b, G_GNUC_UNUSED curl_off_t c,
            G_GNUC_UNUSED curl_off_t d)
{
	return ctx != NULL && g_cancellable_is_cancelled(ctx); /* ends the transfer */
}

static gboolean
set_lost(GError **error, CURLcode code)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the connection broke: %s", curl_easy_strerror(code));
	return FALSE;
}

/* Until the socket is ready. */
static gboolean
wait_for(const Session *session, short events, gint64 deadline_us, GError **error)
{
	GPollFD cancelled = { .fd = -1 };
	gboolean can_cancel = g_cancellable_make_pollfd(session->cancellable, &cancelled); /* FALSE when NULL */
	struct pollfd fds[] = { { .fd = session->socket, .events = events }, { .fd = cancelled.fd, .events = POLLIN } };
	gint64 left_ms = MAX(0, (deadline_us - g_get_monotonic_time()) / 1000);
	int ready = poll(fds, G_N_ELEMENTS(fds), (int)MIN(left_ms, G_MAXINT));

	if (can_cancel)
		g_cancellable_release_fd(session->cancellable);
	if (ready > 0 && fds[1].revents != 0)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
	else if (ready == 0)
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the server does not answer any more");
	return ready != 0 && !(ready > 0 && fds[1].revents != 0); /* interrupted is ready: trying tells */
}

static gssize
receive(gpointer ctx, char *bytes, gsize n, gint64 deadline_us, GError **error)
{
	const Session *session = ctx;
	size_t got;

	for (;;) {
		CURLcode code = curl_easy_recv(session->curl, bytes, n, &got);

		if (code == CURLE_OK)
			return (gssize)got;
		if (code != CURLE_AGAIN) {
			set_lost(error, code);
			return -1;
		}
		if (!wait_for(session, POLLIN, deadline_us, error))
			return -1;
	}
}

static gboolean
send_all(gpointer ctx, const char *bytes, gsize n, gint64 deadline_us, GError **error)
{
	const Session *session = ctx;

	while (n > 0) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(session->curl, bytes, n, &sent);

		if (code != CURLE_OK && code != CURLE_AGAIN)
			return set_lost(error, code);
		bytes += sent;
		n -= sent;
		if (n > 0 && !wait_for(session, POLLOUT, deadline_us, error))
			return FALSE;
	}
	return TRUE;
}

/* A session that broke may be in the middle of a mail: then there is nothing to say good-bye to. */
static void
session_free(Session *session)
{
	if (session == NULL)
		return;
	mq_imap_free(session->imap);
	if (session->is_broken && session->socket != CURL_SOCKET_BAD)
		shutdown(session->socket, SHUT_RDWR);
	curl_easy_cleanup(session->curl);
	g_free(session);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* By its name: what else may resolve to this machine has a path that others may be on. */
static gboolean
is_this_machine(const char *host)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);

	return strcmp(host, "localhost") == 0 || (address != NULL && g_inet_address_get_is_loopback(address));
}

static void
set_options(const Session *session, const Account *account, const MqIngestOptions *options, char *message)
{
	g_autofree char *url = g_strdup_printf(strchr(account->host, ':') != NULL ? "%s://[%s]:%u/" : "%s://%s:%u/",
	                                       account->tls ? "imaps" : "imap", account->host, account->port);
	CURL *curl = session->curl;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	curl_easy_setopt(curl, CURLOPT_USERNAME, account->user);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, options->password);
	/* on the way a password is never readable; a server that claims to lack STARTTLS is not believed */
	curl_easy_setopt(curl, CURLOPT_USE_SSL, is_this_machine(account->host) ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L); /* and log in */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2 * CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_unwanted);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, session->cancellable);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	if (options->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
}

static void
set_refused(GError **error, CURLcode code, const Account *account, const char *message)
{
	g_autofree char *seen = mq_text_visible(*message != '\0' ? message : curl_easy_strerror(code));

	switch (code) {
	case CURLE_LOGIN_DENIED:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "the server does not let '%s' in with this password",
		            account->user);
		break;
	case CURLE_USE_SSL_FAILED:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
		            "the server offers no encryption, and no password is sent without: use imaps://");
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
		            "the server's certificate is not trusted (%s): a private authority is named with --ca-file", seen);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
		break;
	default:
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", seen);
	}
}

static gboolean
connect_to(Session *session, const Account *account, const MqIngestOptions *options, GError **error)
{
	char message[CURL_ERROR_SIZE] = "";
	CURLcode code;

	set_options(session, account, options, message);
	code = curl_easy_perform(session->curl);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(session->curl, CURLINFO_ACTIVESOCKET, &session->socket);
	curl_easy_setopt(session->curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK)
		return TRUE;
	set_refused(error, code, account, message);
	return FALSE;
}

/* The folder, open. */
static Session *
session_new(const MqPlace *place, gboolean to_change, GError **error)
{
	const Account *account = place->data;
	g_autoptr(Session) session = g_new0(Session, 1);
	const MqImapConnection connection = { .receive = receive, .send = send_all, .ctx = session };

	session->curl = curl_easy_init();
	session->socket = CURL_SOCKET_BAD;
	session->cancellable = to_change ? NULL : place->cancellable; /* what is committed is still settled */
	session->imap = mq_imap_new(&connection);
	if (!connect_to(session, account, place->options, error))
		return NULL;
	if (mq_imap_open_folder(session->imap, account->folder, to_change, &session->uidvalidity, error))
		return g_steal_pointer(&session);
	session->is_broken = TRUE;
	return NULL;
}

/* ------------------------------------------------------------------------- mark */

static const char *const actions[] = { "keep", "seen", "move", "delete" }; /* in the order of MqAfterAction */

/* "UIDVALIDITY UID ACTION FOLDER": all up to that UID was stored and so treated. */
static char *
mark_of(guint32 uidvalidity, guint32 uid, const MqAfter *after)
{
	return g_strdup_printf("%u %u %s %s", uidvalidity, uid, actions[after->action], after->folder != NULL ? after->folder : "");
}

/* The first UID that is wanted. */
static guint32
first_wanted(MqPlace *place, guint32 uidvalidity)
{
	const MqAfter *after = &place->options->after;
	g_autofree char *mark = place->options->all ? NULL : mq_place_get_mark(place);
	g_auto(GStrv) words = mark != NULL ? g_strsplit(mark, " ", 4) : NULL;
	guint64 validity, uid;

	if (words == NULL || g_strv_length(words) != 4 || !g_ascii_string_to_unsigned(words[0], 10, 1, G_MAXUINT32, &validity, NULL)
	    || !g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXUINT32 - 1, &uid, NULL) || validity != uidvalidity)
		return 1;
	/* what was read before is now to be treated in another way */
	if (after->action != MQ_AFTER_KEEP
	    && (strcmp(words[2], actions[after->action]) != 0 || g_strcmp0(words[3], after->folder != NULL ? after->folder : "") != 0))
		return 1;
	return (guint32)uid + 1;
}

/* ------------------------------------------------------------------------- walk */

typedef struct {
	MqPlace *place;
	const MqWalk *walk;
	guint32 uidvalidity;
	GArray *mails; /* MqImapMail */
	guint begun;   /* those before are all done */
} Walk;

/* Servers may send mails in any order; a mark says that all before it are done. */
static char *
next_mark(Walk *w)
{
	MqImapMail *mails = (MqImapMail *)(gpointer)w->mails->data;

	while (w->begun < w->mails->len && mails[w->begun].done)
		w->begun++;
	return w->begun > 0 ? mark_of(w->uidvalidity, mails[w->begun - 1].uid, &w->place->options->after) : NULL;
}

static int
compare_uid(gconstpointer key, gconstpointer mail)
{
	guint32 uid = *(const guint32 *)key, other = ((const MqImapMail *)mail)->uid;

	return uid < other ? -1 : uid > other;
}

/* @fd -1: too large to be fetched */
static gboolean
emit(Walk *w, MqImapMail *mail, int fd, guint64 n_bytes)
{
	const Account *account = w->place->data;
	g_autofree char *name = g_strdup_printf("%s;UID=%u", account->shown, mail->uid);
	MqItem *item = mq_item_new(&mq_origin_imap, name);

	item->is_mail = TRUE;
	item->number = mail->uid;
	item->place = g_strdup_printf("%u", w->uidvalidity);
	if (fd >= 0)
		mq_item_hold(item, fd, n_bytes);
	mail->done = TRUE;
	item->mark = next_mark(w);
	return w->walk->emit(w->walk->ctx, item);
}

/* MqImapTake. Another one than was asked for, or one a second time, is dropped. */
static gboolean
take_mail(gpointer ctx, guint32 uid, int fd, guint64 n_bytes)
{
	Walk *w = ctx;
	MqImapMail *mail = bsearch(&uid, w->mails->data, w->mails->len, sizeof(MqImapMail), compare_uid);

	if (mail != NULL && !mail->done)
		return emit(w, mail, fd, n_bytes);
	close(fd);
	return TRUE;
}

/* Those that one command fetches, from @from on. */
static guint
count_batch(const GArray *mails, guint from)
{
	const MqImapMail *all = (const MqImapMail *)(gconstpointer)mails->data;
	guint64 n_bytes = 0;
	guint n = 0;

	while (from + n < mails->len && n < FETCH_MAILS && all[from + n].n_bytes <= MQ_LIMIT_MESSAGE_BYTES
	       && (n == 0 || n_bytes + all[from + n].n_bytes <= FETCH_BYTES))
		n_bytes += all[from + n++].n_bytes;
	return n;
}

static gboolean
fetch_all(Walk *w, MqImap *imap, GError **error)
{
	MqImapMail *mails = (MqImapMail *)(gpointer)w->mails->data;

	for (guint i = 0, n; i < w->mails->len; i += MAX(n, 1)) {
		n = count_batch(w->mails, i);
		if (n == 0 && !emit(w, &mails[i], -1, 0)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
			return FALSE;
		}
		if (n > 0 && !mq_imap_fetch(imap, mails + i, n, take_mail, w, error))
			return FALSE;
		for (guint k = 0; k < n; k++)
			mails[i + k].done = TRUE; /* those that were not sent are gone */
	}
	return TRUE;
}

static gboolean
walk_folder(MqPlace *place, const MqWalk *walk, GError **error)
{
	g_autoptr(Session) session = session_new(place, FALSE, error);
	g_autoptr(GArray) mails = NULL;
	Walk w = { .place = place, .walk = walk };

	if (session == NULL)
		return FALSE;
	session->is_broken = TRUE;
	mails = mq_imap_list(session->imap, first_wanted(place, session->uidvalidity), error);
	if (mails == NULL)
		return FALSE;
	w.mails = mails;
	w.uidvalidity = session->uidvalidity;
	walk->expect(walk->ctx, mails->len);
	if (!fetch_all(&w, session->imap, error))
		return FALSE;
	session->is_broken = FALSE;
	return TRUE;
}

static gboolean
imap_walk(MqPlace *place, const MqWalk *walk, GError **error)
{
	g_autoptr(GError) why = NULL;
	const Account *account = place->data;

	if (walk_folder(place, walk, &why) || g_error_matches(why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return TRUE;
	g_set_error(error, why->domain, why->code, "%s: %s", account->shown, why->message);
	return FALSE;
}

static int
imap_open(MqItem *item, GError **error)
{
	if (item->data != NULL)
		return mq_item_open_held(item, error);
	g_set_error(error, MQ_ERROR, MQ_ERROR_LIMIT, "is larger than %d bytes", MQ_LIMIT_MESSAGE_BYTES);
	return -1;
}

/* ------------------------------------------------------------------- afterwards */

static gboolean
settle_in(const Session *session, MqItem *const *items, guint n, const MqAfter *after, GError **error)
{
	g_autofree guint32 *uids = g_new(guint32, n);
	g_autofree char *uidvalidity = g_strdup_printf("%u", session->uidvalidity);

	for (guint i = 0; i < n; i++) {
		uids[i] = items[i]->number;
		if (strcmp(items[i]->place, uidvalidity) == 0)
			continue;
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the folder was made anew meanwhile");
		return FALSE;
	}
	return mq_imap_settle(session->imap, uids, n, after, error);
}

/* A session that was idle since the last commit may have been ended: then once more with a new one. */
static gboolean
settle_once(MqPlace *place, MqItem *const *items, guint n, const MqAfter *after, GError **error)
{
	Account *account = place->data;

	if (account->settling == NULL)
		account->settling = session_new(place, TRUE, error);
	if (account->settling == NULL)
		return FALSE;
	if (settle_in(account->settling, items, n, after, error))
		return TRUE;
	account->settling->is_broken = TRUE;
	g_clear_pointer(&account->settling, session_free);
	return FALSE;
}

static void
imap_settle(MqItem *const *items, guint n, const MqAfter *after, MqUnsettled tell, gpointer ctx)
{
	MqPlace *place = items[0]->in;
	const Account *account = place->data;
	gboolean was_open = account->settling != NULL;
	g_autoptr(GError) error = NULL;

	if (after->action == MQ_AFTER_MOVE && strcmp(after->folder, account->folder) == 0)
		return; /* they are there */
	if (settle_once(place, items, n, after, &error))
		return;
	if (was_open) {
		g_clear_error(&error);
		if (settle_once(place, items, n, after, &error))
			return;
	}
	for (guint i = 0; i < n; i++)
		tell(ctx, items[i], error);
}

static void
imap_leave(gpointer data)
{
	Account *account = data;

	session_free(account->settling);
	account_free(account);
}

const MqOrigin mq_origin_imap = {
	.name = "imap",
	.bid = imap_bid,
	.check = imap_check,
	.leave = imap_leave,
	.key = imap_key,
	.walk = imap_walk,
	.is_remote = TRUE,
	.is_watched = TRUE,
	.open = imap_open,
	.settle = imap_settle,
	.forget = mq_item_forget_held,
};
