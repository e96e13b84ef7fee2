"""Layouts of images: layers one over the other as one tree, checked by digest; nothing is written outside of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.rooted.archive import is_packed, unpacked
from elfworlds.toolchains.rooted.pin import define, find
from elfworlds.trees.manifest import VARIABLE
from layouts import LAYER, Content, image, index, layout, tarred

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
BASE = {"usr/": None, "usr/lib/": None, "usr/lib/a": b"a", "usr/lib/b": b"b", "lib": "usr/lib", "etc/x": b"x"}


def tree_of(packed: Path, cache: Path, name: str = "", more: Mapping[str, str] | None = None) -> Path:
    with Pool() as pool:
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache), **(more or {})}
        return unpacked(packed, name, Means(run=pool.run, environment=environment))


def held(tree: Path) -> dict[str, Content]:
    """Path → what lies there, without directories that hold something."""
    found: dict[str, Content] = {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not list(path.iterdir()):
            found[name] = None
    return found


def of_layers(tmp_path: Path, *layers: bytes) -> dict[str, Content]:
    place = tmp_path / "layout"
    return held(tree_of(layout(place, [image(place, layers)]), tmp_path / "cache"))


def test_an_upper_layer_covers_what_lies_below_and_the_rest_is_seen(tmp_path: Path) -> None:
    below, above = tarred(BASE), tarred({"usr/lib/a": b"A", "usr/new/c": b"c"})
    found = of_layers(tmp_path, below, above)
    assert found == {
        "usr/lib/a": b"A",
        "usr/lib/b": b"b",
        "usr/new/c": b"c",
        "lib": "usr/lib",
        "etc/x": b"x",
    }


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ({"usr/lib/.wh.a": b""}, {"usr/lib/b"}),
        ({"usr/.wh.lib": b""}, set()),
        ({"usr/lib/.wh..wh..opq": b"", "usr/lib/c": b"c"}, {"usr/lib/c"}),
        ({"usr/lib/c": b"c", "usr/lib/.wh..wh..opq": b""}, {"usr/lib/c"}),
        ({"usr/lib/a": b"A", "usr/lib/.wh.a": b""}, {"usr/lib/a", "usr/lib/b"}),
        ({"usr/.wh.nothing": b"", "none/.wh.x": b""}, {"usr/lib/a", "usr/lib/b"}),
        ({"usr/lib": b"a file"}, {"usr/lib"}),
        ({"lib/.wh.a": b""}, {"usr/lib/b"}),
    ],
)
def test_whiteouts_take_away_what_lower_layers_have_and_nothing_of_their_own(
    upper: dict[str, Content], left: set[str], tmp_path: Path
) -> None:
    found = of_layers(tmp_path, tarred(BASE), tarred(upper))
    assert {name for name in found if name.startswith(("usr/lib", "none"))} == left
    assert not [name for name in found if ".wh." in name]


@pytest.mark.parametrize("target", ["usr/lib", "/usr/lib", "./usr/../usr/lib"])
def test_files_behind_a_link_of_a_lower_layer_lie_where_it_leads(target: str, tmp_path: Path) -> None:
    found = of_layers(tmp_path, tarred({**BASE, "lib": target}), tarred({"lib/c": b"c", "lib/d": "/etc/x"}))
    assert found["usr/lib/c"] == b"c"
    assert found["usr/lib/d"] == "../../etc/x"


def test_a_second_name_keeps_its_file_when_a_layer_covers_the_first(tmp_path: Path) -> None:
    below = tarred(BASE, {"usr/second": "usr/lib/a", "usr/third": "usr/lib/a"})
    found = of_layers(tmp_path, below, tarred({"usr/lib/a": b"A"}, {"usr/fourth": "usr/second"}))
    assert [found[f"usr/{name}"] for name in ("lib/a", "second", "third", "fourth")] == [b"A", b"a", b"a", b"a"]


def test_what_a_kernel_provides_is_left_out(tmp_path: Path) -> None:
    place = tmp_path / "root.tar"
    place.write_bytes(tarred({**BASE, "dev/null": b"", "proc/1/maps": b"", "etc/mtab": "/proc/mounts"}))
    found = held(tree_of(place, tmp_path / "cache"))
    assert (found["etc/mtab"], [name for name in found if name.startswith(("dev", "proc"))]) == ("../proc/mounts", [])


@pytest.mark.parametrize("name", ["../out", "usr/../../out", "/../out"])
def test_a_path_that_leads_out_of_the_root_is_refused_and_nothing_is_kept(name: str, tmp_path: Path) -> None:
    with pytest.raises(BuildFailedError, match="outside of its own directory"):
        of_layers(tmp_path, tarred(BASE), tarred({name: b""}))
    assert list((tmp_path / "cache/elfworlds/own-roots").iterdir()) == []


def test_a_link_that_leads_out_writes_nothing_there(tmp_path: Path) -> None:
    """Behind it lies what the link means in the root itself."""
    (tmp_path / "out").mkdir()
    found = of_layers(tmp_path, tarred({"in": f"{tmp_path}/out"}), tarred({"in/x": b"x"}))
    assert found[f"{tmp_path}/out/x"[1:]] == b"x"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("link", "target", "left"),
    [
        ("lib64", "../usr/lib", "usr/lib"),
        ("lib64", "usr/../../usr/lib", "usr/lib"),
        ("lib64", "/../usr/lib", "usr/lib"),
        ("usr/x", "../../../etc/x", "../etc/x"),
        ("x", "lib/../../../../etc/x", "etc/x"),
        ("x", "lib64/a", "lib64/a"),
        ("usr/lib/top", "../../../..", "../.."),
        ("x", "../nothing", "nothing"),
    ],
)
@pytest.mark.parametrize("packed", ["layout", "root.tar"])
def test_a_link_that_climbs_above_the_top_leads_on_from_there(
    packed: str, link: str, target: str, left: str, tmp_path: Path
) -> None:
    """In the root `..` of `/` is `/` (path_resolution(7)); on this machine nothing leads out of the tree."""
    place, data = tmp_path / packed, tarred({**BASE, link: target})
    if packed == "layout":
        layout(place, [image(place, [data])])
    else:
        place.write_bytes(data)
    tree = tree_of(place, tmp_path / "cache")
    assert held(tree)[link] == left
    assert (tree / link).resolve().is_relative_to(tree.resolve())


def test_behind_a_link_that_climbs_above_the_top_lies_what_an_upper_layer_has(tmp_path: Path) -> None:
    found = of_layers(tmp_path, tarred({**BASE, "lib": "../usr/lib"}), tarred({"lib/c": b"c"}))
    assert (found["usr/lib/c"], found["lib"]) == (b"c", "usr/lib")


@pytest.mark.parametrize("kind", [LAYER, f"{LAYER}+gzip"])
def test_an_image_is_the_same_tree_however_it_is_packed(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "layout"
    layout(place, [image(place, [tarred(BASE)], kind=kind)])
    archive = tmp_path / "image.tar"
    subprocess.run(["tar", "-cf", archive, "-C", place, "."], check=True)
    trees = [tree_of(packed, tmp_path / "cache") for packed in (place, archive)]
    assert held(trees[0]) == held(trees[1]) == {name: data for name, data in BASE.items() if data is not None}


def three(place: Path) -> Sequence[Mapping[str, object]]:
    """Images of two names, and one for another machine."""
    return [
        image(place, [tarred({"usr/which": b"one"})], "one", MACHINE),
        image(place, [tarred({"usr/which": b"other"})], "one", "riscv64"),
        image(place, [tarred({"usr/which": b"two"})], "two"),
    ]


@pytest.mark.parametrize("name", ["one", "two"])
def test_of_several_images_the_named_one_for_this_machine_is_taken(name: str, tmp_path: Path) -> None:
    place = tmp_path / "layout"
    layout(place, [index(place, three(place))])  # type: ignore[arg-type]
    assert held(tree_of(place, tmp_path / "cache", name)) == {"usr/which": name.encode()}


@pytest.mark.parametrize("name", ["", "three"])
def test_a_layout_of_several_images_says_what_it_holds(name: str, tmp_path: Path) -> None:
    place = tmp_path / "layout"
    layout(place, three(place))  # type: ignore[arg-type]
    with pytest.raises(BuildFailedError, match=f"holds one linux/{MACHINE}, one linux/riscv64, two"):
        tree_of(place, tmp_path / "cache", name)


def test_a_blob_that_was_changed_is_named(tmp_path: Path) -> None:
    place = tmp_path / "layout"
    layout(place, [image(place, [tarred(BASE)])])
    largest = max((place / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[::-1])
    with pytest.raises(BuildFailedError, match=f"{largest.name} is not what its descriptor says"):
        tree_of(place, tmp_path / "cache")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": 1}', '{"manifests": [{}]}', '{"manifests": []}'])
def test_an_index_that_says_nothing_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "oci-layout").write_text("{}")
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(BuildFailedError):
        tree_of(tmp_path, tmp_path / "cache")


def test_layers_are_bounded_with_what_upper_ones_cover(tmp_path: Path) -> None:
    place = tmp_path / "layout"
    layers = [tarred({"usr/a": bytes(600)}), tarred({"usr/a": bytes(600)})]
    layout(place, [image(place, layers)])
    with pytest.raises(BuildFailedError, match="more than 1000 bytes"):
        tree_of(place, tmp_path / "cache", more={VARIABLE: "1000"})


def test_a_file_and_the_command_line_name_an_image(tmp_path: Path) -> None:
    name, directory = define("mine=root:images@one", tmp_path, tmp_path / "cache")
    pin = find(name, [directory])
    assert (pin.place, pin.image, pin.base) == (tmp_path.resolve() / "images", "one", "")
    assert not is_packed(tmp_path)
