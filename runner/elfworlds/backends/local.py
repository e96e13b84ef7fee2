"""The embedded store: one directory per build key, complete or absent, shared safely by any number of runs.

objects/<key>/<file> + manifest.json    what was made, and from what; beside it links, where it has further names
holds/<pid>.*                           what a process needs as long as it lives
locks/<key>                             held while a key is made (flock(2), so no lock outlives its holder)
tmp/<key>.*                             work in progress; what a killed run left is removed by the next one
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, elf, sandbox
from elfworlds.backends import depended
from elfworlds.backends.attempt import READ, Attempt, as_command, lay_out, patience
from elfworlds.backends.commands import by_hand
from elfworlds.backends.schedule import build_all
from elfworlds.backends.shelved import Shelved, read_again, seeing_store_paths
from elfworlds.backends.types import Again, Artifact, Build, Failure, Order
from elfworlds.errors import InterruptedRunError
from elfworlds.locking import announced, locked, nobody
from elfworlds.planning.document import build_document
from elfworlds.planning.links import MANIFEST
from elfworlds.planning.outside import outside
from elfworlds.store.entries import begin, used
from elfworlds.store.holds import hold
from elfworlds.store.manifest import read as read_manifest
from elfworlds.store.manifest import text as manifest_text
from elfworlds.trees import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.jsondata import Json
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Completed, Runner
    from elfworlds.store.holds import Holding
    from elfworlds.toolchains import Toolchain

SCHEMA = 2


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """Builds with the toolchains' own compilers into a store below `root`.

    Attributes:
        root: the store; an absolute path, since objects hold it in their runpaths.
        run: how programs are started.
        jobs: compilers at once.
        stop: ends every program that runs, for an interrupt.
        seconds: those that each build may take, whatever its request says; None for what that says.
        tell: is told what is waited for.
        held: what keeps entries from being removed as long as this backend is used.
        elsewhere: has an object built by another machine, whose entry it puts into the store, and then gives nothing;
            or says why that failed; or builds here after all, by what it is given. None where nobody else builds.
    """

    root: Path
    run: Runner
    jobs: int
    stop: Callable[[], None]
    name: str = "local"
    seconds: float | None = None
    tell: Callable[[str], None] = nobody
    held: list[Holding] = field(default_factory=list, compare=False, repr=False)
    elsewhere: Callable[[Order, Callable[[], Artifact | Failure]], Artifact | Failure | None] | None = None

    @property
    def where(self) -> str:
        return f"local store {self.root}"

    @property
    def store(self) -> str:
        return str(self.root / "objects")

    def build(
        self,
        plan: Plan,
        toolchains: Mapping[str, Toolchain],
        *,
        keep_going: bool,
        report: Callable[[BuildRequest, Artifact | Failure], None],
    ) -> Build:
        begin(self.root)
        self.held.append(hold(self.root, [*plan.requests, *(tree.key for tree in plan.trees.values())]))
        shelved = Shelved(Shelf(self.root, {}, self.tell), plan.trees)
        toolchains = seeing_store_paths(toolchains, plan)

        def make(request: BuildRequest, artifacts: Mapping[str, Artifact]) -> Artifact | Failure:
            if request.tree:
                return shelved.provide(request)
            return self.provide(request, artifacts, plan.files, toolchains[request.toolchain])

        executor = ThreadPoolExecutor(self.jobs)
        try:
            return build_all(plan.requests, make, executor, keep_going=keep_going, report=report)
        except InterruptedRunError:
            self.stop()
            raise
        finally:
            executor.shutdown(cancel_futures=True)

    def provide(
        self,
        request: BuildRequest,
        artifacts: Mapping[str, Artifact],
        files: Mapping[str, bytes],
        toolchain: Toolchain,
    ) -> Artifact | Failure:
        """The artifact from the store. It is made first if it is not there, or if it differs from its manifest."""
        reuse = toolchain.world.root is not None or not outside(request, files)
        stored = self.stored(request) if reuse else None
        if stored is not None:
            return stored

        def here() -> Artifact | Failure:
            with locked(self.root / "locks" / request.key, self.tell):
                again = self.stored(request) if reuse else None
                return again or self.compile(request, artifacts, files, toolchain)

        if self.elsewhere is None or request.origin or not reuse:
            return here()
        return self.elsewhere(Order(request, artifacts, files, self.seconds), here) or self.made(request)

    def made(self, request: BuildRequest) -> Artifact | Failure:
        """What another machine built, and put into this store."""
        stored = self.stored(request)
        if stored is None:
            return Failure(key=request.key, command="", output="what another machine built does not lie in the store")
        return replace(stored, reused=False)

    def stored(self, request: BuildRequest) -> Artifact | None:
        directory = self.root / "objects" / request.key
        try:
            manifest = read_manifest((directory / MANIFEST).read_bytes())
            facts = elf.ElfObject.from_facts(_facts(manifest))
            artifact = _artifact(
                directory, request, facts, str(manifest["sha256"]), str(manifest["output"]), reused=True
            )
            digest = _sha256((directory / request.filename).read_bytes())
            same = depended.same(manifest.get("outside"))
            linked = [os.readlink(directory / link) for link in request.links]  # noqa: PTH115  # what it holds
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if not same or any(target != request.filename for target in linked):
            return None
        expected = {"schema": SCHEMA, "key": request.key, "prefix": str(self.root), "sha256": digest}
        if any(manifest.get(name) != value for name, value in expected.items()):
            return None
        used(directory)
        return artifact

    def compile(
        self,
        request: BuildRequest,
        artifacts: Mapping[str, Artifact],
        files: Mapping[str, bytes],
        toolchain: Toolchain,
    ) -> Artifact | Failure:
        lack = next(filter(None, map(toolchain.lack, request.tools)), None)
        if lack is not None:
            return Failure(key=request.key, command=by_hand(request, self.directories(artifacts)), output=lack)
        for stale in (self.root / "tmp").glob(f"{request.key}.*"):
            shutil.rmtree(stale, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f"{request.key}.", dir=self.root / "tmp"))
        try:
            ran = self.attempt(work, request, artifacts, files, toolchain)
            output = ran.output.replace(f"{work}/", "")
            if ran.last.ok:
                return self.put(request, work, output, toolchain)
            return ran.failure(request, output, self.directories(artifacts))
        except elf.NotElfError as error:
            return Failure(key=request.key, command=by_hand(request, self.directories(artifacts)), output=error.message)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def attempt(
        self,
        work: Path,
        request: BuildRequest,
        artifacts: Mapping[str, Artifact],
        files: Mapping[str, bytes],
        toolchain: Toolchain,
    ) -> Attempt:
        """Run a request's commands in a directory of its own, up to the first that fails, or until its time is up."""
        lay_out(work, request, files)
        world = toolchain.world.reading(self.store)
        seconds, began = self.seconds or request.timeout, time.monotonic()
        ended: list[Completed] = []
        for words in (request.argv, *request.after):
            left = max(began + seconds - time.monotonic(), 0.0)
            command = as_command(words, work, self.directories(artifacts), toolchain, left)
            with announced(patience(request, seconds), self.tell):
                ended.append(self.run(sandbox.wrap(command, world, (str(work),))))
            if not ended[-1].ok:
                break
            made = work / "out" / request.filename
            if request.after and made.is_file():
                made.chmod(0o755)  # a copy may be read-only
        return Attempt(tuple(ended), seconds)

    def verify(self, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build) -> dict[str, Again]:
        """Make each object once more beside the store."""
        toolchains = seeing_store_paths(toolchains, plan)

        def once_more(artifact: Artifact) -> Again:
            request = plan.requests[artifact.key]
            if request.tree:
                return read_again(artifact, plan.trees[request.tree])
            with tempfile.TemporaryDirectory(prefix=f"{request.key}.", dir=self.root / "tmp") as name:
                work = Path(name)
                self.attempt(work, request, build.artifacts, plan.files, toolchains[request.toolchain])
                made = work / "out" / request.filename
                digest = _sha256(made.read_bytes()) if made.is_file() else None
            same = digest == artifact.sha256
            return Again(
                key=artifact.key, identical=same, why="" if same else f"the second time its sha256 is {digest}"
            )

        with ThreadPoolExecutor(self.jobs) as executor:
            return {again.key: again for again in executor.map(once_more, build.artifacts.values())}

    def directories(self, artifacts: Mapping[str, Artifact]) -> Callable[[str], str]:
        """Where the object of a key lies; one of the same circle may not be there yet."""
        return lambda key: artifacts[key].directory if key in artifacts else str(self.root / "objects" / key)

    def keep(self, build: Build, run: Path) -> None:
        """Nothing is removed while this process uses it; later a build makes again what is gone."""

    def put(self, request: BuildRequest, work: Path, output: str, toolchain: Toolchain) -> Artifact:
        """Write the manifest beside the file, and put both into the store at once."""
        made = work / "out"
        path = made / request.filename
        facts = elf.read(path)
        sha256 = _sha256(path.read_bytes())
        manifest: dict[str, Json] = {
            "schema": SCHEMA,
            "key": request.key,
            "prefix": str(self.root),
            "sha256": sha256,
            "facts": facts.facts(),
            "output": output,
            "request": build_document(request),
            "toolchain": toolchain.record(),
            **({"outside": read} if (read := depended.outside(work / READ, work / "src", (self.store,))) else {}),
        }
        path.chmod(0o555)
        for link in request.links:
            (made / link).symlink_to(request.filename)
        atomic.write(made / MANIFEST, manifest_text(manifest))
        atomic.sync(path)
        atomic.sync(made)
        place = self.root / "objects" / request.key
        atomic.put(made, place)
        return _artifact(place, request, facts, sha256, output, reused=False)


def _facts(manifest: Mapping[str, Json]) -> Mapping[str, Json]:
    facts = manifest["facts"]
    if not isinstance(facts, dict):
        raise TypeError("its facts are no object")
    return facts


def _artifact(
    directory: Path, request: BuildRequest, facts: elf.ElfObject, sha256: str, output: str, *, reused: bool
) -> Artifact:
    return Artifact(
        key=request.key,
        directory=str(directory),
        filename=request.filename,
        sha256=sha256,
        facts=facts,
        output=output,
        reused=reused,
        links=request.links,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
