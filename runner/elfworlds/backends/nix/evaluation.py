"""A plan's objects as derivations: what Nix evaluates, and what is known of it from before."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.backends.nix import handover, trouble
from elfworlds.backends.nix.programs import complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from elfworlds.backends.nix.programs import Programs
    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.jsondata import JsonObject
    from elfworlds.planning import BuildRequest
    from elfworlds.process import Completed

SCHEMA = 1
STORE = "/nix/store"
HOSTPKGS = ("nix", "hostpkgs")
# Which store a Nix program speaks to.
STORES = ("NIX_REMOTE", "NIX_STORE_DIR", "NIX_STATE_DIR", "NIX_CONF_DIR", "NIX_CONFIG")
TRIES = 4
_COLLECTED = re.compile(r"is not valid|no substituter that can build it|don't know how to build these paths")


@dataclass(frozen=True, slots=True)
class ObjectDerivation:
    """An object's derivation and the directory that it makes."""

    derivation: str
    out: str


@dataclass(frozen=True, slots=True)
class Farm:
    """A plan's objects in the Nix store.

    Attributes:
        path: the store path that has a link to each object; a derivation until it was built.
        places: key → an object's own.
    """

    path: str
    places: Mapping[str, ObjectDerivation]

    def only(self, keys: Collection[str]) -> Farm:
        """The same with the places of some of its objects."""
        return Farm(self.path, {key: place for key, place in self.places.items() if key in keys})


def evaluate(
    programs: Programs,
    document: JsonObject,
    requests: Mapping[str, BuildRequest],
    files: Mapping[str, bytes],
    link: Path,
) -> Farm:
    """The farm's derivation, which this writes into the store and roots there by the same call.

    Args:
        programs: Nix'.
        document: what nix/objects.nix reads.
        requests: the objects.
        files: by digest, what they are made of.
        link: the root.

    Raises:
        BuildFailedError: Nix could not evaluate it.
    """
    with tempfile.TemporaryDirectory(prefix="elfworlds-nix.") as temporary:
        directory = Path(temporary)
        inputs = (sha256 for request in requests.values() for _, sha256 in request.inputs)
        handover.write(directory, document, inputs, files)
        words = (*_expression(programs.settings, directory), "--add-root", str(link), "--indirect")
        done = patiently(lambda: programs.call("nix-instantiate", *words))
    if not done.ok:
        raise trouble.explain(complaint(done))
    derivation = str(link.readlink())
    shown = programs.call("nix-store", "--query", "--binding", "manifest", derivation)
    if not shown.ok:
        raise trouble.explain(complaint(shown))
    manifest = json.loads(shown.text)
    places = {key: ObjectDerivation(manifest[key]["drv"], manifest[key]["out"]) for key in requests}
    return Farm(derivation, places)


def patiently(call: Callable[[], Completed]) -> Completed:
    """Call a program of Nix, and again where a garbage collection took what it had just found in the store."""
    done = call()
    for _ in range(TRIES - 1):
        if done.ok or not _COLLECTED.search(complaint(done)):
            break
        done = call()
    return done


def digest(settings: NixSettings, document: JsonObject) -> str:
    """Of all that decides what an evaluation gives; empty where the package set may change and nobody would see it."""
    sets = tuple(_package_set(settings))
    if not sets:
        return ""
    stores = [settings.environment.get(name, "") for name in STORES]
    files = [hashlib.sha256(file.read_bytes()).hexdigest() for file in _expressions(Path(settings.expressions))]
    decisive = [SCHEMA, sets, settings.programs, settings.options, stores, files, document]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _package_set(settings: NixSettings) -> Iterator[str]:
    """What tells one package set from another: a store path, or the pin or hostpkgs, which are read as expressions."""
    packages, own = settings.packages, str(Path(settings.expressions, *HOSTPKGS))
    if not packages or packages == own or packages.startswith(f"{STORE}/"):
        yield packages


def _expressions(place: Path) -> Iterator[Path]:
    """Every file that takes part in an evaluation, but those of another package set."""
    yield from (place / name for name in ("default.nix", "flake.lock"))
    yield from sorted((place / "nix").glob("*.nix"))
    yield from sorted(place.joinpath(*HOSTPKGS).glob("*.nix"))


def _expression(settings: NixSettings, directory: Path) -> tuple[str, ...]:
    packages = ("--argstr", "packages", settings.packages) if settings.packages else ()
    given = ("--argstr", "plan", f"{directory}/plan.json", "--argstr", "files", f"{directory}/files")
    return (settings.expressions, "-A", "farm", *given, *packages)
