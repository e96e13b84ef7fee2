"""The verbs of the dynamic loader → lines of C."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, result_type, string
from elfworlds.driver.position import each, event, file, in_block, kept, member, tell_done, with_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.driver.position import Position
    from elfworlds.driver.scope import Scope
    from elfworlds.refs import Template
    from elfworlds.spec.model.steps import Call, Dlmopen, Dlsym, Mappings, Named, Opening, Read, Step, Write

SPECIAL = {None: "RTLD_DEFAULT", "default": "RTLD_DEFAULT", "next": "RTLD_NEXT"}
KERNELS = re.compile(r"\[.+\]")  # what the kernel calls mappings of no file: [stack], [heap], [vdso]
_LMID = re.compile(r"-?[0-9]+")
NAMESPACES = {"new": "LM_ID_NEWLM", "base": "LM_ID_BASE"}


def opening(settings: Opening, step: Step, here: Position) -> Iterator[str]:
    """load, dlopen, dlmopen."""
    scope = here.scope
    way = scope.text(step.load.way) if step.load else step.verb
    form, path = file(settings.object, settings.path, scope) if not settings.main_program else (None, "NULL")
    flags = " | ".join(scope.point.words(settings.flags)) or "RTLD_NOW"
    target = f"&it.{identifier(step.name)}" if step.name else "&handle"
    namespace = f"{_namespace(step.load or step.dlmopen, scope)}, " if way == "dlmopen" else ""
    call = f"step_{way}({event(step, scope)}, {namespace}{path}, {flags}, {target})"
    lines = [*here.guard(step, call), *kept(step.name, scope)]
    if step.name is None:
        lines = [*in_block(["void *handle;", "", *with_path(form, iter(lines))])]
        form = None
    yield from with_path(form, iter(lines))


def _namespace(settings: Dlmopen | None, scope: Scope) -> str:
    namespace = "new" if settings is None or settings.namespace is None else scope.text(settings.namespace)
    if _LMID.fullmatch(namespace):
        return str(int(namespace))
    return NAMESPACES.get(namespace) or f"namespace_of(it.{identifier(namespace)})"


def _handle(handle: str | None) -> str:
    return SPECIAL.get(handle) or f"held({member(str(handle))})"


def _version(version: Template | None, scope: Scope) -> str:
    return string(scope.text(version)) if version else "NULL"


def dlsym(settings: Dlsym, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    words = (
        *(
            event(step, scope),
            _handle(settings.handle),
            string(scope.text(settings.symbol)),
            _version(settings.version, scope),
        ),
        f"(void **)&it.{identifier(settings.as_)}",
    )
    yield from here.guard(step, f"step_dlsym({', '.join(words)})")


def close(handle: str, step: Step, here: Position) -> Iterator[str]:
    yield from each(step, here, handle, "step_dlclose({name}, &{it})")


def call(settings: Call, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    kind = scope.expression(settings.type)
    called = f"function({', '.join(scope.expression(arg) for arg in settings.args)})"
    finding = _find(step, settings.handle, settings.function, settings.version, scope, "function")
    name = event(step, scope)
    if settings.as_:
        member = f"it.{identifier(settings.as_)}"
        lines = [f"{member} = {called};", *([] if step.quiet else [f'tell({name}, "call", {member});'])]
    else:
        void = "" if result_type(kind) == "void" else "(void)"
        lines = [f"{void}{called};", *([] if step.quiet else [f'done({name}, "call");'])]
    yield from _looked_up(step, here, f"__typeof__({kind}) *function;", finding, lines)


def _find(
    step: Step, handle: str | None, symbol: Template, version: Template | None, scope: Scope, variable: str
) -> str:
    words = (event(step, scope), string(step.verb_word), _handle(handle), string(scope.text(symbol)))
    return f"find({', '.join(words)}, {_version(version, scope)}, (void **)&{variable})"


def _looked_up(step: Step, here: Position, declared: str, finding: str, lines: list[str]) -> Iterator[str]:
    """What is done with a symbol, if it is found."""
    if step.may_fail:
        yield from in_block([declared, "", f"if ({finding}) {{", *(f"\t{line}" for line in lines), "}"])
    else:
        yield from in_block([declared, "", *here.guard(step, finding), *lines])


def read(settings: Read, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    member = f"it.{identifier(settings.as_)}"
    finding = _find(step, settings.handle, settings.symbol, None, scope, "object")
    lines = [f"{member} = *object;", *([] if step.quiet else [f'tell({event(step, scope)}, "read", {member});'])]
    yield from _looked_up(step, here, f"__typeof__({scope.expression(settings.type)}) *object;", finding, lines)


def write(settings: Write, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    finding = _find(step, settings.handle, settings.symbol, None, scope, "object")
    lines = [f"*object = {scope.expression(settings.value)};", *tell_done(step, scope)]
    yield from _looked_up(step, here, f"__typeof__({scope.expression(settings.type)}) *object;", finding, lines)


def namespaces(_: Named, step: Step, here: Position) -> Iterator[str]:
    yield from here.guard(step, f"step_namespaces({event(step, here.scope)})")


def phdrs(_: Named, step: Step, here: Position) -> Iterator[str]:
    yield from here.guard(step, f"observe_phdrs({event(step, here.scope)})")


def mappings(settings: Mappings, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    if settings.at is not None:
        address = f"(const void *)(uintptr_t)({scope.expression(settings.at)})"
        yield from here.guard(step, f"tell_mappings({event(step, scope)}, NULL, {address})")
        return
    if settings.path is not None and KERNELS.fullmatch(scope.text(settings.path)):
        name = string(scope.text(settings.path))
        yield from here.guard(step, f"tell_mappings({event(step, scope)}, {name}, NULL)")
        return
    form, path = file(settings.object, settings.path, scope)
    yield from with_path(form, here.guard(step, f"step_mappings({event(step, scope)}, {path})"))
