"""The hazards that can be seen in files, in the order of harm; each has an experiment of this project that shows it."""

from __future__ import annotations

from elfworlds.advice import evidence
from elfworlds.advice.rule import Rule

ALL = "all of glibc"
RULES = (
    Rule(
        name="interposed",
        experiment="dlopen-order",
        judge=evidence.interposed,
        releases="all",
        remedy="open it with dlmopen or RTLD_DEEPBIND; or hide the symbols: -fvisibility=hidden, a version script",
    ),
    Rule(
        name="only-the-host",
        experiment="lazy-undefined",
        judge=evidence.only_the_host,
        releases=ALL,
        remedy="open it with dlopen, or hand the functions to it as pointers; no DT_NEEDED helps",
    ),
    Rule(
        name="undefined",
        experiment="dlopen-binding",
        judge=evidence.undefined,
        releases="all",
        remedy="link it with what defines the symbol, or patchelf --add-needed; RTLD_LAZY puts it off to the call",
    ),
    Rule(
        name="missing-library",
        experiment="search-order-opened",
        judge=evidence.missing,
        releases="all",
        remedy="elfworlds inspect says where it is looked for; a RUNPATH of the object that needs it is what serves",
    ),
    Rule(
        name="missing-version",
        experiment="built-elsewhere",
        judge=evidence.missing_versions,
        releases="older ones",
        remedy="build it on the oldest release that it must run on",
    ),
    Rule(
        name="a-program",
        experiment="dlopen-a-program",
        judge=evidence.a_program,
        releases="glibc from 2.30 on; ET_EXEC always",
        remedy="link it as a library: -shared",
    ),
    Rule(
        name="static-tls",
        experiment="namespace-limit",
        judge=evidence.initial_exec,
        releases="all of glibc; the tunable is there from 2.32 on",
        remedy="GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384 when the program starts; or do not build with"
        " -ftls-model=initial-exec",
    ),
    Rule(
        name="initial-exec-on-musl",
        experiment="initial-exec-opened",
        judge=evidence.initial_exec_on_musl,
        releases="musl",
        remedy="build without -ftls-model=initial-exec, or link the program with it",
    ),
    Rule(
        name="unique-symbols",
        experiment="unique-symbols",
        judge=evidence.unique,
        releases=ALL,
        remedy="build with -fno-gnu-unique; each namespace that is closed leaks otherwise",
    ),
    Rule(
        name="nodelete",
        experiment="reference-count",
        judge=evidence.nodelete,
        releases=ALL,
        remedy="link without -z nodelete, if it can really be unloaded",
    ),
    Rule(
        name="kept-by-another",
        experiment="held-by-a-binding",
        judge=evidence.kept,
        releases=ALL,
        remedy="hide the symbols that others bind to: -fvisibility=hidden, a version script",
    ),
    Rule(
        name="failing-lookup",
        experiment="failed-lookup",
        judge=evidence.failing_lookups,
        releases="glibc before 2.34",
        remedy="look up only what is there; or load it with dlopen",
    ),
    Rule(
        name="interposer",
        experiment="preload-shim",
        judge=evidence.interposers,
        releases=ALL,
        remedy="preload it instead: in a namespace it takes over nothing, and some end the process",
    ),
    Rule(
        name="thread-local-destructors",
        experiment="tls-destructor",
        judge=evidence.thread_destructors,
        releases=ALL,
        remedy="let the threads that used it end before dlclose; it stays until then",
    ),
    Rule(
        name="key-destructors",
        experiment="key-destructor-after-unload",
        judge=evidence.keys,
        releases=ALL,
        remedy="call pthread_key_delete before dlclose, or never close it",
    ),
    Rule(
        name="shared-keys",
        experiment="duplicate-keys",
        judge=evidence.shared_keys,
        releases=ALL,
        remedy="one copy only; or let the application create as many keys first, so that the numbers differ",
    ),
    Rule(
        name="second-libpthread",
        experiment="fork-after-libpthread",
        judge=evidence.old_libpthread,
        releases="glibc before 2.34",
        remedy="load it in the main thread, before others start",
    ),
    Rule(
        name="executable-stack",
        experiment="executable-stack",
        judge=evidence.executable_stack,
        releases="glibc from 2.41 on refuses it; older ones make every stack executable",
        remedy="mark its assembly: .section .note.GNU-stack; or patchelf --clear-execstack;"
        " or GLIBC_TUNABLES=glibc.rtld.execstack=2",
    ),
    Rule(
        name="processor-level",
        experiment="processor-level",
        judge=evidence.processor_level,
        releases="glibc from 2.33 on",
        remedy="build it for an older level, or put it into glibc-hwcaps/",
    ),
    Rule(
        name="packed-relocations",
        experiment="packed-relocations",
        judge=evidence.packed,
        releases="glibc before 2.36",
        remedy="link without -z pack-relative-relocs",
    ),
    Rule(
        name="symbolic",
        experiment="symbolic-or-hidden",
        judge=evidence.symbolic,
        releases="all",
        remedy="nothing can be interposed in it: a malloc or operator new of the program is not used by it",
    ),
    Rule(
        name="exceptions",
        experiment="exceptions",
        judge=evidence.throwing,
        releases=ALL,
        remedy="catch what it throws before it returns to the application",
    ),
    Rule(
        name="lost-output",
        experiment="lost-output",
        judge=evidence.printing,
        releases=ALL,
        remedy="let it call fflush(NULL) itself, or write(2)",
    ),
    Rule(
        name="opens-others",
        experiment="dlopen-inside",
        judge=evidence.opening,
        releases=ALL,
        remedy="what it opens comes into its own namespace, and not with RTLD_GLOBAL",
    ),
)
"""In the order of harm."""
