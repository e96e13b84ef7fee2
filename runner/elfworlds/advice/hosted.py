"""The trial that runs within a host's own program: a library that is preloaded, and takes the place of `main`; pure.

The program is the real one: its symbols, libraries, static TLS and stack, and all constructors have run. Its `main` has
not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf import ElfObject, Symbol

ENTRY = "__libc_start_main"
NO_START = "host-does-not-start"
CODE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include "mappings.h"

typedef int start_main(
	int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
static const char *way, *plugin;

static int open_plugin(const char *name, void **handle)
{
	*handle = NULL;
	if (strcmp(way, "dlmopen") == 0)
		return step_dlmopen(name, LM_ID_NEWLM, plugin, RTLD_NOW, handle);
	return step_dlopen(name, plugin, RTLD_NOW, handle);
}

static void *in_a_thread(void *handle)
{
	open_plugin("first", handle);
	return NULL;
}

static void open_copies(void)
{
	long count = 0;
	void *each;

	while (count < 20 && step_dlmopen("each", LM_ID_NEWLM, plugin, RTLD_NOW, &each))
		count++;
	step_loop("copies", count, count < 20 ? failed_why : NULL);
}

static void call_function(void *handle, const char *name)
{
	void *found = handle ? dlsym(handle, name) : NULL;

	if (found)
		observe_int("result", ((int (*)(void))found)());
}

/* In the place of the program's main: PROGRAM dlopen|dlmopen SCENARIO PLUGIN [FUNCTION]. */
static int trial(int argc, char **argv, char **environment)
{
	void *first, *second;
	pthread_t other;

	(void)environment;
	if (argc < 4)
		return 2;
	observe("started");
	way = argv[1], plugin = argv[3];
	const char *scenario = argv[2];
	if (strcmp(scenario, "as-often-as-fits") == 0)
		open_copies();
	else if (strcmp(scenario, "opened-in-a-thread") == 0) {
		if (pthread_create(&other, NULL, in_a_thread, &first) == 0)
			pthread_join(other, NULL);
	} else
		open_plugin("first", &first);
	if (strcmp(scenario, "closed") == 0 || strcmp(scenario, "opened-again") == 0)
		step_dlclose("closing", &first);
	if (strcmp(scenario, "closed") == 0)
		step_mappings("left", plugin);
	if (strcmp(scenario, "opened-again") == 0)
		open_plugin("again", &second);
	if (strcmp(scenario, "opened-twice") == 0) {
		open_plugin("second", &second);
		step_mappings("there", plugin);
	}
	if (argc == 5)
		call_function(first, argv[4]);
	return 0;
}

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*loader_fini)(void), void *stack)
{
	start_main *real = (start_main *)dlsym(RTLD_NEXT, "__libc_start_main");

	(void)program;
	return real(trial, argc, argv, init, fini, loader_fini, stack);
}
"""
REPORTS = (
    *("started", "first.ok", "first.error", "second.ok", "second.error", "again.ok", "again.error"),
    *("left.count", "there.copies", "copies.count", "copies.error", "result"),
)


def object_lines() -> Iterator[str]:
    """The preloaded library, as an object of an experiment; without thread-local variables, static TLS is as it was."""
    yield "trial:"
    yield "  library: trial"
    yield f"  exports: [{ENTRY}]"
    yield '  cflags: ["-D__thread=", -pthread]'
    yield "  ldflags: [-pthread, -ldl]"
    yield "  code: |"
    yield from (f"    {line}" if line else "" for line in CODE.strip("\n").split("\n"))


def run_lines(scenario: str, call: str) -> Iterator[str]:
    """What a scenario has in the place of steps.

    Args:
        scenario: its name, by which the library knows what to do.
        call: the function that it calls, as a word of a command line; or nothing.
    """
    yield f'run: "${{host}} ${{matrix.way}} {scenario} ${{plugin}}{call and f" {call}"}"'
    yield 'env: {LD_PRELOAD: "${trial}"}'
    yield f"reports: [{', '.join(REPORTS)}]"


def no_place_for_a_trial(facts: ElfObject, symbols: tuple[Symbol, ...]) -> str | None:
    """Why a program cannot be a host, or None."""
    if facts.interp is None:
        return "a static program, which opens nothing"
    if not any(symbol.symbol == ENTRY for symbol in symbols):
        return f"a program that does not start by {ENTRY}, so that a trial cannot take the place of its main"
    return None


def is_program(facts: ElfObject) -> bool:
    """Whether it is started, and not opened: libc.so.6 has an interpreter too."""
    return facts.type == "ET_EXEC" or "DF_1_PIE" in facts.flags
