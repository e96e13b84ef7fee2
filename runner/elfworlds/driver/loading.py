"""The verbs of the dynamic loader → lines of C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, result_type, string
from elfworlds.driver.position import each, event, file, in_block, kept, told, with_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.driver.position import Position
    from elfworlds.driver.scope import Scope
    from elfworlds.refs import Template
    from elfworlds.spec.model.steps import Call, Dlmopen, Dlsym, Mappings, Named, Opening, Read, Step, Write

SPECIAL = {None: "RTLD_DEFAULT", "default": "RTLD_DEFAULT", "next": "RTLD_NEXT"}
NAMESPACES = {"new": "LM_ID_NEWLM", "base": "LM_ID_BASE"}


def opening(one: Opening, step: Step, here: Position) -> Iterator[str]:
    """load, dlopen, dlmopen."""
    scope = here.scope
    way = scope.text(step.load.way) if step.load else step.verb
    form, path = file(one.object, one.path, scope) if not one.main_program else (None, "NULL")
    flags = " | ".join(scope.text(flag) for flag in one.flags) or "RTLD_NOW"
    target = f"&it.{identifier(step.name)}" if step.name else "&handle"
    namespace = f"{_namespace(step.load or step.dlmopen, scope)}, " if way == "dlmopen" else ""
    call = f"step_{way}({event(step, scope)}, {namespace}{path}, {flags}, {target})"
    lines = [*here.guard(step, call), *kept(step.name, scope)]
    if step.name is None:
        lines = [*in_block(["void *handle;", "", *with_path(form, iter(lines))])]
        form = None
    yield from with_path(form, iter(lines))


def _namespace(one: Dlmopen | None, scope: Scope) -> str:
    said = "new" if one is None or one.namespace is None else scope.text(one.namespace)
    return NAMESPACES.get(said) or f"namespace_of(it.{identifier(said)})"


def _handle(said: str | None) -> str:
    return SPECIAL.get(said) or f"held(it.{identifier(str(said))})"


def _version(version: Template | None, scope: Scope) -> str:
    return string(scope.text(version)) if version else "NULL"


def dlsym(one: Dlsym, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    words = (
        *(event(step, scope), _handle(one.handle), string(scope.text(one.symbol)), _version(one.version, scope)),
        f"(void **)&it.{identifier(one.as_)}",
    )
    yield from here.guard(step, f"step_dlsym({', '.join(words)})")


def close(one: str, step: Step, here: Position) -> Iterator[str]:
    yield from each(step, here, one, "step_dlclose({name}, &{it})")


def call(one: Call, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    kind = scope.expression(one.type)
    called = f"function({', '.join(scope.expression(arg) for arg in one.args)})"
    finding = _find(step, one.handle, one.function, one.version, scope, "function")
    name = event(step, scope)
    if one.as_:
        member = f"it.{identifier(one.as_)}"
        lines = [f"{member} = {called};", *([] if step.quiet else [f'tell({name}, "call", {member});'])]
    else:
        void = "" if result_type(kind) == "void" else "(void)"
        lines = [f"{void}{called};", *([] if step.quiet else [f'done({name}, "call");'])]
    yield from _looked_up(step, here, f"__typeof__({kind}) *function;", finding, lines)


def _find(
    step: Step, handle: str | None, symbol: Template, version: Template | None, scope: Scope, variable: str
) -> str:
    words = (event(step, scope), string(step.told), _handle(handle), string(scope.text(symbol)))
    return f"find({', '.join(words)}, {_version(version, scope)}, (void **)&{variable})"


def _looked_up(step: Step, here: Position, declared: str, finding: str, lines: list[str]) -> Iterator[str]:
    """What is done with a symbol, if it is found."""
    if step.may_fail:
        yield from in_block([declared, "", f"if ({finding}) {{", *(f"\t{line}" for line in lines), "}"])
    else:
        yield from in_block([declared, "", *here.guard(step, finding), *lines])


def read(one: Read, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    member = f"it.{identifier(one.as_)}"
    finding = _find(step, one.handle, one.symbol, None, scope, "object")
    lines = [f"{member} = *object;", *([] if step.quiet else [f'tell({event(step, scope)}, "read", {member});'])]
    yield from _looked_up(step, here, f"__typeof__({scope.expression(one.type)}) *object;", finding, lines)


def write(one: Write, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    finding = _find(step, one.handle, one.symbol, None, scope, "object")
    lines = [f"*object = {scope.expression(one.value)};", *told(step, scope)]
    yield from _looked_up(step, here, f"__typeof__({scope.expression(one.type)}) *object;", finding, lines)


def namespaces(_: Named, step: Step, here: Position) -> Iterator[str]:
    yield from here.guard(step, f"step_namespaces({event(step, here.scope)})")


def phdrs(_: Named, step: Step, here: Position) -> Iterator[str]:
    yield from here.guard(step, f"observe_phdrs({event(step, here.scope)})")


def mappings(one: Mappings, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    if one.at is not None:
        address = f"(const void *)(uintptr_t)({scope.expression(one.at)})"
        yield from here.guard(step, f"tell_mappings({event(step, scope)}, NULL, {address})")
        return
    form, path = file(one.object, one.path, scope)
    yield from with_path(form, here.guard(step, f"step_mappings({event(step, scope)}, {path})"))
