"""Real Nix builds in a root: what it makes is what the local store makes, and nothing of this machine is seen."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from elfworlds import sandbox
from elfworlds.backends import Backend, Build, compare
from elfworlds.backends.local import LocalBackend
from elfworlds.backends.nix import NixBackend
from elfworlds.backends.nix.memory import Memory
from elfworlds.backends.nix.roots import ENTER
from elfworlds.backends.nix.settings import settings
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import HOST, look
from elfworlds.sandbox.reaper import provide
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian.toolchain import toolchain as toolchain_of
from elfworlds.workflow import backends
from elfworlds.workflow import toolchains as worlds
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from nix_support import ROOT, environment, needs_nix
from plans import plan_of, stub
from rooting import CC, bubblewrap, compiling_root
from waiting import AGES

pytestmark = needs_nix
HOST_ONLY = "/usr/include/aio.h"
NAME = "debian/own"
HEAD = f"experiment: x\nquestion: x\nmatrix: {{libc: [{NAME}]}}\nscenarios: {{s: {{run: '/bin/true ${{app}}'}}}}\n"
OBJECTS = """
objects:
  base: {library: base, code: "int base = 1;"}
  user: {library: user, code: "extern int base; int user(void) { return base; }", needs: [base]}
  app:
    executable: app
    needs: [user]
    code: |
      #include <stdio.h>
      int user(void);
      int main(void) { return printf("%d", user()) != 1; }
"""


@pytest.fixture(scope="module", params=[True, False], ids=["usr-merged", "as-bullseye-has-it"])
def rooted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolchain]:
    """A root with this machine's compiler, but without one of its headers."""
    bwrap, directory = bubblewrap(), tmp_path_factory.mktemp("roots")
    with compiling_root(directory, merged=request.param, without=(HOST_ONLY,)) as root, Pool() as pool:
        yield replace(toolchain_of(root, pool.run, bwrap=bwrap), name=NAME)


@dataclass(frozen=True)
class Place:
    """Where a test builds."""

    path: Path
    pool: Pool
    toolchain: Toolchain

    def local(self) -> Backend:
        return LocalBackend(self.path / "store", self.pool.run, 2, self.pool.interrupt)

    def nix(self, **more: str) -> NixBackend:
        found = settings(environment(self.path, **more))
        return NixBackend(found, Memory(self.path / "nix"), self.pool.run, 2, self.pool.interrupt)

    def build(self, backend: Backend, objects: str = OBJECTS) -> Build:
        plan = plan_of(HEAD + objects, self.path, self.toolchains)
        return backend.build(plan, self.toolchains, keep_going=True, report=lambda *_: None)

    @property
    def toolchains(self) -> Mapping[str, Toolchain]:
        return {NAME: self.toolchain}


@pytest.fixture
def place(tmp_path: Path, pool: Pool, rooted: Toolchain) -> Place:
    return Place(tmp_path, pool, rooted)


def one_object(code: str) -> str:
    lines = "".join(f"\n      {line}" for line in code.splitlines())
    return f"objects:\n  app:\n    library: o\n    code: |{lines}\n"


def test_both_backends_make_the_same_objects(place: Place) -> None:
    plan = plan_of(HEAD + OBJECTS, place.path, place.toolchains)
    builds = place.build(place.local()), place.build(place.nix())
    assert [dict(one.failures) for one in builds] == [{}, {}]
    assert list(compare.builds(plan, ("local", "nix"), builds)) == []
    assert all(one.directory.startswith("/nix/store/") for one in builds[1].artifacts.values())


def test_every_object_is_the_same_when_it_is_made_again(place: Place) -> None:
    plan, backend = plan_of(HEAD + OBJECTS, place.path, place.toolchains), place.nix()
    again = backend.verify(plan, place.toolchains, place.build(backend))
    assert [(one.identical, one.why) for one in again.values()] == [(True, "")] * 3


def test_a_header_that_this_machine_has_and_the_root_lacks_is_not_found(place: Place) -> None:
    assert Path(HOST_ONLY).is_file()
    (failure,) = place.build(place.nix(), one_object("#include <aio.h>\n")).failures.values()
    assert failure.exit == 1
    assert "aio.h: No such file or directory" in failure.output


def test_a_build_sees_the_root_its_own_directory_and_the_store(place: Place) -> None:
    hidden = (HOST_ONLY, __file__, "/usr/bin/nix-build", "/etc/passwd")
    assert all(Path(path).is_file() for path in hidden)
    seen = ("/usr/include/stdio.h", "/lib64/ld-linux-x86-64.so.2", "/bin/sh", "/nix/store/../../bin/sh", "/proc/mounts")
    lines = [f'#if __has_include("{path}")\n#error {path}\n#endif\n' for path in hidden]
    lines += [f'#if !__has_include("{path}")\n#error {path}\n#endif\n' for path in seen]
    build = place.build(place.nix(), one_object("".join(lines)))
    assert [one.output for one in build.failures.values()] == []


def test_neither_a_package_set_nor_a_setting_is_needed(place: Place) -> None:
    """Nixpkgs cannot be had here, and a daemon would refuse `sandbox-paths`."""
    conf = place.path / "conf"
    conf.mkdir()
    (conf / "nix.conf").write_text("build-users-group =\nsubstituters =\n")
    backend = place.nix(ELFWORLDS_NIX_PACKAGES="", NIX_CONF_DIR=str(conf))
    assert not place.build(backend, one_object(f'const char *text = "{place.path}";')).failures


def test_a_loader_in_the_root_tries_the_root_and_the_objects_only(place: Place) -> None:
    build = place.build(place.nix())
    app = next(one for one in build.artifacts.values() if one.filename == "app")
    world = place.toolchain.world.reading("/nix/store")
    command = Command(argv=(app.path,), env={"LD_DEBUG": "libs"}, cwd="/", timeout=AGES)
    done = place.pool.run(sandbox.wrap(command, world))
    assert done.text == "1"
    tried = set(re.findall(r"(?:trying file=|calling init: )(/\S+)", done.stderr.data.decode()))
    directories = tuple(f"{one.directory}/" for one in build.artifacts.values())
    others = [path for path in tried if not path.startswith(directories)]
    assert {one.path for one in build.artifacts.values()} <= {*tried, app.path}
    assert others
    assert world.root
    assert [path for path in others if not world.root.holds(path)] == []


def test_the_closure_of_an_object_is_exactly_its_objects(place: Place) -> None:
    build = place.build(place.nix())
    directories = {one.directory for one in build.artifacts.values()}
    done = place.pool.run(place.nix().programs.command("nix-store", "-qR", *directories))
    assert set(done.text.split()) == directories


def laid_over(place: Place, outside: str) -> Place:
    """With a header of another file than the root's own."""
    root = place.toolchain.world.root
    assert root
    over = replace(root, over=((root.real("/usr/include/alloca.h"), outside),))
    return replace(place, toolchain=replace(place.toolchain, world=replace(place.toolchain.world, root=over)))


def test_a_file_of_a_store_path_is_seen_instead_of_the_roots_own(place: Place) -> None:
    header = place.path / "headers/alloca.h"
    header.parent.mkdir()
    header.write_text("enum { laid_over = 1 };\n")
    stored = place.pool.run(place.nix().programs.command("nix-store", "--add", str(header.parent))).text.strip()
    changed, code = laid_over(place, f"{stored}/alloca.h"), one_object("#include <alloca.h>\nint one = laid_over;")
    builds = [one.build(backend, code) for one in (place, changed) for backend in (one.local(), one.nix())]
    assert [bool(build.failures) for build in builds] == [True, True, False, False]
    with pytest.raises(BuildFailedError, match="the nix backend does not build with"):
        laid_over(place, str(header)).build(place.nix())


def test_a_roots_digest_is_computed_once(place: Place) -> None:
    asked: list[str] = []

    def run(command: Command) -> Completed:
        asked.append(Path(command.argv[0]).name)
        return place.pool.run(command)

    backend = replace(place.nix(), run=run)
    for code in ("int one;", "int two;"):
        assert not place.build(backend, one_object(code)).failures
    assert asked.count("nix-hash") == 1


def test_a_root_that_is_gone_is_said(place: Place) -> None:
    assert place.toolchain.world.root
    gone = replace(place.toolchain.world.root, path=str(place.path / "gone" / "root"))
    there_no_more = replace(place.toolchain, world=replace(place.toolchain.world, root=gone))
    with pytest.raises(BuildFailedError, match="gone"):
        replace(place, toolchain=there_no_more).build(place.nix())


def test_a_world_that_cannot_be_made_is_no_failure_of_the_compiler(place: Place) -> None:
    """The root lacks /bin/sh: the first thing that a build does there."""
    assert place.toolchain.world.root
    tree = place.path / "lacking" / "root"
    shutil.copytree(place.toolchain.world.root.path, tree, symlinks=True, copy_function=os.link)
    (tree / "usr/bin/dash").unlink()
    lacking = replace(place.toolchain, world=replace(place.toolchain.world, root=look(str(tree))))
    with pytest.raises(BuildFailedError, match="elfworlds-enter: start /bin/sh: No such file or directory"):
        replace(place, toolchain=lacking).build(place.nix())


def test_a_package_set_is_asked_for_no_compiler_where_all_is_built_in_roots(tmp_path: Path, pool: Pool) -> None:
    (tmp_path / "default.nix").write_text('_: abort "nobody should read this"\n')
    here = environment(tmp_path, ELFWORLDS_NIX_PACKAGES=str(tmp_path))
    assert backends.ready("nix", Session(pool, here, Silent(), jobs=1), toolchains=(NAME,))[1] == here
    with pytest.raises(BuildFailedError, match="nobody should read this"):
        backends.ready("nix", Session(pool, {**here, "CC": ""}, Silent(), jobs=1))


def test_a_trial_in_a_root_sees_a_store_that_is_there(tmp_path: Path) -> None:
    found = worlds.seeing({NAME: stub(NAME)}, str(tmp_path))
    assert found[NAME].world.read_only == (str(tmp_path),)
    assert worlds.seeing(found, str(tmp_path / "none")) == found


def test_what_enters_a_root_compiles_without_warnings(tmp_path: Path, pool: Pool) -> None:
    words = (CC, "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror")
    made = provide(tmp_path, words, {"PATH": "/usr/bin:/bin"}, HOST, pool.run, ENTER)
    assert subprocess.run([made], check=False, env={}).returncode == 64
    assert ROOT in ENTER.parents
