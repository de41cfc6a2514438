/* cli: talks to people. Options, commands, tables, JSON, the digest. Only this folder writes to
 * standard output and standard error, and only it ends a run. */
#ifndef MQ_CLI_CLI_H
#define MQ_CLI_CLI_H

#include <stdio.h>

#include <glib.h>

typedef enum {
	MQ_EXIT_OK = 0,     /* done */
	MQ_EXIT_PERSON = 1, /* done, but something needs a person */
	MQ_EXIT_USAGE = 2,  /* the command line is wrong */
	MQ_EXIT_FAILED = 3, /* it could not run: database, disk, DNS out of reach */
} MqExit;

/**
 * mq_cli_main:
 * @argv: (array zero-terminated=1): with the program's name
 * @now_s: what the time is, seconds UTC (--as-of overrides it)
 */
MqExit mq_cli_main(char **argv, FILE *out, FILE *err, gint64 now_s);

#endif
