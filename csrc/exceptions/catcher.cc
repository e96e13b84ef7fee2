/* Claim: an application can catch what a plugin in a namespace of its own throws.
 *
 * Usage: catcher dlopen|dlmopen PLUGIN error|number|own nothing|its-own
 * The last word is what it throws and catches itself before. Says what it caught; exit 1: the plugin could not be used. */
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

struct of_its_own {
	int value;
};

static int throw_its_own()
{
	try {
		throw 7;
	} catch (int number) {
		return number;
	}
}

static void *open_plugin(const char *way, const char *path)
{
	if (std::strcmp(way, "dlmopen") == 0)
		return dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static const char *caught(void (*throw_one)(int), int which)
{
	try {
		throw_one(which);
	} catch (const std::runtime_error &error) {
		return std::strcmp(error.what(), "thrown by the plugin") == 0 ? "by its type" : "with another text";
	} catch (int number) {
		return number == 42 ? "by its type" : "with another value";
	} catch (const of_its_own &own) {
		return own.value == 42 ? "by its type" : "with another value";
	} catch (...) {
		return "without its type";
	}
	return "nothing";
}

int main(int argc, char **argv)
{
	void *plugin = argc == 5 ? open_plugin(argv[1], argv[2]) : nullptr;

	if (!plugin) {
		std::fprintf(stderr, "%s\n", argc == 5 ? dlerror() : "usage: catcher WAY PLUGIN THROWN BEFORE");
		return 1;
	}
	if (std::strcmp(argv[4], "its-own") == 0 && throw_its_own() != 7)
		return 1;
	const int which = std::strcmp(argv[3], "error") == 0 ? 0 : std::strcmp(argv[3], "number") == 0 ? 1 : 2;
	auto throw_and_catch = reinterpret_cast<int (*)(int)>(dlsym(plugin, "throw_and_catch"));
	auto throw_one = reinterpret_cast<void (*)(int)>(dlsym(plugin, "throw_one"));

	std::printf("caught inside: %s\n", throw_and_catch(which) ? "by its type" : "nothing");
	std::fflush(stdout);
	std::printf("caught outside: %s\n", caught(throw_one, which));
	return 0;
}
