"""A scenario's steps at a point → the program that they become, as one more executable to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import driver
from elfworlds.planning.recipe import Finish
from elfworlds.planning.request import request
from elfworlds.planning.types import directory_of
from elfworlds.refs import Template
from elfworlds.sources import INCLUDE_DIRECTORY, File
from elfworlds.spec.languages import inline_path
from elfworlds.spec.model.objects import PROGRAM, Program

if TYPE_CHECKING:
    from elfworlds.planning.bind import Binder
    from elfworlds.planning.types import BuildRequest
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.objects import Object

SOURCES = (f"{PROGRAM}.c", f"{PROGRAM}.cc")
OWNER = "the program of "
THREADS = Template(("-pthread",))
LOADER = Template(("-ldl",))  # before glibc 2.34 dlopen is not in libc.so.6; later the library is an empty archive


def built(binder: Binder, name: str, scenario: Scenario) -> tuple[BuildRequest, tuple[str, ...], str]:
    """The request for the program; its argv, symbolic; and the digest of its text."""
    program = driver.program(scenario, binder)
    executable = _executable(scenario.program or Program(), program)
    text = binder.known.keep(File.of(inline_path(executable), program.text.encode()))
    source = inline_path(executable)
    recipe = binder.recipe(f"{OWNER}{name}", executable, (source,), _inputs(binder, program, source))
    build_request = request(recipe, Finish(), binder.building)
    binder.known.add(build_request)
    return (
        build_request,
        (f"{directory_of(build_request.key)}/{build_request.filename}", *program.arguments),
        text,
    )


def _executable(settings: Program, program: driver.GeneratedProgram) -> Object:
    """The program as one more executable of the experiment."""
    threads = (THREADS,) if program.threads else ()
    words = {"cflags": (*threads, *settings.cflags), "ldflags": (*settings.ldflags, LOADER)}
    return settings.as_object(program.text).model_copy(update=words)


def _inputs(binder: Binder, program: driver.GeneratedProgram, source: str) -> dict[str, str]:
    files = {f"{INCLUDE_DIRECTORY}/{name}": data for name, data in driver.headers(program.text).items()}
    files[source] = program.text.encode()
    return {path: binder.known.keep(File.of(path, data)) for path, data in files.items()}
