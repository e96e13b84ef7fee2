/* Loads a library twice, by dlopen and by dlmopen, and calls functions: NAME of the second copy, -NAME of the first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void call(void *handle, const char *name)
{
	void (*function)(void) = (void (*)(void))dlsym(handle, name);

	if (!function) {
		fprintf(stderr, "%s\n", dlerror());
		exit(4);
	}
	function();
}

int main(int argc, char **argv)
{
	void *base = dlopen(argv[1], RTLD_NOW);
	void *copy = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
	char line[100];

	if (!base || !copy) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	printf("A is %s\n", getenv("A") ? getenv("A") : "unset");
	if (fgets(line, sizeof line, stdin))
		printf("read %s", line);
	fflush(stdout);
	call(base, "hello");
	for (int i = 2; i < argc; i++)
		if (argv[i][0] == '-')
			call(base, argv[i] + 1);
		else
			call(copy, argv[i]);
	fprintf(stderr, "the end\n");
	return 3;
}
