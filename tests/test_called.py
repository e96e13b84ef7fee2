"""driver.called: a script has what its program calls of our headers, and no more."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from elfworlds import driver
from elfworlds.driver.called import Group, Item, called, parsed
from elfworlds.driver.headers import HEADERS, included, inlined, source
from elfworlds.workflow.experiments import load_all
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.toolchains import stand_ins

EXPERIMENTS = (
    "reference-count",
    "fork-after-libpthread",
    "iterate-phdr",
    "namespace-limit",
    "first-call",
    "environ-grown",
)
ATTRIBUTE = re.compile(r"__attribute__\(\(.*?\)\)\)* ")
WARNINGS = ("-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-std=gnu17", "-fsyntax-only")


def programs() -> Iterator[str]:
    """A program for each set of our headers that one of these experiments includes."""
    known: set[frozenset[str]] = set()
    for loaded in load_all([Path("experiments", f"{name}.yaml") for name in EXPERIMENTS], ROOT):
        plan = make_plan(loaded, stand_ins([loaded]))
        for trial in plan.trials:
            text = plan.files[trial.bound.program].decode() if trial.bound.program else ""
            if text and (headers := frozenset(included(text))) not in known:
                known.add(headers)
                yield text


def names(part: Item | Group) -> set[str]:
    items = part.items if isinstance(part, Group) else (part,)
    return set().union(*(item.names for item in items))


def test_what_is_left_compiles_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    texts = list(programs())
    assert len(texts) > 3
    for text in texts:
        whole = driver.standalone(text, ())
        command = ["cc", *WARNINGS, "-x", "c", "-"]
        done = subprocess.run(command, input=whole, text=True, stderr=subprocess.PIPE, check=False)
        assert done.stderr == ""
        assert len(whole.splitlines()) < len(text.splitlines()) + sum(
            len(source(name).splitlines()) for name in set(included(text))
        )


@pytest.mark.parametrize("header", HEADERS)
def test_every_definition_of_a_header_is_found(header: str) -> None:
    text = source(header)
    found = set().union(*map(names, parsed(text)))
    plain = ATTRIBUTE.sub("", text)
    functions = set(re.findall(r"^OBSERVE [^(=;]*?\b(\w+)\((?!\()", plain, re.MULTILINE))
    macros = set(re.findall(r"^#define (\w+)", text, re.MULTILINE)) - {f"{header.removesuffix('.h').upper()}_H"}
    assert functions | macros <= found


@given(st.sets(st.sampled_from(["step_dlopen", "step_dlsym", "observe_text", "step_dlclose", "need", "failed"])))
def test_nothing_stands_there_that_nothing_calls(wanted: set[str]) -> None:
    program = "int main(void) { " + " ".join(f"{name}();" for name in sorted(wanted)) + " }\n"
    text = called(program, [source("observe.h"), source("steps.h")])
    defined = {name for part in parsed(f"{text}\n") for name in names(part)} - {"observe_text", "observe_text_of"}
    assert {name for name in defined if len(re.findall(rf"\b{name}\b", program + text)) == 1} == set()
    assert wanted <= defined | {"observe_text"}


def test_a_text_that_includes_none_of_them_stays_as_it_is() -> None:
    text = '#include <stdio.h>\n#include "own.h"\nint main(void) { return 0; }\n'
    assert inlined(text) == text
