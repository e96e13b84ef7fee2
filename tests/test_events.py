"""What programs told, read back: whatever a program wrote there, nothing raises and nothing is lost in silence."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.outcome.observed import ABSENT, event_values, lookup
from elfworlds.traces.events import LONGEST_LINE, MOST_EVENTS, RESERVED, UNREADABLE, Event, parse

SAMPLE = b"""\
{"event":"lib","verb":"dlmopen","ok":true,"lmid":1,"base":"0x7f0000001000","path":"/x/liba.so"}
{"event":"maps","part":"maps","lmid":0,"name":"","base":"0x1","dynamic":"0x2"}
{"event":"maps","part":"maps","lmid":1,"name":"/x/liba.so","base":"0x3","dynamic":null}
{"event":"maps","verb":"namespaces","ok":true,"count":2}
{"event":"names","part":"names","value":""}
{"event":"names","part":"names","value":"/x/\\u0001\\"q\\".so"}
{"event":"names","verb":"phdrs","ok":true}
{"event":"text","value":"\xc3\xa4\xe2\x80\xa6 {{[[ \\u005cud800"}
{"event":"number","value":-12.5e-3}
{"event":"failed","step":"lib","error":"no"}
"""
MUTATIONS = 10_000
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
RECORDS = st.dictionaries(TEXTS.filter(lambda one: one not in ("event", "verb", "part")), VALUES, max_size=5)


def line(event: str, verb: str | None, fields: dict[str, Any]) -> bytes:
    return json.dumps({"event": event, "verb": verb, **fields}).encode() + b"\n"


class TestParse:
    def test_a_list_told_in_parts_belongs_to_the_event_that_ends_it(self) -> None:
        lib, maps, names, *_ = parse(SAMPLE)
        assert lib.fields["lmid"] == 1
        told: Any = maps.fields["maps"]
        assert [one["lmid"] for one in told] == [0, 1]
        assert names == Event("names", "phdrs", {"ok": True, "count": 2, "names": ["", '/x/\x01"q".so']})

    def test_parts_without_an_end_are_no_event(self) -> None:
        assert parse(b'{"event":"a","part":"b","value":1}\n') == ()

    @given(st.lists(st.tuples(TEXTS, st.none() | TEXTS, RECORDS), max_size=20))
    def test_what_was_told_is_read_in_order(self, events: list[tuple[str, str | None, dict[str, Any]]]) -> None:
        data = b"".join(line(*one) for one in events)
        assert [(one.name, one.verb, one.fields) for one in parse(data)] == events

    @given(st.binary(max_size=300))
    def test_any_bytes_are_events_that_can_be_written_again(self, data: bytes) -> None:
        assert_sound(parse(data))

    def test_ten_thousand_mutations_are_read(self) -> None:
        chance = random.Random(0)  # noqa: S311  # the same each time
        for _ in range(MUTATIONS):
            assert_sound(parse(mutated(SAMPLE, chance)))

    @pytest.mark.parametrize(
        "wrong",
        [
            b"[" * 100_000,
            b'{"a":' * 20_000,
            b'{"event":"x","value":' + b"9" * 50_000 + b"}",
            b'{"event":"x","value":"' + b"y" * LONGEST_LINE + b'"}',
            b'{"event":"\\ud800"}',
            b'{"event":"x","\\uDFFF":1}',
            b'{"event":5}',
            b'["event"]',
            b"\0" * 1000,
            b'"' * 50_000,
            b'{"event":"' + b'\\"' * 30_000,
        ],
        ids=range(11),
    )
    def test_what_cannot_be_read_is_told_as_such(self, wrong: bytes) -> None:
        before, told_, after = parse(b'{"event":"before"}\n' + wrong + b'\n{"event":"after"}')
        assert (before.name, after.name) == ("before", "after")
        assert told_.name == UNREADABLE
        assert_sound((told_,))

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            (b'"\\ud83d\\ude42"', "\N{SLIGHTLY SMILING FACE}"),
            (b"1e999", "1e999"),
            (b"-Infinity", "-Infinity"),
            (b"NaN", "NaN"),
            (b"18446744073709551615", 2**64 - 1),
            (b'"\xff\xe2\x82"', "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ],
        ids=str,
    )
    def test_odd_values_are_what_they_are(self, written: bytes, value: object) -> None:
        (one,) = parse(b'{"event":"x","value":' + written + b"}")
        assert one.fields == {"value": value}

    def test_more_than_the_most_is_said_to_be_left_out(self) -> None:
        events = parse(b'{"event":"x"}\n' * (MOST_EVENTS + 3))
        assert len(events) == MOST_EVENTS + 1
        assert events[-1] == Event(UNREADABLE, None, {"value": f"42 bytes after the first {MOST_EVENTS} events"})
        assert len(parse(b'{"event":"x"}\n' * MOST_EVENTS)) == MOST_EVENTS


def assert_sound(events: tuple[Event, ...]) -> None:
    """Each can be written as JSON in UTF-8, and its values looked up by any name."""
    for one in events:
        json.dumps([one.name, one.verb, one.fields], ensure_ascii=False, allow_nan=False).encode()
    values = event_values(events)
    for name in (*values, "lib.lmid", "maps.maps.lmid", "names.all.names", "number.first.value.last", "x.times"):
        lookup(values, name)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken out, doubled or put in."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(found) + 1), chance.randint(0, 12)
        piece = found[at : at + length]
        found[at : at + length] = chance.choice(
            [b"", piece * 2, bytes(chance.randrange(256) for _ in piece), chance.choice(HOSTILE)]
        )
    return bytes(found)


HOSTILE = (
    b"{",
    b"}",
    b'"',
    b"\\",
    b"\\ud800",
    b"[[[[",
    b"1e999",
    b"\n",
    b"\0",
    b'"part":"maps",',
    b'"event":',
    b"\xff",
)
VALUE_TREES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "ok", "value"]), inner)
)
PATHS = st.lists(
    st.sampled_from(["x", "a", "ok", "value", "first", "last", "all", "count", ""]), min_size=1, max_size=5
)


class TestAPath:
    @given(st.lists(st.dictionaries(st.sampled_from(["a", "ok", "value", "count"]), VALUE_TREES), max_size=4), PATHS)
    def test_of_any_kind_leads_to_plain_data_or_nowhere(self, items: list[dict[str, Any]], path: list[str]) -> None:
        events = tuple(Event("x", None, item) for item in items)
        found = lookup(event_values(events), ".".join(path))
        if found is not ABSENT:
            json.dumps(found)

    @given(st.lists(VALUES, min_size=1, max_size=6))
    def test_through_a_name_told_several_times_has_its_sequence(self, values: list[Any]) -> None:
        found = event_values(Event("x", "c", {"value": value}) for value in values)
        assert lookup(found, "x") == values[-1]
        assert lookup(found, "x.first") == values[0]
        assert lookup(found, "x.all") == lookup(found, "x.all.value") == values
        assert lookup(found, "x.times") == len(values)
        assert lookup(found, "x.count") is ABSENT
        assert found["events"] == ["x"] * len(values)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("lib.lmid", 1),
            ("lib.ok", True),
            ("maps.maps.lmid", [0, 1]),
            ("maps.maps.count", 2),
            ("maps.count", 2),
            ("maps.maps.last.name", "/x/liba.so"),
            ("names.names.first", ""),
            ("text", "ä… {{[[ \\ud800"),
            ("failed-step", "lib"),
            ("error", "no"),
            ("number", -0.0125),
        ],
    )
    def test_leads_to_what_was_told(self, path: str, value: object) -> None:
        assert lookup(event_values(parse(SAMPLE)), path) == value

    @pytest.mark.parametrize(
        "path", ["lib.value", "nothing", "lib.lmid.x", "maps.maps.nothing.first", "events.x.first"]
    )
    def test_to_nothing_is_absent(self, path: str) -> None:
        assert lookup(event_values(parse(SAMPLE)), path) is ABSENT


def test_the_names_of_events_that_mean_something_are_reserved() -> None:
    assert RESERVED == ("failed", "unsupported", UNREADABLE)
