"""A request's commands, run in a directory of their own: what lies there, the command lines, how the last one ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.backends.commands import by_hand, realised
from elfworlds.backends.depended import VARIABLE
from elfworlds.backends.types import Failure
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from elfworlds.planning import BuildRequest
    from elfworlds.process import Completed
    from elfworlds.toolchains import Toolchain

READ = "read"  # what preprocessors say that they read


@dataclass(frozen=True, slots=True)
class Attempt:
    """The commands of a request that were run: the first makes the file, the others edit it.

    Attributes:
        ended: how each ended.
        seconds: those that all of them together might take.
    """

    ended: tuple[Completed, ...]
    seconds: float

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
        ending = "" if done.exit is not None else f"\n{self._ending(request, step)}"
        return Failure(
            key=request.key,
            command=by_hand(request, directory, step),
            output=output + ending,
            exit=done.exit,
            step=step,
        )

    def _ending(self, request: BuildRequest, step: int | None) -> str:
        """How a command ended that gave no exit status."""
        what, done = "the compiler" if step is None else request.after[step][0], self.last
        if done.timed_out:
            return too_long(what, self.seconds)
        if done.signal:
            return f"{what} was ended by {done.signal}"
        return f"{what} could not be started: {done.not_started}"


def too_long(what: str, seconds: float) -> str:
    """What is said of a build that reached its time.

    Args:
        what: the command that ran then.
        seconds: those that the build might take.
    """
    return f"{what} did not end within {seconds:g} s; `build-timeout` or --build-timeout gives the build longer"


def patience(request: BuildRequest, seconds: float) -> str:
    """What is waited for while an object is built, in words; `seconds` are those that its build may take."""
    return f"the compiler of {request.name}, which may take {seconds:g} s"


def lay_out(work: Path, request: BuildRequest, files: Mapping[str, bytes]) -> None:
    """A directory with the request's inputs and nothing else."""
    for name in ("src", "out", "tmp"):
        (work / name).mkdir()
    for path, sha256 in request.inputs:
        target = work / "src" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[sha256])


def as_command(
    words: tuple[str, ...], work: Path, directory: Callable[[str], str], toolchain: Toolchain, seconds: float
) -> Command:
    """A command of a request, symbolic, as it is run in its work directory."""
    real = realised(words, work / "src", directory, str(work / "out"))
    return Command(
        argv=(*toolchain.tool(real[0]), *real[1:]),
        env={**toolchain.env, "TMPDIR": str(work / "tmp"), VARIABLE: str(work / READ)},
        cwd=str(work / "src"),
        timeout=seconds,
    )
