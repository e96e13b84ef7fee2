#!/bin/sh
# How many plugins does an application survive that frees each plugin's string itself?
# more-plugins: the-whole-log, plugins=9, freed-by=application, libc=debian/bookworm
# claim S1-07: The application may free a plugin's string. (complete)
# Needs: ${CC:-cc}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# base-0
mkdir -p objects/base-0
mkdir -p src/base
cat > src/base/base.c << 'end_of_file'
/* Claim: which copy of this file a caller reached shows in its version (fixed) and its global (mutable). */
#include "base.h"

int base_global_value = VERSION;

int base_version(void)
{
	return VERSION;
}
end_of_file
mkdir -p src/base
cat > src/base/base.h << 'end_of_file'
/* base: a library with one version and one global, the bottom of every dependency chain. */
#ifndef BASE_H
#define BASE_H

extern int base_global_value;

int base_version(void);

#endif
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DVERSION=0 base/base.c -o "$here/objects/base-0/libbase.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libbase.so)

# base-1
mkdir -p objects/base-1
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DVERSION=1 base/base.c -o "$here/objects/base-1/libbase.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libbase.so)

# user-1
mkdir -p objects/user-1
mkdir -p src/user
cat > src/user/user.c << 'end_of_file'
/* Claim: a plugin loaded into a namespace of its own has its own globals, and so has the base it needs. */
#include "user.h"

#include "../base/base.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 128 };

int global_value = VERSION;

int version(void)
{
	return VERSION;
}

char *fullname(void)
{
	char *name = malloc(NAME_BYTES);

	if (name)
		snprintf(name, NAME_BYTES, "my_glob='%d', my_version=%d, base_glob='%d', base_version=%d",
			 global_value, version(), base_global_value, base_version());
	return name;
}

/* A namespace has a malloc of its own, so what came from it must go back to it. */
void release_name(char *name)
{
	free(name);
}
end_of_file
mkdir -p src/user
cat > src/user/user.h << 'end_of_file'
/* user: the plugin's interface, found by name with dlsym(3). */
#ifndef USER_H
#define USER_H

extern int global_value;

int version(void);

/* Who this copy is and which base it sees, allocated here: hand it back to release_name. */
char *fullname(void);
void release_name(char *name);

#endif
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIC -shared -Iinclude -DVERSION=1 user/user.c -o "$here/objects/user-1/libuser.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libuser.so -Xlinker -rpath -Xlinker "$here/objects/base-1" "$here/objects/base-1/libbase.so")

# application
mkdir -p objects/application
mkdir -p src/app
cat > src/app/app.c << 'end_of_file'
/* Claim: an application that loads plugins by dlmopen(LM_ID_NEWLM) can change any copy's globals and no other's.
 *
 * Usage: app dlmopen|dlopen PLUGIN...   Exit 0: the log is complete; 1: a plugin could not be used.
 * With -DFREE_IT_HERE the application itself frees what a plugin's malloc returned. */
#define _GNU_SOURCE
#include "../base/base.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plugin {
	void *handle;
	int *global_value;
	int *base_global_value;
	char *(*fullname)(void);
	void (*release_name)(char *name);
};

static int global_value = VERSION;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dlerror());
	exit(1);
}

static void *open_plugin(const char *way, const char *path)
{
	void *handle;

	if (strcmp(way, "dlmopen") == 0)
		handle = dlmopen(LM_ID_NEWLM, path, RTLD_LAZY | RTLD_LOCAL);
	else
		handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!handle)
		fail(way);
	return handle;
}

static void *find(void *handle, const char *symbol)
{
	void *address = dlsym(handle, symbol);

	if (!address)
		fail("dlsym");
	return address;
}

static struct plugin load(const char *way, const char *path)
{
	struct plugin plugin = {.handle = open_plugin(way, path)};

	plugin.global_value = find(plugin.handle, "global_value");
	plugin.base_global_value = find(plugin.handle, "base_global_value");
	/* POSIX lets a function's address travel through void *; ISO C has no words for it. */
	*(void **)&plugin.fullname = find(plugin.handle, "fullname");
	*(void **)&plugin.release_name = find(plugin.handle, "release_name");
	return plugin;
}

static void print_application(void)
{
	printf("runner fullname: my_glob='%d', my_version=%d, base_glob='%d', base_version=%d\n", global_value,
	       VERSION, base_global_value, base_version());
}

static void release(const struct plugin *plugin, char *name)
{
#ifdef FREE_IT_HERE
	(void)plugin;
	free(name);
#else
	plugin->release_name(name);
#endif
}

static void print_all(const struct plugin *plugins, int count)
{
	print_application();
	for (int i = 0; i < count; i++) {
		char *name = plugins[i].fullname();

		printf("user %d fullname: %s\n", i, name ? name : "(no memory)");
		release(&plugins[i], name);
	}
}

static void change_all(const struct plugin *plugins, int count)
{
	for (int i = 0; i < count; i++) {
		*plugins[i].global_value = 10 * (i + 1);
		*plugins[i].base_global_value = 100 * (i + 1);
	}
	global_value = 42;
	base_global_value = 420;
}

int main(int argc, char **argv)
{
	int count = argc - 2;
	struct plugin *plugins;

	if (count < 1 || (strcmp(argv[1], "dlmopen") != 0 && strcmp(argv[1], "dlopen") != 0)) {
		fprintf(stderr, "usage: app dlmopen|dlopen PLUGIN...\n");
		return 2;
	}
	plugins = calloc((size_t)count, sizeof *plugins);
	if (!plugins)
		return 1;
	print_application();
	for (int i = 0; i < count; i++)
		plugins[i] = load(argv[1], argv[i + 2]);
	printf("All users have been loaded.\n");
	print_all(plugins, count);
	printf("Changing global values.\n");
	change_all(plugins, count);
	printf("Printing fullnames again.\n");
	print_all(plugins, count);
	printf("Removing user libs from memory.\n");
	for (int i = 0; i < count; i++)
		if (dlclose(plugins[i].handle) != 0)
			fail("dlclose");
	free(plugins);
	print_application();
	return 0;
}
end_of_file
(cd src && ${CC:-cc} -std=gnu17 -g -O0 -fPIE -pie -Iinclude -DFREE_IT_HERE=1 -DVERSION=0 app/app.c -o "$here/objects/application/app" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Xlinker -rpath -Xlinker "$here/objects/base-0" "$here/objects/base-0/libbase.so" -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "$here/objects/application/app" dlmopen "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" "$here/objects/user-1/libuser.so" < /dev/null
