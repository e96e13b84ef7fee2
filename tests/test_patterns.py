"""Regular expressions of users: in linear time, over any text, silent; those we ship mean what they meant."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.patterns import PatternError, pattern
from elfworlds.yamltext import read
from waiting import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import World

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("experiments/*.yaml"), *ROOT.glob("tests/data/steps/*.yaml")])
SETTINGS = settings(database=None, max_examples=60 * TIMES)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))  # lone surrogates too
PIECES = ["a", "ab", "b", "\n", "x", " ", "lib", ".so", "1", "é", "'", "=", ",", "0x1f"]


def patterns(data: Any) -> Iterator[str]:  # noqa: ANN401  # any data of a file
    """Every operand of `matches`."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from [str(value)] if key == "matches" and isinstance(value, str) else patterns(value)
    elif isinstance(data, list):
        for one in data:
            yield from patterns(one)


SHIPPED = sorted({one for file in FILES for one in patterns(read(file).data())})


def test_there_are_shipped_patterns() -> None:
    assert len(SHIPPED) >= 15


@pytest.mark.parametrize("text", SHIPPED)
@SETTINGS
@given(data=st.data())
def test_a_shipped_pattern_means_what_it_meant_in_python(text: str, data: st.DataObject) -> None:
    like = st.from_regex(text) if "${" not in text else st.nothing()
    subject = data.draw(like | st.lists(st.sampled_from(PIECES)).map("".join)).removesuffix("\n")
    assert pattern(text).found_in(subject) == (re.search(text, subject) is not None)


@pytest.mark.parametrize(
    "text",
    [
        r"(?=a)b",
        r"(?<!a)b",
        r"(a)\1",
        r"(?P<a>x)(?P=a)",
        r"a\Z",
        "a{1001}",
        "(a{100}){100}",
        "(?>a)",
        "a++",
        "a{,5}",
        "a{99999999999}",
        "(",
        "*",
    ],
)
def test_what_does_not_match_in_linear_time_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        pattern(text)


def test_braces_that_are_escaped_are_text() -> None:
    assert pattern(r"a\{,5}").found_in("a{,5}")


@pytest.mark.parametrize("text", [r"^(a+)+$", r"^(a|a)*$", r"(.*)(.*)(.*)(.*)x$", r"^(a?){20}a{20}b"])
def test_a_pattern_over_which_python_would_take_for_ever_is_answered(text: str) -> None:
    assert not pattern(text).found_in("a" * 100_000 + "c")


@SETTINGS
@given(ANY_TEXT, ANY_TEXT)
def test_no_text_makes_an_error(text: str, subject: str) -> None:
    with suppress(PatternError):
        pattern(text).found_in(subject)


@SETTINGS
@given(ANY_TEXT)
def test_a_text_that_is_escaped_finds_itself(text: str) -> None:
    assert pattern(f"^{re.escape(text)}$").found_in(text)


@pytest.mark.parametrize("sign", [*string.printable, "\x00", "\x7f", "ä"])
def test_every_character_of_a_path_can_be_escaped(sign: str) -> None:
    assert pattern(f"^/a{re.escape(sign)}b$").found_in(f"/a{sign}b")


def test_bytes_that_are_no_utf8_are_found_as_the_program_told_them() -> None:
    assert pattern(re.escape("/a\udcff/lib.so")).found_in(b"/a\xff/lib.so".decode("utf-8", "replace"))


def test_nothing_of_re2_stands_on_stderr() -> None:
    code = "from elfworlds.patterns import *\ntry: pattern('(')\nexcept PatternError: print('refused')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_help_does_not_import_it() -> None:
    code = "import sys\nfrom elfworlds.__main__ import main\nmain(['--help'])\nprint('re2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


SLOW = """
experiment: slow
question: May a regular expression take for ever?
objects:
  a:
    executable: a
    code: 'extern int puts(const char *); int main(void) { return puts("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab") < 0; }'
scenarios:
  a: {run: "${a}", outcomes: {ok: {stdout: {matches: "^(a+)+$"}}}, expect: {outcome: other}}
"""


def test_a_run_with_such_a_pattern_ends(world: World) -> None:
    world.experiment("slow", SLOW)
    code, out, err = world.run("run", "experiments/slow.yaml")
    assert code == 0, out + err


def test_a_filter_is_refused_in_re2s_words(world: World) -> None:
    world.experiment("slow", SLOW)
    code, _, err = world.run("run", "experiments/slow.yaml", "--filter", r"(a)\1")
    assert code == 4
    assert r"--filter (a)\1: no regular expression: invalid escape sequence: \1" in err
