/* The harness as an ordinary test: reads all files of the folders that are named. A folder that is not
 * there holds nothing; not one file in all of them is a failure. */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

static guint
read_folder(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint n_read = 0;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *bytes = NULL;
		g_autoptr(GError) error = NULL;
		gsize n;

		fprintf(stderr, "%s\n", path); /* the last one is what failed */
		g_file_get_contents(path, &bytes, &n, &error);
		g_assert_no_error(error);
		LLVMFuzzerTestOneInput((const guint8 *)bytes, n);
		n_read++;
	}
	return n_read;
}

int
main(int argc, char **argv)
{
	guint n_read = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		n_read += read_folder(argv[i]);
	printf("%u files read\n", n_read);
	return n_read > 0 ? 0 : 1;
}
