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
