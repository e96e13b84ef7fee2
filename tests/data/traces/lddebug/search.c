// Names that RPATH, LD_LIBRARY_PATH and RUNPATH lead to, LD_PRELOAD, and files that are mapped under another name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

int first(void);

int main(void)
{
	int failed = 0;

	failed |= !dlopen("libalias.so", RTLD_NOW);              // a symbolic link to what is loaded
	failed |= dlopen("libextra.so", RTLD_NOW | RTLD_NOLOAD) != NULL; // a file, not to be loaded
	failed |= !dlopen("/tmp/x/one/libalias.so", RTLD_NOW);
	return failed || first() != 4;
}
