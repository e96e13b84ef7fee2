"""Every verb: who writes its C, and the header that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds.driver import loading, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.driver.position import Position
    from elfworlds.spec.model.steps import Step

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
VERBS: Mapping[str, Callable[[Any, Step, Position], Iterator[str]]] = {
    "load": loading.opening,
    "dlopen": loading.opening,
    "dlmopen": loading.opening,
    "dlsym": loading.dlsym,
    "dlclose": loading.close,
    "call": loading.call,
    "read": loading.read,
    "write": loading.write,
    "namespaces": loading.namespaces,
    "mappings": loading.mappings,
    "phdrs": loading.phdrs,
    "thread": running.thread,
    "join": running.join,
    "cancel": running.cancel,
    "post": running.post,
    "await_": running.await_,
    "fork": running.fork,
    "system": running.system,
    "loop": running.loop,
    "copy_": running.copy_,
    "setenv": running.setenv,
    "sleep": running.sleep,
    "flush": running.flush,
    "c": running.c,
}
