"""`check` reads what an experiment names: regular files of bounded size, and none that it would have to wait for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import World
from elfworlds import reading
from elfworlds.__main__ import main
from elfworlds.planning.depth import ends_first
from elfworlds.trees import directory

INPUT = 4
SPARSE = 40 << 30
HEAD = "experiment: x\nquestion: Is it read?\nobjects:\n  app: "
TAIL = "\nscenarios:\n  start: {run: '${app}'}\n"
A_SOURCE = "{executable: app, sources: [app.c]}"
KMSG = Path("/proc/kmsg")  # to read it is to wait for the kernel, and to take what it says from somebody else


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "csrc").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "experiments"


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, SPARSE)


def refused(place: Path, definition: str, capsys: pytest.CaptureFixture[str]) -> str:
    (place / "x.yaml").write_text(f"{HEAD}{definition}{TAIL}")
    assert main(["check", str(place / "x.yaml")]) == INPUT
    told = capsys.readouterr().err
    assert "x.yaml:4:" in told
    return told


class TestASource:
    def test_of_forty_gigabytes_is_refused(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        sparse(place / "app.c")
        assert "`app.c`: larger than 64 MiB" in refused(place, A_SOURCE, capsys)

    def test_that_includes_forty_gigabytes_is_refused(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (place / "app.c").write_text('#include "large.h"\nint main(void) { return 0; }\n')
        sparse(place / "large.h")
        assert "`large.h`: larger than 64 MiB" in refused(place, A_SOURCE, capsys)

    def test_with_includes_without_end_is_refused(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (place / "app.c").write_text("".join(f'#include "a{number}.h"\n' for number in range(10_100)))
        assert "more than 20000 files are included" in refused(place, A_SOURCE, capsys)

    @pytest.mark.parametrize("kind", ["fifo", "directory", "link to a device", "link to the kernel"])
    def test_that_is_no_file_is_refused(self, kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = place / "app.c"
        targets = {"link to a device": "/dev/zero", "link to the kernel": str(KMSG)}
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "directory":
            path.mkdir()
        else:
            path.symlink_to(targets[kind])
        assert "no source `app.c`" in refused(place, A_SOURCE, capsys)


class TestAPrebuiltFile:
    def test_of_forty_gigabytes_is_refused(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        sparse(place / "libx.so")
        told = refused(place, "{prebuilt: libx.so}", capsys)
        assert "libx.so: larger than 512 MiB" in told

    def test_of_the_kernel_is_refused_unread(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "a file of the kernel" in refused(place, f"{{prebuilt: {KMSG}}}", capsys)

    def test_that_is_a_fifo_is_refused(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        os.mkfifo(place / "libx.so")
        assert "not a regular file" in refused(place, "{prebuilt: libx.so}", capsys)


class TestATree:
    @pytest.mark.parametrize("named", ["/proc/self", "/sys/kernel"])
    def test_of_the_kernel_is_refused_unread(self, named: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        told = refused(place, f"{{prebuilt: {{tree: {named}, file: libx.so}}}}", capsys)
        assert "holds files of the kernel" in told

    def test_of_directories_in_directories_is_walked_without_calls(self, tmp_path: Path) -> None:
        deep = tmp_path
        for _ in range(1500):
            deep /= "d"
            deep.mkdir()
        assert len([*directory.below(str(tmp_path))]) == 1500
        os.removedirs(deep)

    def test_of_forty_gigabytes_is_refused_unread(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (place / "tree").mkdir()
        sparse(place / "tree" / "libx.so")
        told = refused(place, "{prebuilt: {tree: tree, file: libx.so}}", capsys)
        assert "more than 4294967296 bytes" in told


@pytest.mark.parametrize("kind", ["fifo", "sparse", "kernel"])
def test_a_lock_file_that_is_no_such_file_is_refused(
    kind: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = place / "x.lock.json"
    if kind == "fifo":
        os.mkfifo(lock)
    elif kind == "sparse":
        sparse(lock)
    else:
        lock.symlink_to(KMSG)
    told = refused(place, "{prebuilt: {package: zlib1g, file: usr/lib/libz.so.1}}", capsys)
    assert "x.lock.json: " in told


class TestTheDoor:
    def test_takes_no_more_than_it_may(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(bytes(10))
        assert reading.read(tmp_path / "a", 10) == bytes(10)
        with pytest.raises(OSError, match="larger than 0 MiB"):
            reading.read(tmp_path / "a", 9)

    def test_says_what_is_wrong_with_a_name(self, tmp_path: Path) -> None:
        assert reading.why_not(tmp_path / "nothing") == "no file"
        assert reading.why_not("a\0b") == "a name with a NUL byte"
        assert reading.why_not(tmp_path) == "not a regular file"


class TestMuchAtOnce:
    """Told at its place before it is made."""

    AXES = "".join(f"  a{number}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for number in range(4))
    ALL = "".join(f"${{matrix.a{number}}}" for number in range(4))

    def told(self, place: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
        (place / "x.yaml").write_text(f"experiment: x\nquestion: Is it too much?\n{text}")
        assert main(["check", str(place / "x.yaml")]) == INPUT
        return capsys.readouterr().err

    def test_a_text_that_stands_for_too_many(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        many = ", ".join(map(str, range(101)))
        added = f"  include: [{{a: [{many}], b: [0]}}, {{a: [0], b: [{many}]}}]\n"
        run = "scenarios:\n  s: {run: '/bin/true ${matrix.a}${matrix.b}'}\n"
        told = self.told(place, f"matrix:\n  a: [0]\n  b: [0]\n{added}{run}", capsys)
        assert "x.yaml:8:12: error: this stands for 10201 texts, more than 10000" in told
        assert "name fewer axes in it" in told

    def test_an_axis_that_is_named_many_times_has_one_label_in_a_text(self, place: Path) -> None:
        text = f"matrix: {{a: [1, 2, 3]}}\nscenarios: {{s: {{run: '/bin/true {'${matrix.a}' * 30}'}}}}\n"
        (place / "x.yaml").write_text(f"experiment: x\nquestion: Is it too much?\n{text}")
        assert main(["check", str(place / "x.yaml")]) == 0

    def test_texts_that_are_too_many_together(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ", ".join([f"'-D{self.ALL}'"] * 30)
        objects = f"objects:\n  x: {{library: x, code: 'int x;', cflags: [{words}]}}\n"
        told = self.told(place, f"matrix:\n{self.AXES}{objects}scenarios:\n  s: {{run: /bin/true}}\n", capsys)
        assert "error: the references up to here stand for more than 200000 texts" in told

    def test_texts_that_are_too_long_together(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        text = f"matrix: {{a: ['{'x' * 500_000}']}}\nscenarios: {{s: {{run: '/bin/true{' ${matrix.a}' * 200}'}}}}\n"
        told = self.told(place, text, capsys)
        assert "stand for more than 50000000 characters" in told

    def test_points_without_end(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        axes = "".join(f"  a{number}: [1, 2, 3]\n" for number in range(1000))
        told = self.told(place, f"matrix:\n{axes}scenarios:\n  s: {{run: /bin/true}}\n", capsys)
        assert "x.yaml:3:1: error: no end of points, more than 10000" in told

    def test_much_to_look_at_for_each_point(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        scenarios = "".join(f"  s{number}: {{run: /bin/true}}\n" for number in range(600))
        told = self.told(place, f"matrix:\n{self.AXES}scenarios:\n{scenarios}", capsys)
        assert "10000 points with 602 values to look at for each: more than 5000000 together" in told

    def test_trials_of_several_scenarios(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        scenarios = "".join(f"  s{number}: {{run: /bin/true, repeat: 40000}}\n" for number in range(3))
        told = self.told(place, f"scenarios:\n{scenarios}", capsys)
        assert "x.yaml:6:32: error: 1 points as often make more than 100000 trials, and what stands before" in told

    def test_a_plan_that_says_a_long_text_at_every_point(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run = f"run: '/bin/true {self.ALL}', stdin: '{'x' * 500_000}'"
        told = self.told(place, f"matrix:\n{self.AXES}scenarios:\n  s: {{{run}}}\n", capsys)
        assert "x.yaml:9:3: error: with this the plan is larger than 64 MiB" in told

    def test_a_matrix_of_two_to_the_fourteenth_texts_in_a_circle(
        self, place: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        axes = "".join(f"  a{number}: ['${{matrix.a{(number + 1) % 14}}}' , x]\n" for number in range(14))
        told = self.told(place, f"matrix:\n{axes}scenarios:\n  s: {{run: /bin/true}}\n", capsys)
        assert "16384 points, more than 10000" in told


def test_objects_that_need_each_other_in_a_long_chain_are_planned(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = 299
    objects = "".join(
        f"  x{at}: {{library: x{at}, code: 'int x{at};', needs: [{'' if at == last else f'x{at + 1}'}]}}\n"
        for at in range(last + 1)
    )
    (place / "x.yaml").write_text(
        f"experiment: x\nquestion: Is it deep?\nobjects:\n{objects}scenarios:\n  s: {{run: /bin/true}}\n"
    )
    assert main(["check", str(place / "x.yaml")]) == 0
    assert capsys.readouterr().out.endswith("ok (300 objects, 1 trials)\n")


def test_a_short_chain_is_bound_as_it_is_named() -> None:
    names = [f"x{number}" for number in range(50)]
    assert ends_first(names, lambda name: names[names.index(name) + 1 :][:1]) == ()
    names.append("x50")
    assert ends_first(names, lambda name: names[names.index(name) + 1 :][:1]) == tuple(reversed(names))
    assert ends_first(["a", "b"], lambda name: {"a": ["b"], "b": ["a"]}[name]) == ()


RECIPE = "base: host\nsource: {{archive: {archive}, sha256: {sha256}}}\n"
MINE = """
experiment: mine
question: Is a root read that is no file?
objects: {app: {executable: app, code: "int main(void) { return 0; }"}}
scenarios: {s: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}}
"""


@pytest.mark.parametrize(("named", "why"), [("/proc/kmsg", "a file of the kernel"), ("fifo", "not a regular file")])
def test_the_sources_of_a_recipe_that_are_no_file_are_refused(named: str, why: str, world: World) -> None:
    toolchains = world.path / "toolchains"
    toolchains.mkdir()
    os.mkfifo(toolchains / "fifo")
    (toolchains / "glibc-mine.yaml").write_text(RECIPE.format(archive=named, sha256="0" * 64))
    code, _, err = world.run("toolchain", "build", "mine")
    assert (code, why in err) == (4, True), err


def test_a_root_that_is_a_file_of_the_kernel_is_refused_and_one_that_is_not_there_is_untried(world: World) -> None:
    (world.path / "toolchains").mkdir()
    path = world.experiment("mine", MINE)
    (world.path / "toolchains" / "mine.yaml").write_text("root: /proc/kmsg\n")
    code, out, err = world.run("run", "-S", "libc=mine", path)
    assert (code, "a file of the kernel" in out + err) == (6, True), out + err
    (world.path / "toolchains" / "mine.yaml").write_text("root: ../nowhere\n")
    code, out, err = world.run("run", "--sandbox", "-S", "libc=mine", path)
    assert (code, "names nothing that is here" in out + err) == (5, True), out + err
