/* Starts the program of its own name in ../real by the dynamic loader in ../lib, with the libraries there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char here[4096], loader[4200], libraries[4200], real[4400], data[4200], *words[argc + 9];
	ssize_t size = readlink("/proc/self/exe", here, sizeof here - 1);
	if (size < 0)
		return 126;
	here[size] = 0;
	char *name = strrchr(here, '/');
	*name++ = 0;
	*strrchr(here, '/') = 0;
	snprintf(libraries, sizeof libraries, "%s/lib", here);
	snprintf(loader, sizeof loader, "%s/%s", libraries, LOADER);
	snprintf(real, sizeof real, "%s/real/%s", here, name);
	char *before[] = {loader, "--inhibit-cache", "--argv0", argv[0], "--library-path", libraries, real};
	memcpy(words, before, sizeof before);
	int count = 7;
	if (!strcmp(name, "gdb")) {
		snprintf(data, sizeof data, "--data-directory=%s/share/gdb", here);
		setenv("PYTHONHOME", here, 1);
		setenv("PYTHONDONTWRITEBYTECODE", "1", 1); /* root may write to a store */
		words[count++] = data;
	}
	memcpy(words + count, argv + 1, argc * sizeof *argv);
	if (!strncmp(name, "nix", 3) || !strcmp(name, "build-remote")) { /* its own libraries have another place in them */
		const char *before = getenv("NIX_CONFIG");
		char more[9000];
		snprintf(more, sizeof more, "%.4000s\nbuild-hook = %s/bin/build-remote", before ? before : "", here);
		setenv("NIX_CONFIG", more, 1);
	}
	execv(loader, words);
	perror(loader);
	return 127;
}
