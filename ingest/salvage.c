#include "ingest/salvage.h"

#include <string.h>

#include "ingest/limits.h"
#include "ingest/mail.h"

/* Text that is searched has to be in memory; a report in a body is small. */
#define SEARCHED_BYTES (8 * 1024 * 1024)

typedef struct {
	const char *at, *end;
} Span;

static const char *
find(Span text, const char *what)
{
	return text.at == NULL ? NULL : memmem(text.at, (gsize)(text.end - text.at), what, strlen(what));
}

static gboolean
at_line_start(Span text, const char *at)
{
	return at == text.at || at[-1] == '\n';
}

/* ------------------------------------------------------------ what it looks like */

/* The bytes of a gzip or a zip, to the end: what is behind them is left alone. */
static gboolean
find_packed(Span text, Span *piece)
{
	static const char *const starts[] = { "\x1f\x8b\x08", "PK\3\4" };
	const char *first = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
		const char *at = find((Span){ text.at, first != NULL ? first : text.end }, starts[i]);

		first = at != NULL ? at : first;
	}
	*piece = (Span){ first, text.end };
	return first != NULL && at_line_start(text, first);
}

/* "<feedback" to "</feedback>", with the declaration before it; to the end where it was cut. */
static gboolean
find_document(Span text, const char *declared, const char *open, const char *close, Span *piece)
{
	Span before = { text.at, find(text, open) };
	Span rest = { before.end, text.end };
	const char *declaration, *end;

	if (before.end == NULL)
		return FALSE;
	declaration = find(before, declared);
	end = find(rest, close);
	piece->at = declaration != NULL ? declaration : before.end;
	piece->end = end != NULL ? end + strlen(close) : text.end;
	return TRUE;
}

static gboolean
find_xml(Span text, Span *piece)
{
	return find_document(text, "<?xml", "<feedback", "</feedback>", piece);
}

/* The same in a page of HTML, where it is to be seen. */
static gboolean
find_escaped(Span text, Span *piece)
{
	if (!find_document(text, "&lt;?xml", "&lt;feedback", "&lt;/feedback", piece))
		return FALSE;
	while (piece->end < text.end && piece->end[-1] != '>' && piece->end[-1] != ';')
		piece->end++;
	return TRUE;
}

/* "begin 644 name" to "end". */
static gboolean
find_uuencode(Span text, Span *piece)
{
	static const char begin[] = "begin ", end_line[] = "\nend";
	Span rest = text;
	const char *at, *end;

	while ((at = find(rest, begin)) != NULL) {
		rest.at = at + strlen(begin);
		if (!at_line_start(text, at) || text.end - at < 11 || !g_ascii_isdigit(at[6]) || !g_ascii_isdigit(at[7])
		    || !g_ascii_isdigit(at[8]))
			continue;
		end = find(rest, end_line);
		piece->at = at;
		piece->end = end != NULL ? end + strlen(end_line) : text.end;
		return TRUE;
	}
	return FALSE;
}

static gboolean
is_base64(char c)
{
	return g_ascii_isalnum(c) || c == '+' || c == '/' || c == '=';
}

/* What stands in front of lines that were indented or quoted. The decoder passes over it. */
static const char *
skip_indent(Span text, const char *at)
{
	while (at < text.end && (*at == ' ' || *at == '\t' || *at == '>'))
		at++;
	return at;
}

/* The run of base64 lines at @at; its last line, if it has something else at its end, is left out. */
static const char *
base64_end(Span text, const char *at)
{
	const char *end = at;

	while (end < text.end && (is_base64(*end) || *end == '\r' || *end == '\n'))
		end = *end == '\n' ? skip_indent(text, end + 1) : end + 1;
	while (end < text.end && end > at && strchr(" \t>", end[-1]) != NULL)
		end--;
	while (end < text.end && end > at && end[-1] != '\n')
		end--;
	return end;
}

/* gzip, zip, XML, JSON, 7z, xz, bzip2, rar; and the first two encoded once more. */
static const char *const base64_starts[] = {
	"H4sI", "UEsD", "PD94bWwg", "PGZlZWRiYWNr", "77u/PD94bWwg", "eyJ", "N3q8ryc", "/Td6WFo", "Qlpo", "UmFyIR", "SDRzSU", "VUVzR",
};

static gboolean
starts_base64(Span text)
{
	gsize n = (gsize)(text.end - text.at);

	for (gsize i = 0; i < G_N_ELEMENTS(base64_starts); i++)
		if (n > strlen(base64_starts[i]) && memcmp(text.at, base64_starts[i], strlen(base64_starts[i])) == 0)
			return TRUE;
	return FALSE;
}

/* The first line that begins with one of them and goes on as base64 for a while. */
static gboolean
find_base64(Span text, Span *piece)
{
	Span line = text;

	while (line.at < line.end) {
		const char *end;

		line.at = skip_indent(text, line.at);
		end = starts_base64(line) ? base64_end(text, line.at) : line.at;

		if (end - line.at >= 60) {
			*piece = (Span){ line.at, end };
			return TRUE;
		}
		end = memchr(MAX(end - 1, line.at), '\n', (gsize)(line.end - MAX(end - 1, line.at)));
		line.at = end != NULL ? end + 1 : line.end;
	}
	return FALSE;
}

/* ------------------------------------------------------------------- looking in */

/* XML that was meant to be a report, not one that somebody talks about. */
static gboolean
is_meant(Span piece)
{
	return find(piece, "<feedback") != NULL && find(piece, "<report_metadata") != NULL;
}

/* "": it has a name that claims nothing, so that only a report is worth a word */
static void
look_into(MqUnwrap *unwrap, const MqPart *around, GBytes *bytes, const char *name)
{
	g_autoptr(MqPart) part = mq_part_new_bytes(bytes, around, name != NULL ? name : "", NULL);
	gsize n;
	const char *data = g_bytes_get_data(bytes, &n);
	const char *text = data != NULL ? data : ""; /* nothing came of it */

	part->claim = name != NULL ? mq_claim_of(name, NULL) : MQ_CLAIM_NO;
	if (is_meant((Span){ text, text + n }))
		part->claim = MQ_CLAIM_REPORT;
	mq_unwrap_attachment(unwrap, part);
}

static GBytes *
plain_bytes(Span piece, G_GNUC_UNUSED char **name)
{
	return g_bytes_new(piece.at, (gsize)(piece.end - piece.at));
}

/* The character that "&lt;" and its like stand for, and how long they are. 0: it is none of them. */
static char
unescaped(Span text, gsize *n)
{
	static const struct {
		const char *entity;
		char is;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&#34;", '"' }, { "&#39;", '\'' }, { "&nbsp;", ' ' },
		{ "&amp;", '&' } };

	for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
		*n = strlen(entities[i].entity);
		if ((gsize)(text.end - text.at) >= *n && memcmp(text.at, entities[i].entity, *n) == 0)
			return entities[i].is;
	}
	return 0;
}

/* What the page escaped; its own tags go. */
static GBytes *
escaped_bytes(Span piece, G_GNUC_UNUSED char **name)
{
	GByteArray *out = g_byte_array_sized_new((guint)(piece.end - piece.at));
	gboolean in_tag = FALSE;

	while (piece.at < piece.end) {
		gsize n;
		char c = unescaped(piece, &n);

		if (c == 0) {
			c = *piece.at;
			n = 1;
			in_tag = in_tag || c == '<';
		}
		if (!in_tag)
			g_byte_array_append(out, (const guint8 *)&c, 1);
		in_tag = in_tag && *piece.at != '>';
		piece.at += n;
	}
	return g_byte_array_free_to_bytes(out);
}

static GBytes *
uuencode_bytes(Span piece, char **name)
{
	const char *newline = memchr(piece.at, '\n', (gsize)(piece.end - piece.at));
	g_auto(GStrv) words = NULL;
	g_autofree char *line = NULL;

	if (newline == NULL)
		return g_bytes_new(NULL, 0);
	line = g_strndup(piece.at, (gsize)(newline - piece.at));
	words = g_strsplit(g_strstrip(line), " ", 3);
	*name = g_strv_length(words) == 3 ? g_strdup(words[2]) : NULL;
	piece.at = newline + 1; /* the decoder wants the lines behind "begin" */
	return mq_mail_decode(piece.at, (gsize)(piece.end - piece.at), MQ_ENCODED_UU);
}

static GBytes *
base64_bytes(Span piece, G_GNUC_UNUSED char **name)
{
	return mq_mail_decode(piece.at, (gsize)(piece.end - piece.at), MQ_ENCODED_BASE64);
}

typedef struct {
	const char *what;
	gboolean is_damage; /* MIME should have said what it is */
	gboolean is_raw;    /* only in what nobody decoded yet: elsewhere it would have been seen */
	gboolean (*find)(Span text, Span *piece);
	GBytes *(*decode)(Span piece, char **name);
} Disguise;

static const Disguise disguises[] = {
	{ "XML", FALSE, FALSE, find_xml, plain_bytes },
	{ "escaped XML", FALSE, FALSE, find_escaped, escaped_bytes },
	{ "uuencode", FALSE, FALSE, find_uuencode, uuencode_bytes },
	{ "base64", TRUE, FALSE, find_base64, base64_bytes },
	{ "packed data", TRUE, TRUE, find_packed, plain_bytes },
};

static void
unmask(MqUnwrap *unwrap, const MqPart *part, Span text, const Disguise *disguise)
{
	g_autoptr(GError) error = NULL;
	Span piece;

	while (disguise->find(text, &piece)) {
		g_autofree char *name = NULL;
		g_autoptr(GBytes) bytes = disguise->decode(piece, &name);
		guint n_before = mq_unwrap_n_reports(unwrap);

		if (!mq_unwrap_count_member(unwrap, &error) || !mq_unwrap_spend(unwrap, g_bytes_get_size(bytes), &error)) {
			mq_unwrap_fail(unwrap, part, error);
			return;
		}
		look_into(unwrap, part, bytes, name);
		if (disguise->is_damage && mq_unwrap_n_reports(unwrap) > n_before)
			mq_unwrap_note(unwrap, part, MQ_PROBLEM_MIME_BROKEN, TRUE, "found as bare %s in a text", disguise->what);
		text.at = piece.end;
	}
}

/* TRUE: there was something. */
static gboolean
search(MqUnwrap *unwrap, const MqPart *part, GBytes *bytes, gboolean is_raw)
{
	gsize n;
	const char *text = g_bytes_get_data(bytes, &n);
	guint n_before = mq_unwrap_n_reports(unwrap);

	for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(disguises); i++)
		if (is_raw || !disguises[i].is_raw)
			unmask(unwrap, part, (Span){ text, text + n }, &disguises[i]);
	return mq_unwrap_n_reports(unwrap) > n_before;
}

void
mq_salvage_text(MqUnwrap *unwrap, MqPart *part)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(MqPart) held = NULL;
	g_autoptr(GError) why = NULL;

	bytes = mq_part_hold(part, SEARCHED_BYTES, &why);
	if (bytes == NULL || search(unwrap, part, bytes, FALSE))
		return; /* a text larger than that is nobody's report */
	held = mq_part_new_bytes(bytes, part, NULL, part->type);
	held->depth = part->depth;
	held->is_searched = TRUE;
	mq_unwrap_attachment(unwrap, held);
}

void
mq_salvage_part(MqUnwrap *unwrap, MqPart *part)
{
	g_autoptr(GBytes) bytes = mq_part_hold(part, SEARCHED_BYTES, NULL); /* what is larger is nobody's report */

	part->is_searched = TRUE;
	if (bytes != NULL)
		search(unwrap, part, bytes, FALSE);
}

void
mq_salvage_item(MqUnwrap *unwrap, MqPart *item)
{
	g_autoptr(GBytes) bytes = NULL;

	if (item->is_searched || item->n_bytes > SEARCHED_BYTES || !mq_part_seek(item, 0, NULL)) /* what cannot be read was told before */
		return;
	bytes = mq_part_hold(item, SEARCHED_BYTES, NULL); /* likewise */
	if (bytes != NULL)
		search(unwrap, item, bytes, TRUE);
}
