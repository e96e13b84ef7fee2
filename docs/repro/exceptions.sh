#!/bin/sh
# Can an application catch the C++ exception that a plugin in a namespace of its own throws?
# exceptions: throw, way=dlmopen, thrown=number, thrown-before-by-the-application=nothing, libc=debian/bookworm
# Needs: ${CXX:-c++}. Run it in an empty directory: sh THIS-FILE
set -eu
here=$(pwd)

# The trial's standard output was a pipe.
if [ -t 1 ]; then
	{ sh "$0" "$@" || echo "exit status $?" >&2; } | cat
	exit
fi

# plugin
mkdir -p objects/plugin
mkdir -p src/exceptions
cat > src/exceptions/thrower.cc << 'end_of_file'
/* Claim: whether an exception leaves its namespace is the unwinder's matter, and whether it has its type there is libstdc++'s. */
#include <stdexcept>

struct of_its_own {
	int value;
};

static void (*const throwers[])() = {
	[] { throw std::runtime_error("thrown by the plugin"); },
	[] { throw 42; },
	[] { throw of_its_own{42}; },
};

extern "C" void throw_one(int which)
{
	throwers[which]();
}

// Caught where it was thrown: 1, or 0 where it was not.
extern "C" int throw_and_catch(int which)
{
	try {
		throwers[which]();
	} catch (const std::runtime_error &) {
		return which == 0;
	} catch (int) {
		return which == 1;
	} catch (const of_its_own &) {
		return which == 2;
	}
	return 0;
}
end_of_file
(cd src && ${CXX:-c++} -std=gnu++17 -g -O0 -fPIC -shared -Iinclude exceptions/thrower.cc -o "$here/objects/plugin/libplugin.so" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -Wl,-soname,libplugin.so)

# application
mkdir -p objects/application
mkdir -p src/exceptions
cat > src/exceptions/catcher.cc << 'end_of_file'
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
end_of_file
(cd src && ${CXX:-c++} -std=gnu++17 -g -O0 -fPIE -pie -Iinclude exceptions/catcher.cc -o "$here/objects/application/catcher" -Wl,--no-as-needed -Wl,--enable-new-dtags -Wl,-z,lazy -Wl,-z,noexecstack -Wl,--build-id=sha1 -Wl,--hash-style=gnu -ldl)

# It is over after 30 s; where it hangs, that is what happens.
mkdir -p cwd && cd cwd
exec env -i -- "$here/objects/application/catcher" dlmopen "$here/objects/plugin/libplugin.so" number nothing < /dev/null
