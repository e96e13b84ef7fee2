"""The embedded store: one directory per build key, complete or absent, shared safely by any number of runs.

objects/<key>/<file> + manifest.json    what was made, and from what; beside it links, where it has further names
locks/<key>                             held while a key is made (flock(2), so no lock outlives its holder)
tmp/<key>.*                             work in progress; what a killed run left is removed by the next one
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, elf, sandbox
from elfworlds.backends.commands import by_hand, realised
from elfworlds.backends.schedule import build_all
from elfworlds.backends.shelved import Shelved, read_again, seeing_store_paths
from elfworlds.backends.types import Again, Artifact, Build, Failure
from elfworlds.errors import InterruptedRunError
from elfworlds.locking import locked
from elfworlds.planning.document import build_document
from elfworlds.planning.links import MANIFEST
from elfworlds.process import Command
from elfworlds.trees import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Completed, Runner
    from elfworlds.toolchains import Toolchain

SCHEMA = 2
COMPILE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """The commands of a request that were run: the first makes the file, the others edit it."""

    ended: tuple[Completed, ...]

    @property
    def last(self) -> Completed:
        return self.ended[-1]

    @property
    def output(self) -> str:
        return b"".join(done.stdout.data + done.stderr.data for done in self.ended).decode("utf-8", "replace")

    def failure(self, request: BuildRequest, output: str, directory: Callable[[str], str]) -> Failure:
        """What there is to say where the last command failed."""
        step = len(self.ended) - 2 if len(self.ended) > 1 else None
        done = self.last
        ending = "" if done.exit is not None else f"\n{_ending(request, step, done)}"
        return Failure(
            key=request.key,
            command=by_hand(request, directory, step),
            output=output + ending,
            exit=done.exit,
            step=step,
        )


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """Builds with the toolchains' own compilers into a store below `root`.

    Attributes:
        root: the store; an absolute path, since objects hold it in their runpaths.
        run: how programs are started.
        jobs: compilers at once.
        stop: ends every program that runs, for an interrupt.
    """

    root: Path
    run: Runner
    jobs: int
    stop: Callable[[], None]
    name: str = "local"

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
        for part in ("objects", "locks", "tmp"):
            (self.root / part).mkdir(parents=True, exist_ok=True)

        shelved = Shelved(Shelf(self.root, {}), plan.trees)
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
        stored = self.stored(request)
        if stored is not None:
            return stored
        with locked(self.root / "locks" / request.key):
            return self.stored(request) or self.compile(request, artifacts, files, toolchain)

    def stored(self, request: BuildRequest) -> Artifact | None:
        directory = self.root / "objects" / request.key
        try:
            manifest = json.loads((directory / MANIFEST).read_bytes())
            facts = elf.ElfObject.from_facts(manifest["facts"])
            artifact = _artifact(directory, request, facts, manifest["sha256"], manifest["output"], reused=True)
            digest = _sha256((directory / request.filename).read_bytes())
            linked = [os.readlink(directory / link) for link in request.links]  # noqa: PTH115  # what it holds
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if any(target != request.filename for target in linked):
            return None
        expected = {"schema": SCHEMA, "key": request.key, "prefix": str(self.root), "sha256": digest}
        return artifact if all(manifest.get(name) == value for name, value in expected.items()) else None

    def compile(
        self,
        request: BuildRequest,
        artifacts: Mapping[str, Artifact],
        files: Mapping[str, bytes],
        toolchain: Toolchain,
    ) -> Artifact | Failure:
        lack = next(filter(None, map(toolchain.lack, (request.argv[0], *request.editors))), None)
        if lack is not None:
            return Failure(key=request.key, command=by_hand(request, _directories(artifacts)), output=lack)
        for stale in (self.root / "tmp").glob(f"{request.key}.*"):
            shutil.rmtree(stale, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f"{request.key}.", dir=self.root / "tmp"))
        try:
            ran = self.attempt(work, request, artifacts, files, toolchain)
            output = ran.output.replace(f"{work}/", "")
            if ran.last.ok:
                return self.put(request, work / "out", output, toolchain)
            return ran.failure(request, output, _directories(artifacts))
        except elf.NotElfError as error:
            return Failure(key=request.key, command=by_hand(request, _directories(artifacts)), output=error.message)
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
        """Run a request's commands in a directory of its own, up to the first that fails."""
        lay_out(work, request, files)
        world = toolchain.world.reading(self.store)
        ended: list[Completed] = []
        for words in (request.argv, *request.after):
            command = as_command(words, work, artifacts, toolchain)
            ended.append(self.run(sandbox.wrap(command, world, (str(work),))))
            if not ended[-1].ok:
                break
            made = work / "out" / request.filename
            if request.after and made.is_file():
                made.chmod(0o755)  # a copy may be read-only
        return Attempt(tuple(ended))

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

    def keep(self, build: Build, run: Path) -> None:
        """Nothing deletes from this store."""

    def put(self, request: BuildRequest, made: Path, output: str, toolchain: Toolchain) -> Artifact:
        """Write the manifest beside the file, and put both into the store at once."""
        path = made / request.filename
        facts = elf.read(path)
        sha256 = _sha256(path.read_bytes())
        manifest = {
            "schema": SCHEMA,
            "key": request.key,
            "prefix": str(self.root),
            "sha256": sha256,
            "facts": facts.facts(),
            "output": output,
            "request": build_document(request),
            "toolchain": toolchain.record(),
        }
        path.chmod(0o555)
        for link in request.links:
            (made / link).symlink_to(request.filename)
        atomic.write(made / MANIFEST, json.dumps(manifest, sort_keys=True))
        atomic.sync(path)
        atomic.sync(made)
        place = self.root / "objects" / request.key
        if place.exists():
            place.rename(made.parent / "refused")
        made.rename(place)
        return _artifact(place, request, facts, sha256, output, reused=False)


def lay_out(work: Path, request: BuildRequest, files: Mapping[str, bytes]) -> None:
    """A directory with the request's inputs and nothing else."""
    for name in ("src", "out", "tmp"):
        (work / name).mkdir()
    for path, sha256 in request.inputs:
        target = work / "src" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[sha256])


def as_command(words: tuple[str, ...], work: Path, artifacts: Mapping[str, Artifact], toolchain: Toolchain) -> Command:
    """A command of a request, symbolic, as it is run in its work directory."""
    real = realised(words, work / "src", _directories(artifacts), str(work / "out"))
    return Command(
        argv=(*toolchain.tool(real[0]), *real[1:]),
        env={**toolchain.env, "TMPDIR": str(work / "tmp")},
        cwd=str(work / "src"),
        timeout=COMPILE_SECONDS,
    )


def _directories(artifacts: Mapping[str, Artifact]) -> Callable[[str], str]:
    return lambda key: artifacts[key].directory


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


def _ending(request: BuildRequest, step: int | None, done: Completed) -> str:
    """How a command ended that gave no exit status."""
    what = "the compiler" if step is None else request.after[step][0]
    if done.timed_out:
        return f"{what} did not end within {COMPILE_SECONDS:.0f} s"
    return f"{what} was ended by {done.signal}" if done.signal else f"{what} could not be started: {done.not_started}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
