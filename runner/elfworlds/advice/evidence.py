"""What of a case shows each hazard; pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.advice import keeping, loading, static_tls
from elfworlds.advice.case import RUNTIMES, is_of_libc
from elfworlds.advice.members import INITIAL_EXEC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.advice.case import Case
    from elfworlds.advice.members import Member
    from elfworlds.bindings import Wanted

Evidence = tuple[str, str]  # the path of an object, and what shows it
LIBC, FUNCTIONS = "libc.so.6", ("STT_FUNC", "STT_GNU_IFUNC")
CAUGHT_EVERYWHERE = (2, 34)  # glibc bug 24772
SHOWN = 3  # symbols that are named
ALLOCATING = (
    *("malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign", "memalign", "valloc"),
    *("strdup", "__strdup", "strndup", "__strndup", "wcsdup", "asprintf", "__asprintf_chk", "vasprintf"),
    *("__vasprintf_chk", "getline", "getdelim", "__getdelim", "canonicalize_file_name", "get_current_dir_name"),
    *("open_memstream", "open_wmemstream", "scandir", "tempnam"),
)  # getcwd and realpath mostly fill a buffer of their caller's
FREEING = ("free",)
PRINTING = ("printf", "puts", "fwrite", "putchar", "vprintf", "__printf_chk", "__vprintf_chk", "stdout")


def interposed(case: Case) -> Iterator[Evidence]:
    """Symbols that an object defines itself and that the host serves."""
    for member in case.new:
        if is_of_libc(member):
            continue
        for other, serves in case.scope.serving(member):
            if other.path not in case.scope.new and not is_of_libc(other):
                own = sorted(wanted.name for wanted in serves if member.definitions.defining(wanted.name))
                if own:
                    yield member.path, f"{_named(own)}: {other.path} defines the same and comes first"


def only_the_host(case: Case) -> Iterator[Evidence]:
    """Symbols that nothing here serves, and that the program exports, which is in no other namespace."""
    if not (case.apart and case.hosted and case.process):
        return
    program = case.process[0]
    for member in case.new:
        lacking = [wanted for wanted in case.scope.undefined(member) if program.definitions.answering(wanted)]
        if lacking:
            names = _named(sorted(wanted.name for wanted in lacking))
            yield member.path, f"{names}: only the program {program.path} exports it"


def undefined(case: Case) -> Iterator[Evidence]:
    """Symbols that nothing serves; by the libraries that would, where the system has them."""
    for member in case.new:
        groups: dict[str, list[str]] = {}
        for wanted in sorted(case.scope.undefined(member), key=lambda wanted: wanted.name):
            where = _defined_by(wanted, case) if wanted.name in case.usual_names else ""
            groups.setdefault(where, []).append(wanted.name)
        for where, names in groups.items():
            yield member.path, f"{_named(names)}: nothing in its closure defines it{where}"


def _defined_by(wanted: Wanted, case: Case) -> str:
    """Where a missing symbol is defined, beyond the closure."""
    library = case.inspection.not_needed(wanted)
    if library is None:
        return ""
    if library.answers:
        name = posixpath.basename(library.path)
        first = "" if case.apart else ", or open that first with RTLD_GLOBAL"
        return f"; {library.path} defines it: patchelf --add-needed {name}{first}"
    return f"; {library.path} defines {wanted.name}, but without version {wanted.version}"


def missing(case: Case) -> Iterator[Evidence]:
    """Names that nothing serves."""
    for need in case.inspection.missing:
        yield need.needing, f"{need.name} is not found"


def missing_versions(case: Case) -> Iterator[Evidence]:
    """Versions that a provider has not."""
    for version in case.inspection.missing_versions:
        yield version.needing, f"{version.version} is not in {version.path}"


def a_program(case: Case) -> Iterator[Evidence]:
    """A program is no library."""
    for why in loading.itself(case):
        yield case.file, why


def initial_exec(case: Case) -> Iterator[Evidence]:
    """Static TLS that the closure takes."""
    if case.musl:
        return
    for member in static_tls.takers(case.scope, INITIAL_EXEC):
        if not (is_of_libc(member) and case.apart):  # every namespace with a libc takes that
            yield member.path, f"{member.layout.tls_size} bytes of static TLS"


def unique(case: Case) -> Iterator[Evidence]:
    """Objects that stay since somebody is bound to a unique symbol of theirs, and what they keep."""
    for pin in keeping.pins(case.scope):
        if pin.symbol is not None:
            yield pin.member.path, f"{pin.symbol} is unique, and bound"


def nodelete(case: Case) -> Iterator[Evidence]:
    """Objects that say that they are never unloaded."""
    for member in case.new:
        if member.nodelete:
            yield member.path, "DF_1_NODELETE"


def kept(case: Case) -> Iterator[Evidence]:
    """The file itself stays, though nothing in it says so."""
    why = keeping.kept_by(case.scope, case.file, case.needs)
    if why is not None and ";" in why:
        yield case.file, why


def thread_destructors(case: Case) -> Iterator[Evidence]:
    """Destructors of thread-local variables, by whichever language."""
    yield from _calling(case, "__cxa_thread_atexit", "__cxa_thread_atexit_impl")


def keys(case: Case) -> Iterator[Evidence]:
    """Keys whose destructor may lie in what is closed."""
    yield from _calling(case, "pthread_key_create", "tss_create")


def shared_keys(case: Case) -> Iterator[Evidence]:
    """Keys of one namespace have the numbers of another one's, and one value a thread."""
    if not case.apart:
        return
    storing = {member.path for member in case.storing}
    for path, evidence in _calling(case, "pthread_getspecific", "tss_get"):
        yield path, f"{evidence}, and keeps its slices under a key" if path in storing else evidence


def old_libpthread(case: Case) -> Iterator[Evidence]:
    """A second libpthread."""
    if case.apart and case.release < (2, 34):
        for member in case.new:
            if member.facts.soname == "libpthread.so.0":
                yield member.path, "a second libpthread.so.0"


def packed(case: Case) -> Iterator[Evidence]:
    """DT_RELR."""
    if case.release < loading.PACKED_KNOWN:
        for member in case.new:
            if member.relocations.packed:
                yield member.path, f"DT_RELR with {member.relocations.packed.relocations} relocations"


def initial_exec_on_musl(case: Case) -> Iterator[Evidence]:
    """Static TLS where it is refused."""
    if case.musl:
        for member in static_tls.takers(case.scope, INITIAL_EXEC):
            yield member.path, "initial-exec TLS"


def executable_stack(case: Case) -> Iterator[Evidence]:
    """An object that asks for an executable stack, or does not say that it needs none."""
    for member in () if case.musl else case.new:
        if member.facts.execstack:
            stack = member.layout.stack
            yield member.path, f"PT_GNU_STACK is {stack.flags}" if stack else "it has no PT_GNU_STACK"


def processor_level(case: Case) -> Iterator[Evidence]:
    """A level that this processor has not."""
    for member in () if case.musl else case.new:
        lacking = [level for level in member.isa_needed if level not in case.levels]
        if lacking:
            yield member.path, f"needs {lacking[-1]}, which this processor has not"


def failing_lookups(case: Case) -> Iterator[Evidence]:
    """Lookups that nobody catches where they fail."""
    if case.apart and case.release < CAUGHT_EVERYWHERE:
        yield from _calling(case, "dlsym", "dlvsym", "dlopen", "dlmopen")


def interposers(case: Case) -> Iterator[Evidence]:
    """Objects that define functions of libc, and look up the real ones behind them."""
    libc = next((member for member in (*case.new, *case.process) if member.facts.soname == LIBC), None)
    if not (case.apart and libc):
        return
    for member in case.new:
        if is_of_libc(member) or not {"dlsym", "dlvsym"} & member.by_name.keys():
            continue
        shared = libc.definitions.by_name.keys() & member.definitions.by_name.keys()
        both = sorted(name for name in shared if _is_function(member, name) and _is_function(libc, name))
        if both:
            yield member.path, f"defines {_named(both)} as libc does, and looks up others"


def _is_function(member: Member, name: str) -> bool:
    return any(symbol.type in FUNCTIONS for symbol in member.definitions.defining(name))


def symbolic(case: Case) -> Iterator[Evidence]:
    """Objects that look in themselves first."""
    for member in case.new:
        if member.symbolic:
            yield member.path, "DF_SYMBOLIC"


def throwing(case: Case) -> Iterator[Evidence]:
    """Exceptions that would cross from one namespace to another."""
    if case.apart:
        yield from _calling(case, "__cxa_throw", "_Unwind_RaiseException")


def printing(case: Case) -> Iterator[Evidence]:
    """Output that lies in the namespace's own buffers."""
    if case.apart:
        yield from _calling(case, *PRINTING)


def opening(case: Case) -> Iterator[Evidence]:
    """What it opens itself."""
    if case.apart:
        yield from _calling(case, "dlopen", "dlmopen")


def text_relocations(case: Case) -> Iterator[Evidence]:
    """Code that is made writable while it is loaded."""
    for member in case.new:
        count = member.relocations.in_read_only
        if count or "DF_TEXTREL" in member.facts.flags:
            yield member.path, f"{count} relocations in code" if count else "DF_TEXTREL"


def auditors(case: Case) -> Iterator[Evidence]:
    """What only LD_AUDIT calls."""
    for member in case.new:
        if member.definitions.defining("la_version"):
            yield member.path, "defines la_version"


def exit_handlers(case: Case) -> Iterator[Evidence]:
    """Handlers for the end of the process that belong to no library."""
    yield from _calling(case, "on_exit")


def crossing_heap(case: Case) -> Iterator[Evidence]:
    """What the file allocates and nothing in its closure frees, or the other way; a named host must do its part."""
    own = next((member for member in case.new if member.path == case.file), None)
    if own is None or not case.apart:
        return
    beside = [member for member in case.new if member is not own and not is_of_libc(member)]
    allocates, frees = ([name for name in names if name in own.by_name] for names in (ALLOCATING, FREEING))
    if allocates and not frees:
        beside = [member for member in beside if member.facts.soname not in RUNTIMES]
        yield from _crossing(case, f"refers to {_named(allocates)}, and not to free", FREEING, beside)
    elif frees and not allocates:
        yield from _crossing(case, f"refers to {_named(frees)}, and to nothing that allocates", ALLOCATING, beside)


def _crossing(case: Case, evidence: str, others: Sequence[str], beside: Sequence[Member]) -> Iterator[Evidence]:
    """One half of an allocation, where what comes along has not the other half, and the application has it."""
    if any(name in member.by_name for member in beside for name in others):
        return
    if not case.hosted:
        yield case.file, evidence
        return
    for member in case.process:
        names = [name for name in others if name in member.by_name]
        if names and not is_of_libc(member):
            yield case.file, f"{evidence}; {member.path} refers to {_named(names)}"
            return


def _calling(case: Case, *names: str) -> Iterator[Evidence]:
    for path, symbols in case.calling(*names).items():
        yield path, f"refers to {_named(symbols)}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
