"""paths: a path that a person names works, or is refused with its reason before anything is written."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess  # a trial's script is run as a person would
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest

from conftest import World
from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.toolchains.debian import lock
from elfworlds.toolchains.debian.root import RECORD, SCHEMA, TREE, directory
from elfworlds.toolchains.pinning import places
from rooting import own_root

Call = Callable[..., tuple[int, str, str]]

# Every way in which the loader is given a path of the store: to open, to preload, in a run path, in LD_LIBRARY_PATH.
EVERYWHERE = """
experiment: everywhere
question: "?"
objects:
  base: {library: base, code: "int base(void) { return 40; }\\n"}
  plugin: {library: plugin, needs: [base], code: "int base(void);\\nint plugin(void) { return base() + 2; }\\n"}
  shim: {library: shim, code: "int shim_there = 1;\\n"}
  searched: {library: searched, code: "int searched = 1;\\n"}
  app:
    executable: app
    needs: [base]
    code: |
      #include <dlfcn.h>
      #include <stdio.h>
      int base(void);
      int main(int argc, char **argv)
      {
          void *handle = dlopen(argv[1], RTLD_NOW);
          int (*plugin)(void) = handle ? (int (*)(void))dlsym(handle, "plugin") : 0;
          void *searched = dlopen("libsearched.so", RTLD_NOW);

          printf("%d %d %d %d\\n", argc, plugin ? plugin() : -1, dlsym(RTLD_DEFAULT, "shim_there") != 0, searched != 0);
          return 0;
      }
scenarios:
  load:
    observe: [ld-debug]
    run: ${app} ${plugin}
    env: {LD_PRELOAD: "${shim}", LD_LIBRARY_PATH: "${plugin.dir}:${searched.dir}"}
    outcomes: {works: {stdout: "2 42 1 1\\n"}}
    expect: {outcome: works}
  steps:
    steps:
      - dlopen: {object: plugin, as: opened}
      - call: {function: plugin, handle: opened, type: int (void), as: said}
    outcomes: {works: {said.value: 42}}
    expect: {outcome: works}
"""
SMALL = """
experiment: small
question: "?"
objects:
  app: {executable: app, code: "int main(void) { return 0; }\\n"}
scenarios: {s: {run: "${app}", outcomes: {works: {exit: 0}}, expect: {outcome: works}}}
"""
NO_LETTERS = [chr(code) for code in range(33, 127) if not chr(code).isalnum() and chr(code) != "/"]
ODD = "a " + "".join(NO_LETTERS) + "é\N{NO-BREAK SPACE}\N{SNOWMAN}b"
FOR_A_STORE = "".join(char for char in NO_LETTERS if char not in paths.MEAN_SOMETHING) + "é\N{SNOWMAN}"
UNTOLD = ["a\nb", "a\x1b[31mb", "a\x7fb", "a\udcffb", "a\N{LINE SEPARATOR}b"]


def outcomes(directory: Path) -> list[tuple[str, str, str, str]]:
    lines = (directory / "trials.jsonl").read_text().splitlines()
    records = sorted(map(json.loads, lines), key=lambda one: one["number"])
    return [(one["scenario"], one["observer"], one["outcome"], one["verdict"]) for one in records]


def listed(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def test_a_results_directory_of_any_characters_gives_the_same_and_its_scripts_run(world: World, tmp_path: Path) -> None:
    file = world.experiment("everywhere", EVERYWHERE)
    code, _, err = world.run("run", file, "--no-tables", "-o", tmp_path / ODD)
    latest = tmp_path / ODD / "everywhere" / "latest"
    assert (code, err) == (0, "")
    assert {one[2:] for one in outcomes(latest)} == {("works", "PASS")}
    for script in latest.glob("trials/*/cmd.sh"):
        subprocess.run([script], check=True, capture_output=True)


def test_a_script_to_run_a_failure_again_is_named_as_a_shell_reads_it(world: World, tmp_path: Path) -> None:
    file = world.experiment("small", SMALL.replace("return 0", "return 1"))
    code, out, _ = world.run("run", file, "--no-tables", "-o", tmp_path / ODD)
    line = next(line for line in out.splitlines() if line.startswith("      rerun"))
    (script,) = shlex.split(line)[1:]
    assert (code, subprocess.run([Path.cwd() / script], check=False).returncode) == (1, 1)


def test_a_store_of_any_characters_that_mean_nothing_gives_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.experiment("everywhere", EVERYWHERE)
    found = []
    for store in ("plain", f"a{FOR_A_STORE}b"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / store))
        assert world.run("run", file, "-o", tmp_path / "out")[0] == 0
        found.append(outcomes(tmp_path / "out" / "everywhere" / "latest"))
    assert found[0] == found[1]
    assert {one[2:] for one in found[1]} == {("works", "PASS")}


@pytest.mark.parametrize("char", [*sorted(paths.MEAN_SOMETHING), " ", "\N{NO-BREAK SPACE}"])
@pytest.mark.parametrize("verb", ["run", "build"])
def test_a_store_that_the_loader_or_a_tool_would_misread_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, char: str, verb: str
) -> None:
    (tmp_path / "caches").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches" / f"a{char}b"))
    code, out, err = world.run(verb, world.experiment("small", SMALL))
    assert (code, out, listed(tmp_path / "caches")) == (4, "", [])
    assert "hint: set XDG_CACHE_HOME" in err


@pytest.mark.parametrize("name", UNTOLD)
def test_what_records_could_not_tell_is_refused_wherever_it_is_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = world.experiment("small", SMALL)
    before = listed(tmp_path)
    for words in (
        ("run", str(file), "-o", name),
        ("gather", "small", "-o", name),
        *((verb, f"{name}.yaml") for verb in ("run", "check", "plan", "build", "list")),
        *((verb, name) for verb in ("report", "accept")),
        ("compare", name, name),
        ("toolchain", "lock", "bookworm", "-o", name),
    ):
        code, out, err = world.run(*words)
        assert (code, out) == (4, ""), words
        assert err.removesuffix("\n").replace("\n", "").isprintable(), words
    for variable in ("XDG_CACHE_HOME", "PATH", "CC"):
        with monkeypatch.context() as patched:
            patched.setenv(variable, f"{os.environ['PATH']}:/{name}" if variable == "PATH" else f"/{name}")
            assert world.run("run", file)[0] == 4
    assert listed(tmp_path) == before


def test_an_empty_path_is_none(world: World) -> None:
    for words in (("run", ""), ("run", "experiments", "-o", ""), ("report", "")):
        assert world.run(*words)[::2] == (4, "an empty path\nhint: `.` is the current directory\n")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("file", "not a directory"),
        ("file/x", "Not a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("loop/x", "Too many levels of symbolic links"),
        ("n" * 300, "File name too long"),
        ("../" * 40 + "proc/self/stat", "not a directory"),
    ],
)
def test_what_no_directory_can_be_made_at_is_refused_before_anything_is_built(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("loop").symlink_to("loop")
    code, out, err = world.run("run", world.experiment("small", SMALL), "-o", place)
    assert (code, out) == (4, "")
    assert err.splitlines()[0].endswith(f": {why}")
    assert not (world.store / "objects").exists()


def test_latest_that_is_no_link_is_left_alone(world: World) -> None:
    mine = world.path / "results" / "small" / "latest" / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()
    code, _, err = world.run("run", world.experiment("small", SMALL))
    assert code == 4
    assert "`latest` is a link to the newest run" in err
    assert listed(world.path / "results") == ["small", "small/latest", "small/latest/mine"]


def test_links_are_followed_once_and_then_stay_where_they_led(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project, the store and the results each behind a link; of the results not even the directory is there."""
    world.experiment("everywhere", EVERYWHERE)
    (tmp_path / "linked").symlink_to(world.path)
    (tmp_path / "cache").mkdir()
    (tmp_path / "kept").symlink_to("cache")
    (tmp_path / "out").symlink_to("deeper/../there")
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "linked")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    assert world.run("run", "experiments/everywhere.yaml", "-o", "../out")[0] == 0  # `..` is that of the real place
    latest = tmp_path / "there" / "everywhere" / "latest"
    objects = [json.loads(line)["path"] for line in (latest / "objects.jsonl").read_text().splitlines()]
    assert {one[2:] for one in outcomes(latest)} == {("works", "PASS")}
    assert all(path.startswith(f"{world.store}/objects/") for path in objects)
    assert all(f"{tmp_path}/there/everywhere/" in one.read_text() for one in latest.glob("trials/*ld-debug/cmd.sh"))


@pytest.fixture
def rooted(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, whose cache has this machine's own files as the root of debian/bookworm."""
    root = own_root(world.path.parent)
    pinned = lock.find("bookworm", places(world.path))
    place = directory(pinned, (), world.store)
    place.mkdir(parents=True)
    (place / TREE).symlink_to("/")
    record = {"schema": SCHEMA, "suite": "bookworm", "packages": [astuple(one) for one in root.packages]}
    (place / RECORD).write_text(json.dumps({**record, "parts": ["base"], "size": 0}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.store.parent))
    return world


def test_a_trial_in_a_root_has_its_directory_whatever_leads_there(rooted: World, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    file = rooted.experiment("everywhere", EVERYWHERE)
    for output in ("../up", "./a/../b", "../link/x", "../real/../c d'\"$(e)"):
        code, out, _ = rooted.run("run", file, "-S", "libc=debian/bookworm", "--no-tables", "-o", output)
        assert code == 0, out
        assert {one[2:] for one in outcomes(Path(os.path.realpath(output)) / "everywhere/latest")} == {
            ("works", "PASS")
        }


def test_a_root_behind_a_link_is_the_same_root(rooted: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(rooted.store.parent)
    file = rooted.experiment("small", SMALL)
    for cache in (rooted.store.parent, tmp_path / "link", tmp_path / "project/../link"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        assert rooted.run("run", file, "-S", "libc=debian/bookworm", "--no-tables")[0] == 0
    assert len(list((rooted.store / "objects").iterdir())) == 1


def test_what_a_root_would_hide_is_refused(rooted: World) -> None:
    for output in ("/usr/share/elfworlds-runs", "/etc/../lib/elfworlds-runs"):
        code, _, err = rooted.run("run", rooted.experiment("small", SMALL), "-S", "libc=debian/bookworm", "-o", output)
        assert code == 4
        top = Path(os.path.realpath(output)).parts[1]  # /lib itself where it is no link into /usr
        assert f"cannot be seen in debian/bookworm, which has its own /{top}\n" in err
        assert not Path(output).exists()


class TestAStoreWithoutAHome:
    def test_lies_below_the_users_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        home = pwd.getpwuid(os.getuid()).pw_dir
        monkeypatch.chdir("/")
        assert paths.store({}) == paths.store({"HOME": ""}) == Path(os.path.realpath(home), ".cache/elfworlds")

    def test_is_refused_where_the_system_knows_none(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        user = pwd.getpwuid(os.getuid())
        for home in ("/nonexistent", "", "relative"):
            gone = pwd.struct_passwd((*user[:5], home, user[6]))
            monkeypatch.setattr(pwd, "getpwuid", lambda _uid, gone=gone: gone)
            with pytest.raises(InputError, match="no home directory"):
                paths.store({})
        assert paths.store({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "elfworlds"


def test_a_directory_that_is_gone_is_told(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.experiment("small", SMALL)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for words in (("run", file), ("check", file), ("list",), ("new", "x"), ("report", "small")):
        code, out, err = world.run(*words)
        assert (code, out) == (4, "")
        assert err == "the current directory: No such file or directory\nhint: cd to one that is there\n"


def test_a_directory_with_a_newline_is_no_place_for_results_and_may_be_stood_in(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "a\nb"
    (odd / "experiments").mkdir(parents=True)
    (odd / "experiments" / "small.yaml").write_text(SMALL)
    monkeypatch.chdir(odd)
    code, _, err = world.run("run", "experiments/small.yaml")
    assert (code, err.splitlines()[0]) == (4, f"{tmp_path}/a\\nb/results: a path with control characters in it")
    assert listed(odd) == ["experiments", "experiments/small.yaml"]
    assert world.run("run", "experiments/small.yaml", "-o", tmp_path / "out")[0] == 0


def test_programs_are_found_from_here_wherever_they_are_started(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b in").mkdir()
    (tmp_path / "b in" / "cc").symlink_to(needs("cc"))
    file = world.experiment("small", SMALL)
    monkeypatch.setenv("PATH", f"b in:{os.environ['PATH']}")
    assert world.run("run", file)[0] == 0
    monkeypatch.setenv("CC", "'b in/cc' -O1")
    assert world.run("run", file)[0] == 0


@pytest.mark.parametrize("variable", ["CC", "CXX", "RUSTC"])
def test_a_compiler_whose_words_a_shell_could_not_read_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "'cc")
    code, _, err = world.run("run", world.experiment("small", SMALL))
    assert (code, err.splitlines()[0]) == (4, f"{variable}='cc: No closing quotation")


def test_no_source_is_taken_for_an_option(world: World) -> None:
    names = ("-v.c", "-d/-include x.c", "a b$(x)`y`'.c", "c\nd.c", "@file.c")
    for number, name in enumerate(names):
        path = world.path / "experiments" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"int v{number};\n")
    sources = json.dumps([*names, "main.c"])
    (world.path / "experiments" / "main.c").write_text("int main(void) { return 0; }\n")
    text = f"""
experiment: named
question: "?"
objects: {{app: {{executable: app, sources: {sources}}}}}
scenarios: {{s: {{run: "${{app}}", outcomes: {{works: {{exit: 0}}}}, expect: {{outcome: works}}}}}}
"""
    file = world.experiment("named", text)
    assert world.run("run", file)[0] == 0
    script = world.path / "exported.sh"
    script.write_text(world.run("export-c", file, "s")[1])
    subprocess.run(["/bin/sh", script], check=True, cwd=world.path)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("directory", "not a regular file"),
        ("fifo", "not a regular file"),
        ("dangling", "no file"),
        ("loop", "Too many levels of symbolic links"),
        ("n" * 300, "File name too long"),
        ("app/x", "Not a directory"),
        ("with space", "has a space in it"),
        ("with:colon", "has `:` in it"),
    ],
)
def test_a_prebuilt_file_that_cannot_be_taken_says_why(world: World, path: str, why: str) -> None:
    beside = world.path / "experiments"
    (beside / "directory").mkdir()
    os.mkfifo(beside / "fifo")
    (beside / "dangling").symlink_to("nowhere")
    (beside / "loop").symlink_to("loop")
    (beside / "app").touch()
    text = f'experiment: x\nquestion: "?"\nobjects: {{a: {{prebuilt: "{path}"}}}}\nscenarios: {{s: {{inspect: a}}}}\n'
    code, _, err = world.run("check", world.experiment("x", text))
    assert (code, why in err, "x.yaml:3:25: error:" in err) == (4, True, True), err


def test_a_prebuilt_file_has_the_name_that_it_is_called_by(world: World) -> None:
    beside = world.path / "experiments"
    (beside / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-o", beside / "real", beside / "main.c"], check=True)
    (beside / "sub").mkdir()
    (beside / "-called").symlink_to("sub/../real")
    text = 'experiment: x\nquestion: "?"\nobjects: {a: {prebuilt: "sub/../-called"}}\n'
    scenario = 'scenarios: {s: {run: "${a}", outcomes: {works: {exit: 0}}, expect: {outcome: works}}}\n'
    code, out, _ = world.run("run", world.experiment("x", text + scenario))
    assert code == 0, out
    assert (world.latest("x") / "objects.jsonl").read_text().count("/-called") == 1


def test_a_lock_file_that_leads_nowhere_is_told(world: World) -> None:
    (world.path / "toolchains").mkdir()
    (world.path / "toolchains" / "debian-mine.lock.json").symlink_to("nowhere")
    code, _, err = world.run("toolchain", "fetch", "mine")
    assert (code, "debian-mine.lock.json: no file" in err) == (4, True)
