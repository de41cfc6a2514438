/* Streams, clock and arguments; all else is mq_cli_main(). */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	(void)argc;
	return (int)mq_cli_main(argv, stdout, stderr, g_get_real_time() / G_USEC_PER_SEC);
}
