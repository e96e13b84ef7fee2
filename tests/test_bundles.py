"""Files of trees as objects: a library finds the one beside it, wherever the tree came from and whoever builds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bundling import CORE, LIBRARY, LINK, NEXT_DOOR, site, tarball, wheel
from conftest import World
from elfworlds.backends.local import LocalBackend
from elfworlds.backends.nix.trees import nar_sha256
from elfworlds.planning import Plan
from elfworlds.process import Command, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.trees import Shelf
from elfworlds.yamltext import ProblemsError
from nix_support import environment, needs_nix
from plans import keys_of, plan_of, stub
from waiting import AGES

EXPERIMENT = """
experiment: bundled
question: Does an extension find the library that its package brings?
objects:
  core: {{prebuilt: {{{origin}, file: pkg/_core.so}}, expect: {{needed: [libdep-1234.so.1]}}}}
  dep: {{prebuilt: {{{origin}, file: pkg.libs/libdep.so}}, expect: {{soname: libdep-1234.so.1}}}}
  app:
    executable: app
    needs: [core]
    code: "int core(void); int main(void) {{ return core() == 42 ? 0 : 1; }}"
scenarios:
  linked:
    run: ${{app}}
    outcomes: {{fine: {{exit: 0}}}}
    expect: {{outcome: fine}}
  opened:
    steps:
      - dlmopen: {{object: core, as: handle}}
      - call: {{handle: handle, function: core, type: int (void), as: answer}}
    outcomes: {{fine: {{answer: 42}}}}
    expect: {{outcome: fine}}
  read:
    inspect: core
    outcomes: {{fine: {{missing-objects: [], missing-symbols: [], runpath: ["{next_door}"]}}}}
    expect: {{outcome: fine}}
"""


def experiment(origin: str) -> str:
    return EXPERIMENT.format(origin=origin, next_door=NEXT_DOOR)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a directory, and packed."""
    if shutil.which("cc") is None:
        pytest.skip("cc is not installed")
    path = tmp_path_factory.mktemp("package")
    site(path / "site")
    wheel(path / "site", path / "pkg-1.0.whl")
    tarball(path / "site", path / "pkg.tar.gz", "w:gz")
    return path


def origins(package: Path) -> Mapping[str, str]:
    return {
        "a directory": f"tree: {package}/site",
        "a wheel": f"archive: {package}/pkg-1.0.whl",
        "a tar archive": f"archive: {package}/pkg.tar.gz",
    }


@pytest.mark.parametrize("kind", ["a directory", "a wheel", "a tar archive"])
def test_a_library_finds_the_one_beside_it(kind: str, package: Path, world: World) -> None:
    path = world.experiment("bundled", experiment(origins(package)[kind]))
    code, out, err = world.run("run", path)
    assert (code, "3 trials: 3 PASS" in out) == (0, True), err
    objects = [json.loads(line) for line in (world.latest("bundled") / "objects.jsonl").read_text().splitlines()]
    trees = {Path(one["path"]).parents[1] for one in objects if one["object"] != "app"}
    assert len(trees) == 1
    report = (world.latest("bundled") / "report.md").read_text()
    assert "## Trees" in report
    assert "| core dep | 3 |" in report
    assert world.run("report", "bundled")[0] == 0


def test_the_plan_is_the_same_wherever_the_tree_came_from(package: Path, tmp_path: Path) -> None:
    plans = [plan_of(experiment(origin), tmp_path) for origin in origins(package).values()]
    moved = shutil.copytree(package / "site", tmp_path / "elsewhere", symlinks=True)
    plans.append(plan_of(experiment(f"tree: {moved}"), tmp_path))
    assert len({plan.digest for plan in plans}) == 1
    (tree,) = plans[0].trees.values()
    assert (tree.manifest.files, tree.manifest.real(LINK)) == (3, LIBRARY)


def test_how_much_a_tree_is_is_told(package: Path, world: World) -> None:
    path = world.experiment("bundled", experiment(f"tree: {package}/site"))
    for words in (("check", path), ("plan", path)):
        code, out, _ = world.run(*words)
        assert (code, "  tree site: 3 files, " in out) == (0, True)


def test_two_paths_that_lead_to_one_file_are_refused(package: Path, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="`other` and `dep` are the same file"):
        plan_of(
            experiment(f"tree: {package}/site").replace(
                "  app:", f"  other: {{prebuilt: {{tree: {package}/site, file: {LIBRARY}}}}}\n  app:"
            ),
            tmp_path,
        )


def test_a_directory_that_changes_after_it_was_read_fails_the_build(
    package: Path, tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    mine = shutil.copytree(package / "site", tmp_path / "mine", symlinks=True)
    plan = plan_of(experiment(f"tree: {mine}"), tmp_path, {"host": toolchain})
    (mine / "pkg/__init__.py").write_text("pass\n")
    build = LocalBackend(tmp_path / "store", pool.run, 2, pool.interrupt).build(
        plan, {"host": toolchain}, keep_going=True, report=lambda *_: None
    )
    keys = keys_of(plan)
    assert "is not what it was when it was first read" in build.failures[keys["core"]].output
    assert build.failures[keys["app"]].missing == (keys["core"],)


def test_made_twice_it_is_identical_until_somebody_changes_the_store(package: Path, world: World) -> None:
    path = world.experiment("bundled", experiment(f"tree: {package}/site"))
    code, out, err = world.run("build", "--verify", path)
    assert (code, "identical" in out) == (0, True), err


class TestTheScript:
    @pytest.mark.parametrize("kind", ["a directory", "a wheel", "a tar archive"])
    def test_takes_the_tree_that_lies_beside_it(
        self, kind: str, package: Path, world: World, pool: Pool, tmp_path: Path, needs: Callable[[str], str]
    ) -> None:
        needs("unzip")
        origin = origins(package)[kind]
        path = world.experiment("bundled", experiment(origin))
        code, script, _ = world.run("export-c", path, "opened")
        assert code == 0
        here = tmp_path / "here"
        here.mkdir()
        (tmp_path / "script").write_text(script)
        env = {"PATH": os.environ["PATH"], "CC": needs(os.environ.get("CC", "cc"))}
        command = Command(argv=("/bin/sh", str(tmp_path / "script")), env=env, cwd=str(here), timeout=AGES)
        alone = pool.run(command)
        name = Path(origin.partition(": ")[2])
        assert (alone.exit, f"{name.name} has to lie in this directory" in alone.stderr.data.decode()) == (1, True)
        (here / name.name).symlink_to(name)
        done = pool.run(command)
        assert (done.exit, '"value":42' in done.stderr.data.decode()) == (0, True), done.stderr.data


class TestAFileAlone:
    def test_that_finds_its_neighbour_by_origin_is_refused_with_what_to_write(
        self, package: Path, world: World
    ) -> None:
        path = world.experiment("alone", self.text(package / "site" / CORE))
        code, _, err = world.run("check", path)
        assert code == 4
        assert "_core.so needs libdep-1234.so.1, which it finds beside itself, by $ORIGIN" in err
        hint = f"take both: prebuilt: {{tree: {package}/site, file: pkg/_core.so}}"
        assert hint in err
        path = world.experiment("alone", self.text(hint.partition("prebuilt: ")[2]))
        assert world.run("check", path)[0] == 0

    def test_whose_neighbour_is_not_there_is_taken(self, package: Path, tmp_path: Path) -> None:
        shutil.copy(package / "site" / CORE, tmp_path / "_core.so")
        assert self.planned(tmp_path / "_core.so").requests

    def test_whose_run_path_leads_somewhere_else_first_is_taken(self, package: Path, tmp_path: Path) -> None:
        libraries = package / "site" / Path(LIBRARY).parent
        other = site(tmp_path / "site", search=f"{libraries}:{NEXT_DOOR}")
        assert self.planned(other / CORE).requests

    @staticmethod
    def text(prebuilt: object) -> str:
        return (
            f"experiment: alone\nquestion: Does it load?\nobjects: {{core: {{prebuilt: {prebuilt}}}}}\n"
            "scenarios: {read: {inspect: core, outcomes: {fine: {missing-objects: []}}}}\n"
        )

    def planned(self, file: Path) -> Plan:
        return plan_of(self.text(file), file.parent)


@pytest.mark.parametrize(
    ("file", "why", "hint"),
    [
        ("pkg/_cor.so", "site holds no file `pkg/_cor.so`", "did you mean `pkg/_core.so`?"),
        ("_core.so", "site holds no file `_core.so`", "did you mean `pkg/_core.so`?"),
        ("pkg", "site holds no file `pkg`", ""),
        ("/pkg/_core.so", "is an absolute path", "it is the file's path in the tree"),
        ("../site/pkg/_core.so", "is no plain path", "it is the file's path in the tree"),
        ("pkg/__init__.py", "not a readable ELF file", ""),
    ],
)
def test_a_file_that_the_tree_lacks_is_refused(file: str, why: str, hint: str, package: Path, world: World) -> None:
    text = TestAFileAlone.text(f"{{tree: {package}/site, file: {file}}}")
    code, _, err = world.run("check", world.experiment("alone", text))
    assert (code, why in err, hint in err) == (4, True, True), err


@pytest.mark.needs("cc")
def test_an_axis_chooses_among_trees(tmp_path: Path) -> None:
    for answer in (1, 2):
        site(tmp_path / f"site-{answer}", answer)
        (tmp_path / f"site-{answer}" / CORE).rename(tmp_path / f"site-{answer}/pkg/_core-{answer}.so")
    text = (
        "experiment: x\nquestion: x\nmatrix: {which: [1, 2]}\n"
        'objects: {core: {prebuilt: {tree: "site-${matrix.which}", file: "pkg/_core-${matrix.which}.so"}}}\n'
        'scenarios: {s: {run: "/bin/true ${core} ${core.dir} ${core.tree}"}}\n'
    )
    plan = plan_of(text, tmp_path, {"host": stub()})
    assert len(plan.trees) == 2
    argv = plan.trials[0].bound.argv
    assert argv[1:] == (f"{argv[3]}/pkg/_core-1.so", f"{argv[3]}/pkg", argv[3])


class TestWithNix:
    """The tree is one path of the Nix store, an input of what is linked with it."""

    pytestmark = needs_nix

    @pytest.mark.parametrize("kind", ["a directory", "a wheel"])
    def test_both_backends_have_the_same(
        self, kind: str, package: Path, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment(world.store.parent).items():
            monkeypatch.setenv(name, value)
        path = world.experiment("bundled", experiment(origins(package)[kind]))
        code, out, err = world.run("run", "--backend", "both", path)
        assert (code, "the same ELF facts and outcomes" in out) == (0, True), out + err
        objects = [json.loads(line) for line in (world.latest("bundled") / "objects.jsonl").read_text().splitlines()]
        (tree,) = {str(Path(one["path"]).parents[1]) for one in objects if one["object"] != "app"}
        (app,) = (one for one in objects if one["object"] == "app")
        assert app["runpath"] == [f"{tree}/pkg"]
        references = subprocess.run(
            ["nix-store", "-q", "--references", str(Path(app["path"]).parent)], check=True, capture_output=True
        )
        assert tree in references.stdout.decode().split()
        code, out, err = world.run("build", "--backend", "nix", "--verify", path)
        assert (code, "4 of 4 objects identical" in out) == (0, True), out + err

    def test_its_digest_is_the_one_that_nix_computes(self, package: Path, tmp_path: Path) -> None:
        tree = Shelf(tmp_path, {}).taken(package / "site")
        done = subprocess.run(
            ["nix-hash", "--type", "sha256", str(package / "site")], check=True, capture_output=True, timeout=AGES
        )
        assert nar_sha256(tree) == done.stdout.decode().strip()


INSTALLED = """
experiment: installed
question: Does it load?
objects: {{core: {{prebuilt: {{tree: {tree}, file: pkg/_core.so}}}}}}
scenarios:
  load:
    env: {{{env}}}
    steps: [dlopen: {{object: core, as: it}}]
    outcomes: {{loaded: {{it.ok: true}}}}
    expect: {{outcome: loaded}}
"""


def test_check_warns_of_a_run_path_that_leads_to_where_a_tree_would_be_installed(world: World, tmp_path: Path) -> None:
    tree = site(tmp_path / "site", search="/pkg.libs")
    path = world.experiment("installed", INSTALLED.format(tree=tree, env=""))
    code, _, err = world.run("check", path)
    assert "warning: `core` needs libdep-1234.so.1 of its own tree, but looks for it in /pkg.libs\n" in err
    advice = 'LD_LIBRARY_PATH: "${core.tree}/pkg.libs"'
    assert (code, f"= `env: {{{advice}}}` leads there\n" in err, world.run("run", path)[0]) == (0, True, 1)
    path = world.experiment("installed", INSTALLED.format(tree=tree, env=advice))
    code, _, err = world.run("check", path)
    assert (code, err, world.run("run", path)[0]) == (0, "", 0)
