"""resolve: the loader's search order, as ld.so(8) has it; what is said here is asked of the real loader too."""

from __future__ import annotations

import subprocess  # the loader is asked as a person would
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from elfworlds import elf, resolve
from elfworlds.backends import Artifact
from elfworlds.elf import ElfObject
from elfworlds.resolve import (
    GLIBC,
    MUSL,
    LoadedObject,
    Namespace,
    Refusal,
    Surroundings,
    expand_tokens,
    find,
    library_path,
    load,
    serve,
    tree,
)
from elfworlds.resolve.tokens import void_tokens
from elfworlds.trials.diagnosis import missing_objects


def facts(**more: object) -> ElfObject:
    defaults: dict[str, object] = {
        "type": "ET_DYN",
        "machine": "EM_X86_64",
        "interp": None,
        "soname": None,
        "needed": (),
        "rpath": None,
        "runpath": None,
        "build_id": None,
        "flags": (),
        "execstack": False,
    }
    return ElfObject(**(defaults | more))  # type: ignore[arg-type]


def world(files: Mapping[str, ElfObject], *, env: str = "", cache: Mapping[str, str] | None = None) -> Surroundings:
    return Surroundings(files.get, library_path(env), cache or {}, ("/lib",), {"LIB": "lib64", "PLATFORM": "x86_64"})


@pytest.mark.parametrize(
    ("rpath", "runpath", "env", "wanted"),
    [
        (("/r",), None, "/e", ("rpath", "/r")),
        (None, ("/u",), "/e", ("LD_LIBRARY_PATH", "/e")),
        (None, ("/u",), "", ("runpath", "/u")),
        (("/r",), ("/u",), "", ("runpath", "/u")),
        (None, None, "", ("ld.so.cache", "/c")),
    ],
)
def test_who_beats_whom(
    rpath: tuple[str, ...] | None, runpath: tuple[str, ...] | None, env: str, wanted: tuple[str, str]
) -> None:
    files = {f"{place}/x.so": facts() for place in ("/r", "/u", "/e", "/c", "/lib")}
    needing = LoadedObject("/app", facts(rpath=rpath, runpath=runpath), None)
    edge = find(needing, "x.so", world(files, env=env, cache={"x.so": "/c/x.so"}))
    assert (edge.rule, edge.path) == (wanted[0], f"{wanted[1]}/x.so")


def test_an_rpath_is_inherited_and_a_runpath_is_not() -> None:
    files = {"/deep/x.so": facts()}
    for tag, found in (("rpath", "/deep/x.so"), ("runpath", None)):
        app = LoadedObject("/app", facts(**{tag: ("/deep",)}), None)
        assert find(LoadedObject("/lib/y.so", facts(), app), "x.so", world(files)).path == found


@pytest.mark.parametrize("machine", ["EM_386", "EM_X86_64", "EM_AARCH64"])
def test_only_a_file_of_the_needing_objects_machine_is_taken(machine: str) -> None:
    machines = ("EM_386", "EM_X86_64", "EM_AARCH64")
    files = {f"/{other}/x.so": facts(machine=other) for other in machines}
    needing = LoadedObject("/app", facts(runpath=tuple(f"/{other}" for other in machines), machine=machine), None)
    assert find(needing, "x.so", world(files)).path == f"/{machine}/x.so"


def test_a_runpath_of_the_needing_object_hides_every_rpath() -> None:
    app = LoadedObject("/app", facts(rpath=("/deep",)), None)
    needing = LoadedObject("/lib/y.so", facts(runpath=("/nowhere",)), app)
    assert find(needing, "x.so", world({"/deep/x.so": facts()})).path is None


def test_nodeflib_leaves_out_default_paths_and_what_the_cache_says_of_them() -> None:
    files = {"/lib/x.so": facts(), "/lib/sub/y.so": facts(), "/c/z.so": facts()}
    cache = {"x.so": "/lib/x.so", "y.so": "/lib/sub/y.so", "z.so": "/c/z.so"}
    needing = LoadedObject("/app", facts(flags=("DF_1_NODEFLIB",)), None)
    found = [find(needing, name, world(files, cache=cache)).path for name in cache]
    assert found == [None, None, "/c/z.so"]


def test_an_rpath_beside_a_runpath_is_none_for_dependants_either() -> None:
    app = LoadedObject("/app", facts(rpath=("/deep",), runpath=("/x",)), None)
    assert find(LoadedObject("/lib/y.so", facts(), app), "x.so", world({"/deep/x.so": facts()})).path is None


def test_the_dynamic_loader_is_loaded_from_the_start() -> None:
    files = {"/app": facts(needed=("ld.so.1",), interp="/ld/ld.so.1"), "/ld/ld.so.1": facts(soname="ld.so.1")}
    assert [(edge.rule, edge.path) for edge in tree("/app", world(files))] == [("loaded", "/ld/ld.so.1")]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("$ORIGIN/../lib", "/o/../lib"),
        ("${ORIGIN}x", "/ox"),
        ("$LIB", "lib64"),
        ("$ORIGINS", "$ORIGINS"),
        ("$OTHER/$PLATFORM", "$OTHER/x86_64"),
    ],
)
def test_tokens(entry: str, wanted: str) -> None:
    assert expand_tokens(entry, "/o", {"LIB": "lib64", "PLATFORM": "x86_64"}) == wanted


@pytest.mark.parametrize("entry", ["$PLATFORM", "${PLATFORM}", "/x/$PLATFORM", "$ORIGIN/${PLATFORM}"])
def test_an_entry_is_void_where_a_token_stands_for_nothing(entry: str) -> None:
    assert void_tokens(entry, {"PLATFORM": ""})
    assert not void_tokens(entry, {"PLATFORM": "x86_64", "LIB": ""})


def test_glibc_knows_an_object_by_the_name_that_was_searched_and_musl_by_its_file() -> None:
    real = facts(soname="libreal.so.1")
    app = LoadedObject("/app", facts(), None)
    for family, names in ((GLIBC, ["libreal.so.1", "other.so"]), (MUSL, ["real.so"])):
        files = world({"/a/real.so": real, "/a/other.so": real})
        around = files._replace(family=family, identity=lambda _path: "one file")
        space = Namespace()
        first = find(app, "/a/real.so", around)
        for edge in (first, first._replace(name="other.so", path="/a/other.so")):
            load(edge, real, app, space, around)
        assert [name for name in ("libreal.so.1", "other.so", "real.so") if space.answering(name)] == names


def test_library_path_is_split_at_colons_and_semicolons() -> None:
    assert library_path("/a:/b;/c") == ("/a", "/b", "/c")
    assert library_path("") == ()


def test_a_loaded_soname_serves_before_any_search() -> None:
    files = {
        "/app": facts(needed=("a.so", "b.so"), runpath=("/one",)),
        "/one/a.so": facts(soname="base.so"),
        "/one/b.so": facts(needed=("base.so",), runpath=("/two",)),
        "/two/base.so": facts(soname="base.so"),
    }
    edges = {(edge.needing, edge.name): (edge.rule, edge.path) for edge in tree("/app", world(files))}
    assert edges["/one/b.so", "base.so"] == ("loaded", "/one/a.so")


def test_the_sentence_for_what_is_not_found_names_the_places() -> None:
    needing = LoadedObject("/app", facts(runpath=("/u", "/v")), None)
    edge = find(needing, "x.so", world({}, env="/e"))
    told = resolve.why_not_found("app", edge)
    assert told.startswith("x.so, which app needs, was not found: LD_LIBRARY_PATH /e, runpath /u:/v;")


@pytest.mark.parametrize(
    "read", [Refusal.UNKNOWN, None], ids=["a file of which nothing is known", "a file that is gone"]
)
@pytest.mark.parametrize("family", ["glibc", "musl"])
def test_a_file_that_the_loader_took_serves_whatever_lies_there_now(family: str, read: Refusal | None) -> None:
    inside = world({})._replace(family=family, read={"/lib/x.so": read}.get)
    needing, space = LoadedObject("/app", facts(), None), Namespace()
    edge = serve(needing, "x.so", space, inside, taken="/lib/x.so")
    assert (edge.rule, edge.path, edge.stopped, edge.sure) == ("default", "/lib/x.so", None, read is None)
    assert serve(needing, "x.so", space, inside, taken="/else/x.so").path is None


CASES = list(product(["rpath", "runpath", "neither"], ["", "env"], ["direct", "indirect"]))


@pytest.mark.parametrize(("tag", "env", "kind"), CASES, ids=["-".join(case) for case in CASES])
def test_the_real_loader_agrees(tag: str, env: str, kind: str, tmp_path: Path) -> None:
    """Two leaves, told apart by their exit status: one where the tag leads, one where LD_LIBRARY_PATH leads."""
    for name, value in (("tag", 1), ("env", 2)):
        folder = tmp_path / name
        folder.mkdir()
        cc(folder / "libleaf.so", f"int leaf(void) {{ return {value}; }}", "-shared", "-fPIC")
    leaf = str(tmp_path / "tag" / "libleaf.so")
    dtags = "-Wl,--disable-new-dtags" if tag == "rpath" else "-Wl,--enable-new-dtags"
    paths = [] if tag == "neither" else [f"-Wl,-rpath,{tmp_path / 'tag'}:{tmp_path}"]
    middle = tmp_path / "libmiddle.so"
    cc(
        middle,
        "int leaf(void); int middle(void) { return leaf(); }",
        "-shared",
        "-fPIC",
        "-L",
        str(tmp_path / "tag"),
        "-lleaf",
    )
    app = tmp_path / "app"
    if kind == "direct":
        cc(
            app,
            "int leaf(void); int main(void) { return leaf(); }",
            "-L",
            str(tmp_path / "tag"),
            "-lleaf",
            dtags,
            *paths,
        )
    else:
        link = ["-L", str(tmp_path), "-lmiddle", f"-Wl,-rpath-link,{Path(leaf).parent}", dtags, *paths]
        cc(app, "int middle(void); int main(void) { return middle(); }", *link)
    env_path = str(tmp_path / "env") if env else ""
    done = subprocess.run([app], env={"LD_LIBRARY_PATH": env_path} if env else {}, capture_output=True, check=False)
    predicted = tree(str(app), Surroundings(read, library_path(env_path), {}, ("/lib", "/usr/lib", *multiarch()), {}))
    leaves = [edge.path for edge in predicted if edge.name == "libleaf.so"]
    wanted = {1: str(tmp_path / "tag" / "libleaf.so"), 2: str(tmp_path / "env" / "libleaf.so"), 127: None}
    middles = [edge.path for edge in predicted if edge.name == "libmiddle.so"]
    if kind == "indirect" and middles == [None]:
        assert done.returncode == 127
    else:
        assert leaves == [wanted[done.returncode]]


@pytest.mark.parametrize(("length", "found"), [(255, True), (256, False)])
def test_musl_searches_for_no_name_that_no_file_can_have(length: int, *, found: bool) -> None:
    name = "x" * length
    inside = world({f"/lib/{name}": facts()})._replace(family="musl")
    edge = serve(LoadedObject("/app", facts(), None), name, Namespace(), inside)
    assert edge.path == (f"/lib/{name}" if found else None)


@pytest.mark.parametrize(("length", "found"), [(511, True), (512, False)])
def test_musl_tries_no_path_that_its_buffer_does_not_hold(length: int, *, found: bool) -> None:
    """`char buf[2*NAME_MAX+2]` with the NUL at its end (ldso/dynlink.c, `load_library`)."""
    directory = "/" + "d" * (length - len("//x.so"))
    path = f"{directory}/x.so"
    inside = world({path: facts()}, env=directory)._replace(family="musl")
    edge = serve(LoadedObject("/app", facts(), None), "x.so", Namespace(), inside)
    assert edge.path == (path if found else None)


def cc(target: Path, source: str, *words: str) -> None:
    command = ["cc", "-x", "c", "-", "-x", "none", "-o", str(target), *words]
    subprocess.run(command, input=source, text=True, check=True)


def read(path: str) -> ElfObject | None:
    return elf.read(Path(path)) if Path(path).is_file() else None


def multiarch() -> list[str]:
    return [str(path) for path in Path("/lib").glob("*-linux-gnu")]


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("glibc", "rpath /r, LD_LIBRARY_PATH /e:/f:.; nor is it in ld.so.cache or a default path"),
        ("musl", "LD_LIBRARY_PATH /e;/f, rpath /r; nor is it in ld.so.cache or a default path"),
    ],
)
def test_what_the_loader_missed_is_explained_by_its_own_rules(family: str, said: str, tmp_path: Path) -> None:
    needs = facts(needed=("libx.so",), rpath=("/r",))
    where = str(tmp_path)
    artifact = Artifact(key="k", directory=where, filename="app", sha256="", facts=needs, output="", reused=False)
    text = "libx.so: cannot open shared object file: No such file or directory"
    told = missing_objects(text, {"k": artifact}, {"k": "app"}, {"LD_LIBRARY_PATH": "/e;/f:"}, family)
    assert list(told) == [f"libx.so, which app needs, was not found: {said}"]
