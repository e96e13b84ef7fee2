"""The language: words before the needed libraries, a namespace's number, events of several fields, counted matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from elfworlds.patterns import pattern

if TYPE_CHECKING:
    from conftest import World

TEXT = """
experiment: words
question: Do the newer words of the language do what they say?
matrix: {entries: [copy-dt-needed-entries, no-copy-dt-needed-entries]}
objects:
  deep: {library: deep, code: "int deep(void) { return 0; }"}
  mid: {library: mid, needs: [deep], code: "int deep(void); int mid(void) { return deep(); }"}
  app:
    executable: app
    linker: bfd
    needs: [mid]
    runpath: [mid, deep]
    ldflags-first: ["-Wl,--${matrix.entries}"]
    code: "int deep(void); int mid(void); int main(void) { return deep() + mid(); }"
  teller:
    library: teller
    code: |
      #include "observe.h"
      void pair(void)
      {
          struct observe_line line = observe_begin("pair", NULL);
          observe_int_field(&line, "left", 1);
          observe_field(&line, "right", "a word");
          observe_end(&line);
      }
scenarios:
  links:
    build: app
    outcomes: {yes: {exit: 0}, undefined: {exit: {not: 0}, output: {contains: deep}}}
    expect: [{when: {entries: copy-dt-needed-entries}, outcome: yes}, {outcome: undefined}]
  by-number:
    when: {entries: copy-dt-needed-entries}
    steps:
      - dlmopen: {object: teller, as: first}
      - dlmopen: {object: teller, as: again, namespace: 1}
      - {dlmopen: {object: teller, as: nowhere, namespace: 77}, may-fail: true}
      - call: {handle: first, function: pair, type: void (void)}
    reports: [pair.left, pair.right]
    outcomes:
      there: {first.lmid: 1, again.lmid: 1, nowhere.ok: false, pair.left: 1, pair.right: a word, pair.times: 1}
    expect: {outcome: there}
  counted:
    when: {entries: copy-dt-needed-entries}
    run: /bin/echo one two two
    outcomes:
      never: {stdout: {occurs: {matches: two, times: {greater-than: 2}}}}
      twice: {stdout: {occurs: {matches: "t.o", times: 2}, contains: one}}
    expect: {outcome: twice}
  listed:
    when: {entries: copy-dt-needed-entries}
    inspect: mid
    outcomes: {first: {needed.first: libdeep.so}}
    expect: {outcome: first}
"""


def test_each_does_what_it_says(world: World) -> None:
    code, out, err = world.run("run", world.experiment("words", TEXT))
    assert (code, err) == (0, ""), out


def test_words_before_the_needed_libraries_stand_before_them_in_rust_too() -> None:
    from elfworlds.planning.command import command  # noqa: PLC0415  # beside the recipe that makes it
    from test_no_field_is_an_option import recipe  # noqa: PLC0415

    made = recipe(needs=(("0" * 40, "libmid.so", True),), ldflags_first=("-Wl,--first",), ldflags=("-Wl,--last",))
    words = [word for word in command(made) if "--first" in word or "libmid" in word or "--last" in word]
    assert words == ["-Wl,--first", f"@{'0' * 40}@/libmid.so", "-Wl,--last"]


@pytest.mark.parametrize(
    ("was", "now", "message", "hint"),
    [
        (
            "as: first}",
            "as: first, may-fail: true}",
            "unknown key `may-fail`",
            "beside the verb: - {dlmopen: …, may-fail: …}",
        ),
        ("again, namespace: 1}", "again, namespace: one}", "no step before this one names `one`", "`first`"),
        ("[pair.left, pair.right]", "[pair.lift, pair.right]", "`pair.left` is no value", "did you mean `pair.lift`?"),
        ("[pair.left, pair.right]", "[pair.left.right]", "is no name of an event", "it must match"),
        ("[pair.left, pair.right]", "[exit.code]", "cannot be an event's name", ""),
        ("times: 2}", "times: twice}", "how often it occurs in `stdout` is", ""),
        ("matches: two, times: {greater-than: 2}", "matches: two", "`occurs` takes", "for example {matches: loaded"),
        ("stdout: {occurs: {matches: two", "exit: {occurs: {matches: two", "`occurs` looks into a text", ""),
        ('["-Wl,--${matrix.entries}"]', "[-Wl,--as-needed]", "`-Wl` stands alone", "quote it"),
        ('"-Wl,--${matrix.entries}"', '"-Wl,--${matrix.entry}"', "no axis `entry`", "did you mean `entries`?"),
    ],
)
def test_what_is_wrong_with_them_is_told(world: World, was: str, now: str, message: str, hint: str) -> None:
    assert was in TEXT
    code, _, err = world.run("check", world.experiment("words", TEXT.replace(was, now)))
    assert (code, message.lstrip("`") in err, hint in err) == (4, True, True), err


@pytest.mark.parametrize(("text", "times"), [("", 0), ("aaa", 3), ("b", 0), ("äa\udc80a", 2)])
def test_matches_are_counted_each_after_the_one_before_it(text: str, times: int) -> None:
    assert pattern("a").times_in(text) == times
