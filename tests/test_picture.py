"""report: the link namespaces of a trial as values and as a picture; the traces are of real runs of same-lib."""

from __future__ import annotations

import json
import random
import re
import xml.etree.ElementTree as ET  # what is parsed here was made here
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import recording
from elfworlds.report.pictures.namespaces import Mapped, Namespaces, alike, named, ranges, titles
from elfworlds.report.pictures.namespaces import namespaces as of_record
from elfworlds.report.pictures.picture import described, picture
from recording import TRACE_LINES

Trace = Mapping[str, Any]
SVG = "{http://www.w3.org/2000/svg}"
DLMOPEN, DLOPEN = TRACE_LINES


def link_map(lmid: int, position: int, path: str, base: str | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # a record's fields
    return {"pid": 0, "lmid": lmid, "position": position, "path": path, "base": base, "object": None} | more


def binding(source: tuple[int, str], target: tuple[int, str], symbol: str = "f") -> dict[str, Any]:
    ends = {"from": source[1], "from_lmid": source[0], "to": target[1], "to_lmid": target[0]}
    return {"pid": 0, "symbol": symbol, **ends}


def trace(maps: list[dict[str, Any]], bindings: list[dict[str, Any]] | None = None) -> Trace:
    return {"link_maps": maps, "bindings": bindings or []}


def namespaces(trace: Trace) -> Namespaces:
    """Those of the lines of a trace."""
    return of_record(recording.trace(trace["link_maps"], trace["bindings"]))


def of(found: Namespaces, lmid: int, name: str) -> Mapped:
    (one,) = (one for one in found.objects[lmid] if one.name == name)
    return one


def many(count: int) -> dict[str, Any]:
    """The trace of dlmopen as it would be with so many namespaces beside the base one, each like the first of them."""
    made = {name: [one for one in DLMOPEN[name] if 0 in _lmids(one)] for name in ("link_maps", "bindings")}
    made["bindings"] = [one for one in made["bindings"] if _lmids(one) == {0}]
    for lmid in range(1, count + 1):
        for one in DLMOPEN["link_maps"]:
            if one["lmid"] == 1:
                made["link_maps"].append({**one, "lmid": lmid, "base": one["base"] and f"{one['base']}{lmid:02x}000"})
        for one in DLMOPEN["bindings"]:
            if one["from_lmid"] == 1:
                ends = {end: lmid if one[end] else 0 for end in ("from_lmid", "to_lmid")}
                made["bindings"].append({**one, **ends})
    return {**DLMOPEN, **made}


def _lmids(one: dict[str, Any]) -> set[int]:
    return {one[name] for name in ("lmid", "from_lmid", "to_lmid") if name in one}


def test_each_namespace_of_dlmopen_has_its_own_copies_and_shares_the_loader() -> None:
    found = namespaces(DLMOPEN)
    assert [[one.name for one in found.objects[lmid]] for lmid in found.objects] == [
        ["app", "linux-vdso.so.1", "libbase.so", "libc.so.6", "ld-linux-x86-64.so.2"],
        *[["libuser.so", "libbase.so", "libc.so.6", "ld-linux-x86-64.so.2"]] * 2,
    ]
    assert [(of(found, lmid, "libuser.so").copy, of(found, lmid, "libuser.so").copies) for lmid in (1, 2)] == [
        (1, 2),
        (2, 2),
    ]
    assert [of(found, lmid, "libc.so.6").copy for lmid in (0, 1, 2)] == [1, 2, 3]
    assert of(found, 0, "libbase.so").copies == 1, "base-0 is another file than base-1"
    for lmid in (0, 1, 2):
        assert of(found, lmid, "ld-linux-x86-64.so.2").shared
        assert not of(found, lmid, "libc.so.6").shared


def test_nothing_is_copied_or_shared_where_there_is_one_namespace() -> None:
    (objects,) = namespaces(DLOPEN).objects.values()
    assert {(one.copies, one.shared) for one in objects} == {(1, False)}
    assert [one.object for one in objects if not one.system] == ["app-0", "base-0", "user-1"]


def test_with_dlopen_the_plugin_is_bound_to_the_applications_objects() -> None:
    found = namespaces(DLOPEN)
    names = [one.name for one in found.objects[0]]
    ends = {(names[one.source[1]], names[one.target[1]]): one for one in found.arrows}
    assert ends["libuser.so", "libbase.so"].count == 3
    assert ends["libuser.so", "app"].symbols == ("base_global_value",), "where a copy relocation put it"
    assert not any(one.across for one in found.arrows)


def test_what_binds_to_the_shared_loader_binds_across_namespaces() -> None:
    found = namespaces(DLMOPEN)
    across = [(one.source[0], one.target[0], one.defined_in) for one in found.arrows if one.across]
    assert across == [(1, 1, 0), (2, 2, 0)]


def test_bindings_of_an_object_to_itself_are_no_arrows() -> None:
    assert all(one.source != one.target for one in namespaces(DLMOPEN).arrows)


def test_one_base_in_two_namespaces_is_one_mapping() -> None:
    maps = [link_map(lmid, 0, "/x/liba.so", "0x1000") for lmid in (0, 1)]
    maps += [link_map(lmid, 1, "/x/libb.so", f"0x{lmid}000") for lmid in (2, 3)]
    found = namespaces(trace(maps))
    assert [of(found, lmid, "liba.so").shared for lmid in (0, 1)] == [True, True]
    assert [of(found, lmid, "libb.so").copy for lmid in (2, 3)] == [1, 2]


def test_what_is_loaded_again_in_its_namespace_is_one_object_loaded_twice() -> None:
    maps = [link_map(0, 0, "/x/app", None), link_map(0, 1, "/x/liba.so", "0x1"), link_map(0, 2, "/x/liba.so", "0x2")]
    one = of(namespaces(trace(maps)), 0, "liba.so")
    assert (one.times, one.copies, one.shared) == (2, 1, False)
    assert "loaded 2×" in picture(namespaces(trace(maps)), "s")


def test_an_object_that_only_a_binding_names_is_there() -> None:
    found = namespaces(trace([link_map(0, 0, "/x/app", None)], [binding((0, "/x/app"), (1, "/x/liba.so"))]))
    assert [one.name for one in found.objects[1]] == ["liba.so"]
    assert [one.across for one in found.arrows] == [True]


def test_numbers_in_a_row_are_a_range() -> None:
    assert ranges([4, 5, 6, 9]) == "4–6, 9"
    assert titles((0,)) == "LM_ID_BASE"
    assert titles((1, 2)) == "each of the namespaces 1–2"


def test_an_object_in_words() -> None:
    found = namespaces(DLMOPEN)
    assert named(of(found, 1, "libuser.so")) == "libuser.so (user-1, a copy of its own)"
    assert named(of(found, 1, "ld-linux-x86-64.so.2")) == "ld-linux-x86-64.so.2 (shared)"
    assert named(of(found, 0, "linux-vdso.so.1")) == "linux-vdso.so.1"


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  # made above


def words(text: str) -> list[str]:
    return [one.text or "" for one in drawn(text).iter(f"{SVG}text")]


def boxes(text: str) -> int:
    return sum(one.get("class") == "box" for one in drawn(text).iter(f"{SVG}rect"))


def test_the_picture_names_namespaces_objects_and_copies() -> None:
    found = words(picture(namespaces(DLMOPEN), "same-library-twice"))
    for one in ("LM_ID_BASE", "namespace 1", "namespace 2", "user-1", "base-0", "copy 1 of 2", "copy 2 of 2", "shared"):
        assert one in found


def test_the_picture_says_in_words_what_it_shows() -> None:
    root = drawn(picture(namespaces(DLMOPEN), "same-library-twice"))
    assert root.findtext(f"{SVG}title") == "Link namespaces of same-library-twice"
    told = root.findtext(f"{SVG}desc") or ""
    assert told.startswith("LM_ID_BASE: app (app-0), linux-vdso.so.1, libbase.so (base-0), ")
    assert told.endswith("ld-linux-x86-64.so.2 (shared)")


def test_an_arrow_tells_how_many_symbols_and_some_of_them() -> None:
    tips = [one.text or "" for one in drawn(picture(namespaces(DLOPEN), "s")).iter(f"{SVG}title")]
    assert "app → libbase.so, 2 bound: base_global_value, base_version" in tips
    assert any(re.fullmatch(r"app → libc\.so\.6, 15 bound: \w+, \w+, \w+, …", one) for one in tips)


def test_arrows_across_namespaces_have_a_colour_and_a_line_in_the_legend_of_their_own() -> None:
    across = "bound to a definition in another namespace"
    for one, count in ((DLMOPEN, 2), (DLOPEN, 0)):
        text = picture(namespaces(one), "s")
        lines = [path for path in drawn(text).iter(f"{SVG}path") if path.get("class") == "across"]
        assert len(lines) == count + (across in words(text))
        assert (across in words(text)) == bool(count)


def test_addresses_leave_no_trace_in_the_picture() -> None:
    moved = json.loads(re.sub(r'"0x', '"0x5', json.dumps(DLMOPEN)))
    assert moved != DLMOPEN
    assert picture(namespaces(moved), "s") == picture(namespaces(DLMOPEN), "s")
    assert "0x" not in picture(namespaces(DLMOPEN), "s")


def test_the_order_in_which_link_maps_are_told_does_not_matter() -> None:
    maps = list(DLMOPEN["link_maps"])
    random.Random(1).shuffle(maps)  # noqa: S311  # no secret
    assert picture(namespaces({**DLMOPEN, "link_maps": maps}), "s") == picture(namespaces(DLMOPEN), "s")


def test_eight_namespaces_that_are_alike_are_all_drawn() -> None:
    text = picture(namespaces(many(8)), "s")
    assert boxes(text) == 9
    assert "copy 8 of 8" in words(text)


def test_of_fifteen_that_are_alike_three_are_drawn() -> None:
    found = namespaces(many(15))
    assert alike(found) == [(0,), tuple(range(1, 16))]
    text = picture(found, "s")
    assert boxes(text) == 5
    assert "namespaces 4–15: the same" in words(text)
    assert "copy 3 of 15" in words(text)
    assert described(found).count("libuser.so") == 1


def test_one_that_differs_among_many_is_drawn() -> None:
    other = many(15)
    other["link_maps"].append(link_map(7, 9, "/x/libextra.so", "0x77"))
    text = picture(namespaces(other), "s")
    assert "libextra.so" in words(text)
    assert boxes(text) == 16, "six, one and eight that are alike"


def test_rows_end_within_the_picture() -> None:
    root = drawn(picture(namespaces(many(8)), "s"))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for one in root.iter(f"{SVG}rect"):
        x, y = float(one.get("x", 0)), float(one.get("y", 0))
        assert x + float(one.attrib["width"]) <= width
        assert y + float(one.attrib["height"]) <= height


def test_other_processes_are_counted_and_not_drawn() -> None:
    maps = [{**one, "pid": pid} for pid in (0, 1, 2) for one in DLOPEN["link_maps"]]
    found = namespaces({**DLOPEN, "link_maps": maps})
    assert found.objects == namespaces(DLOPEN).objects
    assert "2 more processes, not drawn" in words(picture(found, "s"))


def test_names_are_escaped_and_long_ones_cut() -> None:
    path = "/x/<b>&'\"\x1b]]>.so"
    maps = [link_map(0, 0, path, None, object="<o>"), link_map(0, 1, f"/x/{'a' * 300}.so", "0x1", object="b" * 300)]
    text = picture(namespaces(trace(maps)), '<script>"')
    assert "<b>&'\"�]]>.so" in words(text)
    assert "<script>" not in text
    assert max(map(len, words(text))) < 80


def test_an_empty_trace_has_a_picture() -> None:
    text = picture(namespaces(trace([])), "s")
    assert drawn(text).findtext(f"{SVG}desc") == "Nothing was loaded."


NUMBERS = st.integers(0, 4)
PATHS = st.one_of(st.sampled_from(["/x/a", "/y/a", "/x/b", ""]), st.text())
MAPS = st.fixed_dictionaries(
    {
        "pid": st.integers(0, 2),
        "lmid": NUMBERS,
        "position": NUMBERS,
        "path": PATHS,
        "base": st.sampled_from([None, "0x1", "0x2"]),
        "object": st.one_of(st.none(), st.text()),
    }
)
BINDINGS = st.fixed_dictionaries(
    {
        "pid": st.integers(0, 2),
        "from": PATHS,
        "to": PATHS,
        "from_lmid": NUMBERS,
        "to_lmid": NUMBERS,
        "symbol": st.text(),
    }
)


@given(st.lists(MAPS, max_size=12), st.lists(BINDINGS, max_size=12), st.text())
def test_any_trace_gives_a_well_formed_picture(
    maps: list[dict[str, Any]], bindings: list[dict[str, Any]], name: str
) -> None:
    found = namespaces(trace(maps, bindings))
    text = picture(found, name)
    assert drawn(text.encode().decode()).tag == f"{SVG}svg"
    members = [one for group in found.objects.values() for one in group]
    assert all(1 <= one.copy <= one.copies for one in members)
    assert len({(lmid, one.path) for lmid, group in found.objects.items() for one in group}) == len(members)
    ends = {one.source for one in found.arrows} | {one.target for one in found.arrows}
    assert all(at < len(found.objects[lmid]) for lmid, at in ends)
