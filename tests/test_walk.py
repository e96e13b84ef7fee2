"""prediction.walk on traces that were written by hand: what each thing that a loader may do is taken for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from elfworlds.elf import ElfObject
from elfworlds.records import traced
from elfworlds.resolve import Refusal, Surroundings
from elfworlds.search_prediction import DT_NEEDED, LD_PRELOAD, Prediction, predict
from elfworlds.traces.ldtrace import Event, Forked, LinkMap, LoaderTrace, Search, Settled, TriedFile

APP = ElfObject(
    type="ET_DYN",
    machine="EM_X86_64",
    interp="/ld.so",
    soname=None,
    needed=("liba.so", "libb.so"),
    rpath=None,
    runpath=("/lib",),
    build_id=None,
    flags=(),
    execstack=False,
)
LIBRARY = APP._replace(interp=None, needed=())
FILES: dict[str, ElfObject | Refusal] = {
    "/app": APP,
    "/other": APP,
    "/lib/liba.so": LIBRARY,
    "/lib/libb.so": LIBRARY._replace(needed=("liba.so",)),
}


def world(more: Mapping[str, ElfObject | Refusal] | None = None, **changed: object) -> Surroundings:
    plain = Surroundings({**FILES, **(more or {})}.get, (), {}, (), {})
    return plain._replace(**changed)  # type: ignore[arg-type]  # any field


def began(path: str, pid: int = 1, base: int | None = None) -> LinkMap:
    return LinkMap(pid, 0, 0, path, path, base, None, None, needed_by=None, opened=False)


def searched(name: str, by: str, found: str | None, pid: int = 1) -> Search:
    return Search(pid, 0, name, by, (TriedFile("runpath", found or f"/lib/{name}"),), found)


def mapped(name: str, path: str, by: str, pid: int = 1) -> LinkMap:
    return LinkMap(pid, 0, 1, name, path, 1, None, None, needed_by=by, opened=False)


def loads(name: str, by: str, pid: int = 1) -> list[Event]:
    return [searched(name, by, f"/lib/{name}", pid), mapped(name, f"/lib/{name}", by, pid)]


def whole(app: str, pid: int = 1, base: int | None = None) -> list[Event]:
    """What a loader does for an application."""
    return [began(app, pid, base), *loads("liba.so", app, pid), *loads("libb.so", app, pid), Settled(pid)]


def predicted(events: Iterable[Event], inside: Surroundings | None = None) -> tuple[Prediction, ...]:
    every = tuple(events)
    pids = tuple(dict.fromkeys(one.pid for one in every))
    return predict(LoaderTrace((), (), (), events=every, pids=pids), inside or world())


def verdicts(events: Iterable[Event], inside: Surroundings | None = None) -> list[tuple[str, str | None, bool | None]]:
    return [(one.name, one.predicted, one.agrees) for one in predicted(events, inside)]


AGREED = [("liba.so", "/lib/liba.so", True), ("libb.so", "/lib/libb.so", True), ("liba.so", "/lib/liba.so", True)]


def test_what_the_loader_did_as_it_should_agrees() -> None:
    assert verdicts(whole("/app")) == AGREED


def test_a_search_for_what_is_loaded_is_no_agreement() -> None:
    events = [*whole("/app")[:-1], *loads("liba.so", "/lib/libb.so"), Settled(1)]
    assert verdicts(events)[-1] == ("liba.so", "/lib/liba.so", False)


def test_a_search_that_was_left_out_is_no_agreement() -> None:
    events = [began("/app"), *loads("liba.so", "/app"), Settled(1)]
    assert ("libb.so", "/lib/libb.so", False) in verdicts(events)


@pytest.mark.parametrize("found", ["/elsewhere/liba.so", "/nowhere/liba.so", None])
def test_a_search_that_ended_elsewhere_is_no_agreement(found: str | None) -> None:
    events: list[Event] = [began("/app"), searched("liba.so", "/app", found)]
    events += [mapped("liba.so", found, "/app")] if found else []
    (one, *_) = predicted([*events, Settled(1)])
    assert (one.predicted, one.found, one.agrees) == ("/lib/liba.so", found, False)


def test_a_program_that_exec_began_has_nothing_loaded_but_itself() -> None:
    assert verdicts([*whole("/app"), *whole("/other")]) == [*AGREED, *AGREED]


def opened_apart(pid: int = 1) -> list[Event]:
    """`libc.so` in a namespace of its own."""
    asks = Search(pid, 1, "libc.so", None, (TriedFile("runpath", "/lib/libc.so"),), "/lib/libc.so", "/app", 0)
    return [asks, LinkMap(pid, 1, 0, "libc.so", "/lib/libc.so", 1, None, None, None, opened=True), Settled(pid)]


def test_a_program_that_exec_began_has_no_namespaces_yet() -> None:
    events = [*whole("/app"), *opened_apart(), *whole("/app"), *opened_apart()]
    told = verdicts(events, world({"/lib/libc.so": LIBRARY}))
    assert told == [*AGREED, ("libc.so", "/lib/libc.so", True)] * 2


@pytest.mark.parametrize(("caller", "found"), [("/app", "/lib/libp.so"), ("/lib/liba.so", "/own/libp.so")])
def test_what_dlopen_opens_is_searched_for_by_the_run_path_of_who_calls(caller: str, found: str) -> None:
    files = {"/lib/liba.so": LIBRARY._replace(runpath=("/own",)), "/lib/libp.so": LIBRARY, "/own/libp.so": LIBRARY}
    asks = Search(1, 0, "libp.so", None, (TriedFile("runpath", found),), found, caller, 0)
    opened = LinkMap(1, 0, 3, "libp.so", found, 1, None, None, needed_by=None, opened=True)
    told = predicted([*whole("/app"), asks, opened, Settled(1)], world(files))
    assert (told[-1].needing, told[-1].predicted, told[-1].agrees) == (caller, found, True)


def test_an_object_whose_path_sorts_before_the_programs_is_itself() -> None:
    files = {"/lib/liba.so": LIBRARY._replace(runpath=("/own",)), "/own/libp.so": LIBRARY, "/zz": APP}
    asks = Search(1, 0, "libp.so", None, (TriedFile("runpath", "/own/libp.so"),), "/own/libp.so", "/lib/liba.so", 0)
    opened = LinkMap(1, 0, 3, "libp.so", "/own/libp.so", 1, None, None, needed_by=None, opened=True)
    told = predicted([*whole("/zz"), asks, opened, Settled(1)], world(files))
    assert (told[-1].needing, told[-1].predicted, told[-1].agrees) == ("/lib/liba.so", "/own/libp.so", True)


def test_what_dlopen_opens_is_searched_for_on_behalf_of_a_program_that_a_link_leads_to() -> None:
    asks = Search(1, 0, "libp.so", None, (TriedFile("runpath", "/lib/libp.so"),), "/lib/libp.so", "/link", 0)
    opened = LinkMap(1, 0, 3, "libp.so", "/lib/libp.so", 1, None, None, needed_by=None, opened=True)
    inside = world({"/link": APP, "/lib/libp.so": LIBRARY}, real={"/link": "/app"}.get)
    told = predicted([*whole("/link"), asks, opened, Settled(1)], inside)
    assert (told[-1].needing, told[-1].predicted, told[-1].agrees) == ("/link", "/lib/libp.so", True)


def test_a_second_process_that_nobody_forked_is_as_little_known_as_a_child() -> None:
    moved: list[Event] = [searched("liba.so", "/app", "/e/liba.so", 2), mapped("liba.so", "/e/liba.so", "/app", 2)]
    assert verdicts([*whole("/app"), began("/app", 2), *moved])[-1] == ("liba.so", None, None)


def test_a_program_that_a_child_began_has_nothing_loaded_but_itself() -> None:
    assert verdicts([*whole("/app"), Forked(2, 1), *whole("/other", 2)]) == [*AGREED, *AGREED]
    assert verdicts([*whole("/app"), Forked(2, 1), *whole("/app", 2)]) == [*AGREED, *AGREED]


LATER: dict[str, list[Event]] = {
    "exec": [*whole("/other"), began("/app")],
    "fork and exec": [*whole("/other"), Forked(2, 1), began("/app", 2)],
    "ld.so": [began("/app", base=1)],
}


@pytest.mark.parametrize("way", LATER)
def test_the_environment_of_a_later_program_is_not_known(way: str) -> None:
    """What its search ends at instead may be what its own LD_LIBRARY_PATH says."""
    before = LATER[way]
    pid = before[-1].pid
    events: list[Event] = [
        *before,
        searched("liba.so", "/app", "/else/liba.so", pid),
        mapped("liba.so", "/else/liba.so", "/app", pid),
    ]
    (told,) = [one for one in predicted(events) if one.found == "/else/liba.so"]
    assert (told.predicted, told.rule, told.agrees) == (None, None, None)


def test_what_a_child_had_loaded_when_it_was_forked_is_not_known() -> None:
    asks = Search(2, 0, "libc.so", None, (TriedFile("runpath", "/lib/libc.so"),), "/lib/libc.so", "/app", 0)
    opened = LinkMap(2, 0, 3, "libc.so", "/lib/libc.so", 1, None, None, needed_by=None, opened=True)
    library = world({"/lib/libc.so": LIBRARY._replace(needed=("liba.so",))})
    events: list[Event] = [*whole("/app"), Forked(2, 1), asks, opened, *loads("liba.so", "/lib/libc.so", 2), Settled(2)]
    assert verdicts(events, library)[-2:] == [("libc.so", "/lib/libc.so", True), ("liba.so", None, None)]


def test_only_the_program_that_was_started_has_the_environment_that_is_known() -> None:
    moved: list[Event] = [searched("liba.so", "/app", "/e/liba.so"), mapped("liba.so", "/e/liba.so", "/app")]
    for program, agrees in (("/app", False), ("/else", None), (None, False)):
        told = predicted([began("/app"), *moved], world(program=program))
        assert [one.agrees for one in told] == [agrees]


def test_a_program_with_another_dynamic_loader_is_passed_over_in_silence() -> None:
    assert verdicts(whole("/app"), world(interp="/ld-other.so")) == []
    assert verdicts(whole("/app"), world(interp="/ld.so")) == AGREED


def test_what_a_loader_that_gave_up_did_not_look_for_is_not_foretold() -> None:
    files = {"/lib/libx.so": LIBRARY._replace(needed=("libno.so", "liblater.so")), "/lib/liblater.so": LIBRARY}
    asks = Search(1, 0, "libx.so", None, (TriedFile("runpath", "/lib/libx.so"),), "/lib/libx.so", "/app", 0)
    opened = LinkMap(1, 0, 3, "libx.so", "/lib/libx.so", 1, None, None, needed_by=None, opened=True)
    events = [*whole("/app"), asks, opened, searched("libno.so", "/lib/libx.so", None), Settled(1)]
    assert verdicts(events, world(files))[3:] == [("libx.so", "/lib/libx.so", True), ("libno.so", None, True)]


def test_ldd_goes_on_where_a_name_is_nowhere() -> None:
    nowhere = {name: FILES[name] for name in ("/app", "/lib/libb.so")}
    inside = Surroundings(nowhere.get, (), {}, (), {})
    events = [began("/app", base=1), searched("liba.so", "/app", None), *loads("libb.so", "/app")]
    events += [searched("liba.so", "/lib/libb.so", None)]
    told = [("liba.so", None, True), ("libb.so", "/lib/libb.so", True), ("liba.so", None, True)]
    assert verdicts(events, inside) == told


def test_an_auxiliary_object_may_be_nowhere_and_comes_before_whom_it_serves() -> None:
    filters = (("DT_AUXILIARY", "libno.so", 0), ("DT_AUXILIARY", "libx.so", 0))
    files = {
        "/lib/liba.so": LIBRARY._replace(filters=filters),
        "/lib/libx.so": LIBRARY._replace(needed=("libdeep.so",)),
        "/lib/libdeep.so": LIBRARY,
        "/lib/libb.so": LIBRARY._replace(needed=("libdeep.so",)),
    }
    events = [began("/app"), *loads("liba.so", "/app"), *loads("libb.so", "/app")]
    events += [searched("libno.so", "/lib/liba.so", None), *loads("libx.so", "/lib/liba.so")]
    events += [*loads("libdeep.so", "/lib/libx.so"), Settled(1)]
    told = predicted(events, world(files))
    assert [(one.name, one.agrees) for one in told] == [
        (name, True) for name in ("liba.so", "libb.so", "libno.so", "libx.so", "libdeep.so", "libdeep.so")
    ]
    assert [one.found for one in told if one.name == "libno.so"] == [None]


def test_what_comes_after_an_auxiliary_object_that_is_nowhere_is_followed_too() -> None:
    files = {"/lib/liba.so": LIBRARY._replace(filters=(("DT_AUXILIARY", "libno.so", 0),))}
    events = [began("/app"), *loads("liba.so", "/app"), *loads("libb.so", "/app")]
    events += [searched("libno.so", "/lib/liba.so", None), Settled(1)]
    assert verdicts(events, world(files))[2:] == [("libno.so", None, True), ("liba.so", "/lib/liba.so", True)]


def test_what_a_preloaded_object_needs_is_not_preloaded_itself() -> None:
    files = {
        "/usr/app": APP._replace(needed=()),
        "/lib/libp.so": LIBRARY._replace(needed=("libq.so",), runpath=("/lib",)),
        "/lib/libq.so": LIBRARY,
    }
    preloaded: list[Event] = [
        searched("/lib/libp.so", "/usr/app", "/lib/libp.so"),
        mapped("", "/lib/libp.so", "/usr/app"),
    ]
    events = [began("/usr/app"), *preloaded, *loads("libq.so", "/lib/libp.so"), Settled(1)]
    assert [(one.cause, one.needing, one.name, one.agrees) for one in predicted(events, world(files))] == [
        (LD_PRELOAD, "/usr/app", "/lib/libp.so", True),
        (DT_NEEDED, "/lib/libp.so", "libq.so", True),
    ]


def test_what_was_preloaded_in_vain_is_not_found_whatever_the_trace_says_of_it() -> None:
    """glibc says nothing of the end of such a search."""
    asked = searched("/lib/libno.so", "/app", "/lib/libno.so")
    events: list[Event] = [began("/app"), asked, *whole("/app")[1:]]
    told = predicted(events)
    assert [(one.cause, one.found, one.agrees) for one in told if one.name == "/lib/libno.so"] == [
        (LD_PRELOAD, None, True)
    ]
    searches = tuple(one for one in events if isinstance(one, Search))
    records = traced.searches(LoaderTrace((), searches, (), events=tuple(events), pids=(1,)), told)
    assert [one.found for one in records] == [None, "/lib/liba.so", "/lib/libb.so"]


UNCLEAR: dict[str, Surroundings] = {
    "a file that cannot be read": world({"/lib/liba.so": Refusal.UNKNOWN}),
    "what nobody knows of the cache": world()._replace(cache={"liba.so": None}),
    "the program's own directory": world(settled=lambda path: not path.startswith("/lib")),
    "an environment that changes the search": world(known=False),
    "a token that stands for nobody knows what": world(
        {"/app": APP._replace(runpath=("/$LIB", "/lib"))},
    ),
}


@pytest.mark.parametrize("why", UNCLEAR)
def test_where_the_rules_cannot_tell_nothing_is_said(why: str) -> None:
    inside = UNCLEAR[why]
    moved: list[Event] = [searched("liba.so", "/app", "/e/liba.so"), mapped("liba.so", "/e/liba.so", "/app")]
    if why.startswith("what nobody"):
        inside = inside._replace(read={**FILES, "/lib/liba.so": None}.get)
    (told,) = predicted([began("/app"), *moved], inside)
    assert (told.predicted, told.rule, told.found, told.agrees) == (None, None, "/e/liba.so", None)


def test_a_file_that_is_gone_was_there_when_the_loader_took_it() -> None:
    read = {name: one for name, one in FILES.items() if name != "/lib/liba.so"}.get
    told = predicted(whole("/app"), world(settled=lambda path: not path.startswith("/lib"), read=read))
    assert (told[0].predicted, told[0].agrees) == ("/lib/liba.so", True)
