/* The table of output formats: each prints a document. To add one: a file output_NAME.c that ends
 * in its row, one word in MQ_OUTPUTS, and its name in the formats of the commands that have it. */
#ifndef MQ_CLI_OUTPUTS_H
#define MQ_CLI_OUTPUTS_H

#include "cli/app.h"
#include "cli/document.h"

/* How a command's document is laid out where people, not programs, read it. */
typedef struct {
	const char *rows;        /* (nullable) the document's key of the array that @columns are of */
	const MqColumn *columns;
	guint n_columns;
	const char *nothing;     /* (nullable) what is said on standard error when there are no rows */
	/* (nullable) prints the whole text by itself; else the rows are a table */
	void (*print_text)(const MqApp *app, const json_t *document);
} MqLayout;

typedef struct {
	const char *name;
	void (*print)(const MqApp *app, const json_t *document, const MqLayout *layout);
} MqOutput;

#define MQ_OUTPUTS(ROW) ROW(table) ROW(json) ROW(csv)
#define MQ_OUTPUT_DECLARE(name) extern const MqOutput mq_output_##name;
MQ_OUTPUTS(MQ_OUTPUT_DECLARE)

/* Prints @document to app->out in the format that was asked for (mq_app_parse() checked it). */
void mq_output_print(const MqApp *app, const json_t *document, const MqLayout *layout);

/* The parts that layouts are made of: */

/* Columns of an array of row objects, as a table; nothing for no rows. @total: (nullable) a last row. */
void mq_print_table(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows,
                    const json_t *total);
/* The same; the long texts @details of a row stand beneath it. */
void mq_print_detailed(const MqApp *app, const MqColumn *columns, guint n_columns, const MqColumn *details,
                       guint n_details, const json_t *rows);
/* FALSE on a terminal so narrow that texts of such a table could not be read any more. */
gboolean mq_table_fits(const MqApp *app, const MqColumn *columns, guint n_columns, const json_t *rows);
/* Those of @columns that have something to show in @rows: text that no row has is no column. (transfer full)
 * (element-type MqColumn) */
GArray *mq_columns_shown(const MqColumn *columns, guint n_columns, const json_t *rows);
/* Such as stand right-aligned. */
gboolean mq_cell_is_number(MqCellKind kind);
/* Text of one cell as people read it, visible. (transfer full) */
char *mq_cell_text(MqCellKind kind, const json_t *value);
/* "  label     value" lines; null values are left out. */
void mq_print_fields(const MqApp *app, const MqColumn *fields, guint n_fields, const json_t *object);
/* A line; its arguments are made visible as a whole. */
void mq_print_line(const MqApp *app, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Bold where colours are. */
void mq_print_heading(const MqApp *app, const char *text);
/* @text after @label (ours, of at most @indent columns), at a terminal broken between words. */
void mq_print_paragraph(const MqApp *app, const char *label, guint indent, const char *text);

/* One JSON document, or one line of many when @compact. */
void mq_print_json(FILE *out, const json_t *document, gboolean compact);

/* The same document, with rows that are not all in memory at once: @key is the last one, an array. */
typedef struct {
	FILE *out;
	guint64 n;
} MqJsonRows;
void mq_json_rows_begin(MqJsonRows *rows, FILE *out, const json_t *document, const char *key);
void mq_json_rows_add(MqJsonRows *rows, const json_t *row);
void mq_json_rows_end(MqJsonRows *rows);

/* RFC 4180; a cell that a spreadsheet would run is defused. @row NULL: the header. */
void mq_print_csv_row(FILE *out, const MqColumn *columns, guint n_columns, const json_t *row);

/* "98.2 %": rounded, yet never to 0 % or 100 % what is not. (transfer full) */
char *mq_share_to_text(double share);

#endif
