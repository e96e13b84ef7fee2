"""advise: what is foretold of a plugin is what really happens to it; each hazard has its experiment."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from elfworlds.advice import DLOPEN, RULES, Advice, advise
from elfworlds.advice.static_tls import room
from elfworlds.cli.invoking import invoke
from elfworlds.inspection import World
from inspecting import cached

HERE = Path(__file__).parent.parent
PROBER = HERE / "bench" / "advising" / "prober.c"
GREEDY = "static __thread char buffer[BYTES] __attribute__((aligned(ALIGNMENT))); char *f(void) { return buffer; }"
LACKING = "int lacking(void); int f(void) { return lacking(); }"
DEMANDING = r"""
__asm__(".pushsection .note.gnu.property,\"a\",@note\n.balign 8\n.long 4, 16, 5\n.asciz \"GNU\"\n"
        ".long 0xc0008002, 4, 0x8000, 0\n.popsection");
"""
UNIQUE = 'int which = 1; __asm__(".type which, @gnu_unique_object"); int *where(void) { return &which; }'


@dataclass(frozen=True)
class Shop:
    """Makes libraries, and opens them for real."""

    directory: Path

    def make(self, name: str, code: str, *words: str | Path) -> Path:
        source = self.directory / f"{name}.{'cc' if '-xc++' in words else 'c'}"
        source.write_text(code)
        path = self.directory / f"lib{name}.so"
        kind = ["-pie", "-fPIE"] if "-pie" in words else ["-shared", "-fPIC", f"-Wl,-soname,{path.name}"]
        compiler = ["c++" if "-xc++" in words else "cc", "-w", "-O1", *kind, "-o", path, source]
        others = [word for word in map(str, words) if word not in ("-pie", "-xc++")]
        run = f"-Wl,-rpath,{self.directory},--no-as-needed"
        subprocess.run([*compiler, run, *others], check=True)
        return path

    def program(self, name: str, source: Path | str, *words: str) -> Path:
        path = self.directory / name
        code = source if isinstance(source, str) else source.read_text()
        (self.directory / f"{name}.c").write_text(code)
        subprocess.run(["cc", "-w", "-o", path, f"{path}.c", *words, "-ldl"], check=True)
        return path

    def seen(self, path: Path) -> tuple[bool, bool, int]:
        """Whether a file loads, whether it is gone after dlclose, and how many copies of it there were."""
        prober = self.program("prober", PROBER)
        once, copies = (
            subprocess.run([prober, mode, path, "1"], capture_output=True, text=True, check=True).stdout
            for mode in ("once", "copies")
        )
        return "loaded\n" in once, "closed 0 gone" in once, copies.count("loaded")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def greedy(size: int, alignment: int = 1, model: str = "initial-exec") -> Callable[[Shop], Path]:
    words = f"-DBYTES={size}", f"-DALIGNMENT={alignment}", f"-ftls-model={model}"
    return lambda shop: shop.make("greedy", GREEDY, *words)


def needs_static_tls_of_another(shop: Shop) -> Path:
    taken = shop.make("taken", "__thread char shared[300];")
    return shop.make(
        "taking",
        "extern __thread char shared[300]; char *f(void) { return shared; }",
        "-ftls-model=initial-exec",
        taken,
    )


def needs_what_is_unique(shop: Shop) -> Path:
    return shop.make("user", "int *where(void); int *g(void) { return where(); }", shop.make("unique", UNIQUE))


def is_bound_by_what_stays(shop: Shop) -> Path:
    """What stays binds to a weak function of the plugin, as libstdc++ does to its templates."""
    stays = shop.make(
        "stays", f"__attribute__((weak)) int weak(void) {{ return 1; }} int h(void) {{ return weak(); }} {UNIQUE}"
    )
    return shop.make("bound", "int weak(void) { return 2; } int *where(void); int *g(void) { return where(); }", stays)


def lacks_a_library(shop: Shop) -> Path:
    gone = shop.make("absent", "int f(void) { return 1; }")
    path = shop.make("lacking", "int f(void); int g(void) { return f(); }", gone)
    gone.unlink()
    return path


def is_unique_under_another_version(shop: Shop) -> Path:
    """The same unique symbol in two libraries; a namespace has one of a name, and it is the first one that is bound."""
    for version in ("A", "B"):
        (shop.directory / version).write_text(f"{version} {{ *; }};")
    below = shop.make("below", UNIQUE, f"-Wl,--version-script,{shop.directory}/B")
    return shop.make("above", UNIQUE.replace("where", "over"), f"-Wl,--version-script,{shop.directory}/A", below)


KINDS: dict[str, Callable[[Shop], Path]] = {
    "plain": lambda shop: shop.make("plain", "#include <stdlib.h>\nvoid *f(void) { return malloc(1); }"),
    "without-libc": lambda shop: shop.make("alone", "int f(void) { return 1; }", "-nostdlib"),
    "static-tls": greedy(64),
    "aligned-tls": greedy(100, 64),
    "too-aligned-tls": greedy(64, 128),
    "most-of-the-room": greedy(1024),
    "too-large-tls": greedy(4096),
    "dynamic-tls": greedy(4096, 1, "global-dynamic"),
    "tls-of-another": needs_static_tls_of_another,
    "unique": lambda shop: shop.make("unique", UNIQUE),
    "needs-unique": needs_what_is_unique,
    "bound-by-what-stays": is_bound_by_what_stays,
    "unique-twice": is_unique_under_another_version,
    "nodelete": lambda shop: shop.make("forever", "int f(void) { return 1; }", "-Wl,-z,nodelete"),
    "undefined": lambda shop: shop.make("undefined", "int lacking(void); int f(void) { return lacking(); }"),
    "weak-undefined": lambda shop: shop.make(
        "weakly", "__attribute__((weak)) int lacking(void); int f(void) { return lacking(); }"
    ),
    "missing-library": lacks_a_library,
    "program": lambda shop: shop.make("program", "int main(void) { return 0; }", "-pie"),
    "executable-stack": lambda shop: shop.make("stacked", "int f(void) { return 1; }", "-Wl,-z,execstack"),
    "no-such-processor": lambda shop: shop.make("demanding", DEMANDING),
    "c++": lambda shop: shop.make(
        "cxx", "#include <string>\nstd::string f(int n) { return std::to_string(n); }", "-xc++"
    ),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.needs("c++") if kind == "c++" else ()) for kind in KINDS]
)
def test_what_is_foretold_is_what_happens(shop: Shop, kind: str) -> None:
    path = KINDS[kind](shop)
    forecast = advise(path).forecast
    assert (forecast.loads, forecast.gone, forecast.copies) == shop.seen(path)


def evidence(advice: Advice, rule: str) -> str:
    return "; ".join(hazard.evidence for hazard in advice.hazards if hazard.rule == rule)


def test_symbols_that_a_host_takes_over_are_named_for_dlopen_alone(shop: Shop) -> None:
    host = shop.program("host", "int mine(void) { return 1; } int main(void) { return 0; }", "-rdynamic")
    plugin = shop.make("plugin", "int mine(void) { return 2; } int g(void) { return mine(); }")
    world = World(host=str(host))
    assert re.match(f"mine: {host} defines the same", evidence(advise(plugin, world, DLOPEN), "interposed"))
    assert evidence(advise(plugin, world), "interposed") == ""


def test_a_symbol_that_only_the_program_exports_is_in_no_other_namespace(shop: Shop) -> None:
    host = shop.program("host", "int call_me(void) { return 1; } int main(void) { return 0; }", "-rdynamic")
    plugin = shop.make("plugin", "int call_me(void); int g(void) { return call_me(); }")
    apart, with_it = advise(plugin, World(host=str(host))), advise(plugin, World(host=str(host)), DLOPEN)
    assert "call_me" in evidence(apart, "only-the-host")
    assert (apart.forecast.loads, with_it.forecast.loads) == (False, True)


def test_a_host_that_does_not_start_loads_nothing(shop: Shop) -> None:
    absent = shop.make("absent", "int f(void) { return 1; }")
    host = shop.program("host", "int f(void); int main(void) { return f(); }", str(absent))
    absent.unlink()
    refusals = advise(KINDS["plain"](shop), World(host=str(host)), DLOPEN).forecast.refusals
    assert re.fullmatch("the host does not start: .*libabsent.so is not found", refusals[0])


def test_what_is_made_to_be_preloaded_is_told_apart(shop: Shop) -> None:
    code = "#define _GNU_SOURCE\n#include <dlfcn.h>\nvoid *malloc(unsigned long n) {{ return {}; }}"
    real = '((void *(*)(unsigned long))dlsym(RTLD_NEXT, "malloc"))(n)'
    shim, own = shop.make("shim", code.format(real)), shop.make("own", code.format("(void *)n"))
    assert evidence(advise(shim), "interposer").startswith("defines malloc as libc does")
    assert evidence(advise(own), "interposer") == ""


def library(shop: Shop, directory: str, code: str, *words: str) -> Path:
    """libdep.so in a directory of its own."""
    place = Shop(shop.directory / directory)
    place.directory.mkdir()
    return place.make("dep", code, *words)


@pytest.mark.parametrize("mine_is", ["newer", "as old"])
def test_a_library_that_the_host_has_already_serves_the_plugin_too(shop: Shop, mine_is: str) -> None:
    newer = mine_is == "newer"
    for version in ("V_1", "V_2"):
        (shop.directory / version).write_text(f"{version} {{ *; }};")
    script = "-Wl,--version-script," + str(shop.directory)
    theirs = library(shop, "theirs", "int f(void) { return 1; }", f"{script}/V_1")
    mine = library(shop, "mine", "int f(void) { return 2; }", f"{script}/V_{1 + newer}")
    host = shop.program(
        "host", "int f(void); int main(void) { return f(); }", str(theirs), f"-Wl,-rpath,{theirs.parent}"
    )
    plugin = shop.make("plugin", "int f(void); int g(void) { return f(); }", mine, f"-Wl,-rpath,{mine.parent}")
    with_it = advise(plugin, World(host=str(host)), DLOPEN)
    older, another = (evidence(with_it, rule) for rule in ("older-library-first", "another-build-first"))
    if newer:
        assert (older, another) == (f"libdep.so is the host's {theirs}, without V_2; its own would be {mine}", "")
    else:
        assert (older, another) == ("", f"libdep.so is the host's {theirs}, not {mine}")
    assert with_it.forecast.loads is not newer
    assert advise(plugin, World(host=str(host))).forecast.loads


def test_each_missing_symbol_is_told_with_the_library_that_defines_it(shop: Shop) -> None:
    cached()  # its usual libraries are those that the loader's cache names
    code = "double cbrt(double); int nobodys(void); double f(double x) { return cbrt(x) + nobodys(); }"
    path = shop.make("lacking", code)
    apart, together = (evidence(advise(path, way=way), "undefined").split("; ") for way in ("dlmopen", DLOPEN))
    assert any(re.fullmatch("/.*libm.so.6 defines it: patchelf --add-needed libm.so.6", each) for each in apart)
    assert any(each.endswith("--add-needed libm.so.6, or open that first with RTLD_GLOBAL") for each in together)
    assert "nobodys: nothing in its closure defines it" in apart


def test_an_allocator_of_the_host_is_in_no_other_namespace(shop: Shop) -> None:
    host = shop.program("host", "void *malloc(unsigned long n) { return 0; } int main(void) { return 0; }", "-rdynamic")
    plugin = KINDS["plain"](shop)
    assert f"that of {host} is not there" in evidence(advise(plugin, World(host=str(host))), "replaced-malloc")
    assert evidence(advise(plugin, World(host=str(host)), DLOPEN), "replaced-malloc") == ""


@pytest.mark.parametrize(("does", "seen"), [("free(p)", "; {host} refers to free"), ("p = 0", None)])
def test_heap_crosses_where_the_host_has_the_other_half(shop: Shop, does: str, seen: str | None) -> None:
    plugin = shop.make("gives", "void *malloc(unsigned long); void *f(void) { return malloc(9); }")
    code = f"void free(void *); void g(void *p) {{ {does}; }} int main(void) {{ return 0; }}"
    host = shop.program("gets", code, "-rdynamic")
    expected = "" if seen is None else "refers to malloc, and not to free" + seen.format(host=host)
    assert evidence(advise(plugin, World(host=str(host))), "crossing-heap") == expected


@pytest.mark.parametrize(("does", "seen"), [("malloc(9)", ""), ("0", "refers to free, and to nothing that allocates")])
def test_heap_does_not_cross_between_a_file_and_what_it_needs(shop: Shop, does: str, seen: str) -> None:
    needed = shop.make("needed", f"void *malloc(unsigned long); void *get(void) {{ return {does}; }}")
    taker = shop.make("takes", "void *get(void); void free(void *); void f(void) { free(get()); }", needed)
    assert evidence(advise(taker), "crossing-heap") == seen


RELOCATED = r'int value; __asm__(".pushsection .text\n.globl get\nget: movabsq $value, %rax\nret\n.popsection");'
SEEN_IN_ONE: dict[str, tuple[str, tuple[str, ...], str]] = {
    "text-relocations": (RELOCATED, ("-Wl,-z,notext",), "1 relocations in code"),
    "unsafe-run-path": (
        "int f(void) { return 1; }",
        ("-Wl,-rpath,lib:/tmp/x",),
        (
            "DT_RUNPATH has `lib`, which begins at the working directory; "
            "DT_RUNPATH has `/tmp/x`, below a directory where everybody may write"
        ),
    ),
    "auditor": ("unsigned la_version(unsigned v) { return v; }", (), "defines la_version"),
    "exit-handlers": ("int on_exit(void *, void *); int f(void) { return on_exit(f, 0); }", (), "refers to on_exit"),
    "crossing-heap": (
        "void *malloc(unsigned long); void *f(void) { return malloc(9); }",
        (),
        "refers to malloc, and not to free",
    ),
}


@pytest.mark.parametrize("rule", SEEN_IN_ONE)
def test_a_hazard_is_seen_in_the_file_that_has_it_and_in_no_plain_one(shop: Shop, rule: str) -> None:
    code, words, seen = SEEN_IN_ONE[rule]
    plain = "void *malloc(unsigned long); void free(void *); void f(void) { free(malloc(1)); }"
    for text, more, expected in ((code, words, seen), (plain, (), "")):
        path, source = shop.directory / "libmade.so", shop.directory / "made.c"
        source.write_text(text)
        subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", path, source, *more], check=True)
        assert evidence(advise(path), rule) == expected


def test_the_tunable_makes_room(shop: Shop) -> None:
    path = greedy(64)(shop)
    world = World(env={"GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=16384"})
    assert (advise(path).forecast.limit, advise(path, world).forecast.limit) == ("static TLS", "namespaces")


@pytest.mark.parametrize(
    ("said", "same"),
    [("nns=64", ""), ("nns=0", ""), ("nns=16:glibc.rtld.nns=64", "nns=16"), ("nns=2:glibc.rtld.nns=16", "nns=16")],
)
def test_a_tunable_beyond_its_bounds_is_passed_over(said: str, same: str) -> None:
    """As more-namespaces shows on an unpatched libc: 64 gives it what the default gives."""
    tunables = f"glibc.rtld.{same}" if same else ""
    assert room((), (2, 41), f"glibc.rtld.{said}") == room((), (2, 41), tunables)
    assert room((), (2, 41), "glibc.rtld.nns=16") != room((), (2, 41))


def test_every_rule_has_an_experiment_and_a_section() -> None:
    page = (HERE / "docs" / "advise.md").read_text()
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert (HERE / "experiments" / f"{rule.experiment}.yaml").is_file(), rule
        section = page.partition(f"\n### {rule.name}\n")[2].partition("\n### ")[0]
        assert f"(../experiments/{rule.experiment}.yaml)" in section, rule


def test_the_verb_says_it_to_people_and_to_programs(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    unique, lacking = KINDS["unique"](shop), KINDS["undefined"](shop)
    assert invoke(["advise", str(unique)]) == 0
    assert "gone after dlclose: no: the unique symbol which of libunique.so" in capsys.readouterr().out
    assert invoke(["advise", "--format", "json", str(unique), str(lacking)]) == 1
    first, second = json.loads(capsys.readouterr().out)["advice"]
    assert (first["loads"], first["hazards"][0]["rule"]) == (True, "unique-symbols")
    assert second["refusals"] == ["undefined symbol: lacking, of libundefined.so"]
    assert invoke(["advise", "--format", "json", str(shop.directory)]) == 1
    assert len(json.loads(capsys.readouterr().out)["advice"]) == 2
    assert invoke(["advise", str(HERE / "README.md")]) == 4
