"""Every verb: who writes its C, and the header that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds.driver import loading, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.driver.position import Position
    from elfworlds.spec.model.steps import Step

    Verb: TypeAlias = Callable[[Step, Position], Iterator[str]]

Stated = TypeVar("Stated")

USED = {
    "namespaces": "namespaces.h",
    "mappings": "mappings.h",
    "phdrs": "phdrs.h",
    "fork": "children.h",
    "system": "children.h",
    "copy_": "files.h",
    "thread": "threads.h",
    "join": "threads.h",
    "cancel": "threads.h",
    "post": "threads.h",
    "await_": "threads.h",
    "sleep": "clock.h",
    "call": "values.h",
    "read": "values.h",
    "c": "values.h",
}


IN_CXX = {"values.h": "overloads.h"}  # what C++ has another header for


def _verb(settings: Callable[[Step], Stated | None], write: Callable[[Stated, Step, Position], Iterator[str]]) -> Verb:
    """Who writes the C of a step whose settings these are."""

    def lines(step: Step, here: Position) -> Iterator[str]:
        stated = settings(step)
        if stated is None:
            raise AssertionError(step.verb)
        return write(stated, step, here)

    return lines


def _sleep(step: Step, here: Position) -> Iterator[str]:
    return running.sleep(step.sleep or 0.0, step, here)


VERBS: Mapping[str, Verb] = {
    "load": _verb(lambda step: step.load, loading.opening),
    "dlopen": _verb(lambda step: step.dlopen, loading.opening),
    "dlmopen": _verb(lambda step: step.dlmopen, loading.opening),
    "dlsym": _verb(lambda step: step.dlsym, loading.dlsym),
    "dlclose": _verb(lambda step: step.dlclose, loading.close),
    "call": _verb(lambda step: step.call, loading.call),
    "read": _verb(lambda step: step.read, loading.read),
    "write": _verb(lambda step: step.write, loading.write),
    "namespaces": _verb(lambda step: step.namespaces, loading.namespaces),
    "mappings": _verb(lambda step: step.mappings, loading.mappings),
    "phdrs": _verb(lambda step: step.phdrs, loading.phdrs),
    "thread": _verb(lambda step: step.thread, running.thread),
    "join": _verb(lambda step: step.join, running.join),
    "cancel": _verb(lambda step: step.cancel, running.cancel),
    "post": _verb(lambda step: step.post, running.post),
    "await_": _verb(lambda step: step.await_, running.await_),
    "fork": _verb(lambda step: step.fork, running.fork),
    "system": _verb(lambda step: step.system, running.system),
    "loop": _verb(lambda step: step.loop, running.loop),
    "copy_": _verb(lambda step: step.copy_, running.copy_),
    "setenv": _verb(lambda step: step.setenv, running.setenv),
    "sleep": _sleep,
    "flush": _verb(lambda step: step.flush, running.flush),
    "c": _verb(lambda step: step.c, running.c),
}
