"""One nix-build of some derivations: what it says while it runs, and what became of each object."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.backends.attempt import patience, too_long
from elfworlds.backends.commands import by_hand
from elfworlds.backends.nix import trouble
from elfworlds.backends.nix.following import followed
from elfworlds.backends.nix.groups import groups
from elfworlds.backends.nix.programs import complaint
from elfworlds.backends.types import Artifact, Failure
from elfworlds.locking import PATIENT_SECONDS
from elfworlds.makers import BUILD_SECONDS
from elfworlds.planning.types import directory_of
from elfworlds.traces.nix import Begun, NixMessage, Printed, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from elfworlds.backends.nix.evaluation import Farm, ObjectDerivation
    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.programs import Programs
    from elfworlds.planning import BuildRequest
    from elfworlds.process import Completed

    Report = Callable[[BuildRequest, Artifact | Failure], None]

STEP = re.compile(r"^elfworlds: after (\d{1,4})\s*\Z", re.MULTILINE)
TIMED_OUT = re.compile(r"timed out after \d+ seconds")
EXIT_CODE = re.compile(r"failed with exit code (\d+)")
STORE_PATH = re.compile(r"(?:/[^/]+)*?/[0-9a-z]{32}-[^/]+")  # of a circle, a member's own directory lies in it
DERIVATIONS_AT_ONCE = 5_000  # their names are arguments, which the kernel bounds


@dataclass(frozen=True, slots=True)
class NixBuild:
    """One nix-build of some derivations, from its start to an artifact or a failure for each."""

    programs: Programs
    memory: Memory
    requests: Mapping[str, BuildRequest]
    farm: Farm
    report: Report
    artifacts: dict[str, Artifact]
    failures: dict[str, Failure]
    begun: dict[str, list[str]] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def places(self) -> Mapping[str, ObjectDerivation]:
        return self.farm.places

    def do(self, link: Path, *, keep_going: bool) -> str:
        """Build all, and root the farm; its store path, empty where an object could not be made."""
        before = {key for key in self.places if self.finished(key)}
        done = self.all(link, keep_going=keep_going)
        if done.ok:
            for key in self.places:
                if key not in self.artifacts:
                    self.take(key, reused=key in before)
        self.fail()
        if done.ok:
            return done.text.split()[-1]
        own = [self.failures[key].output for key in self.requests if key in self.failures]
        text = "\n".join([*self.told, *filter(None, own)])
        if not own or trouble.blind(text):
            raise trouble.explain(text or complaint(done))
        return ""

    def all(self, link: Path, *, keep_going: bool) -> Completed:
        """Build the objects and root the farm: by one call where each has the usual time, else by several.

        Nix knows one time limit for all that it builds at once. After a failure there is no farm: it would have what
        failed tried once more.
        """
        turns = groups(self.requests, self.limit)
        failed: Completed | None = None
        for seconds, members in turns if [seconds for seconds, _ in turns] != [BUILD_SECONDS] else ():
            failed = self.several(self.possible(members), seconds, keep_going=keep_going) or failed
            self.fail()
            if failed and not keep_going:
                break
        return failed or self.realise(
            [self.farm.path], int(BUILD_SECONDS), "--out-link", str(link), keep_going=keep_going
        )

    def limit(self, request: BuildRequest) -> int:
        """Seconds that an object's build may take."""
        return self.programs.patience.limit(request, self.requests)

    def possible(self, keys: Iterable[str]) -> list[str]:
        """The derivations of objects that need none that failed."""
        lacking = {key for key in keys if self.failures.keys() & set(self.requests[key].needs)}
        return list(dict.fromkeys(self.places[key].derivation for key in keys if key not in lacking))

    def finished(self, key: str) -> bool:
        """Whether Nix seems to have made an object. The file's time stamp is then 1; a failed build does not set it."""
        try:
            return Path(self.places[key].out, self.requests[key].filename).stat().st_mtime == 1
        except OSError:
            return False

    def valid(self) -> set[str]:
        """The objects that Nix calls valid. A directory that exists may be left from a failed build."""
        paths = {key: STORE_PATH.match(place.out) for key, place in self.places.items()}
        outs = {key: path[0] for key, path in paths.items() if path}
        done = self.programs.call("nix-store", "--check-validity", "--print-invalid", *dict.fromkeys(outs.values()))
        invalid = set(done.text.splitlines())
        return {key for key, out in outs.items() if out not in invalid}

    def check(self) -> None:
        """Build every object again; `reasons` then says which ones came out different."""
        derivations = list(dict.fromkeys(place.derivation for place in self.places.values()))
        longest = max(map(self.limit, self.requests.values()), default=0)
        failed = self.several(derivations, longest, "--check", keep_going=True)
        if failed and not self.reasons:
            raise trouble.explain("\n".join(self.told) or complaint(failed))

    def several(self, derivations: list[str], seconds: int, *more: str, keep_going: bool) -> Completed | None:
        """Build any number of derivations: the first call that failed; None where all went well."""
        failed: Completed | None = None
        for first in range(0, len(derivations), DERIVATIONS_AT_ONCE):
            some = derivations[first : first + DERIVATIONS_AT_ONCE]
            done = self.realise(some, seconds, "--no-out-link", *more, keep_going=keep_going)
            failed = failed or (None if done.ok else done)
        return failed

    def realise(self, derivations: list[str], seconds: int, *more: str, keep_going: bool) -> Completed:
        """Run nix-build, and follow what it says while it runs; `seconds` are those that each build may take."""
        reader = Reader()

        def tell(data: bytes) -> None:
            self.follow(reader, data)
            self.wait()

        flags = (*more, "--timeout", str(seconds), *_flags(self.programs.jobs, keep_going))
        return followed(self.programs, tell, *flags, *derivations)

    def follow(self, reader: Reader, data: bytes) -> None:
        for event in reader.feed(data):
            match event:
                case Begun(derivation):
                    self.begun[derivation] = []
                    self.since[derivation] = time.monotonic()
                case Printed(derivation, line):
                    self.begun[derivation].append(line)
                case NixMessage(_, text):
                    self.told.append(text)
                    if event.culprit:
                        self.reasons.setdefault(event.culprit, text)
                        self.since.pop(event.culprit, None)
        for key, place in self.places.items() if data else ():
            if place.derivation in self.begun and key not in self.artifacts and self.finished(key):
                self.take(key, reused=False)

    def wait(self) -> None:
        """Tell of what takes long."""
        late = [name for name, began in self.since.items() if time.monotonic() - began >= PATIENT_SECONDS]
        for derivation in late:
            del self.since[derivation]
            requests = (self.requests[key] for key, place in self.places.items() if place.derivation == derivation)
            for request in requests:
                self.programs.patience.tell(f"waiting for {patience(request, self.limit(request))}")

    def take(self, key: str, *, reused: bool) -> None:
        request, place = self.requests[key], self.places[key]
        self.since.pop(place.derivation, None)

        def log() -> str:
            lines = self.begun.get(place.derivation)
            return self.programs.log(place.derivation) if lines is None else "".join(f"{line}\n" for line in lines)

        try:
            made = self.memory.artifact(request, place.out, log, reused=reused)
        except elf.NotElfError as error:
            self.settle(key, Failure(key=key, command=self.by_hand(request), output=error.message))
            return
        self.artifacts[key] = made
        self.report(request, made)

    def fail(self) -> None:
        """A failure for each derivation that Nix names, and for all that needed it."""
        for key, place in self.places.items():
            if place.derivation in self.reasons and key not in self.artifacts and key not in self.failures:
                self.settle(key, self.failure(key, place.derivation))
        for key, request in self.requests.items():
            missing = tuple(need for need in request.needs if need in self.failures)
            if missing and key not in self.failures:
                self.settle(key, Failure(key=key, command="", output="", missing=missing))

    def failure(self, key: str, derivation: str) -> Failure:
        """The words of the compiler, or of the tool that edited the file; Nix' where these said nothing."""
        log = "\n".join(self.begun.get(derivation, [])) or self.programs.log(derivation).rstrip("\n")
        output, step = which_step(log)
        reason = self.reasons[derivation]
        if TIMED_OUT.search(reason):
            reason = too_long("the build", self.limit(self.requests[key]))
        if not output or not EXIT_CODE.search(reason):
            output = "\n".join(filter(None, [output, reason]))
        code = EXIT_CODE.search(reason)
        status = int(code[1]) if code else None
        command = self.by_hand(self.requests[key], step)
        return Failure(key=key, command=command, output=output, exit=status, step=step)

    def by_hand(self, request: BuildRequest, step: int | None = None) -> str:
        return by_hand(request, self.directory, step)

    def directory(self, key: str) -> str:
        """Where an object lies; for one of a tree that is not known yet its key stands."""
        if key in self.places:
            return self.places[key].out
        return self.artifacts[key].directory if key in self.artifacts else directory_of(key)

    def settle(self, key: str, failure: Failure) -> None:
        self.failures[key] = failure
        self.report(self.requests[key], failure)


def which_step(log: str) -> tuple[str, int | None]:
    """What a failed build wrote, and which command of `after` failed, as nix/mk-object.nix says it in the last line."""
    match = STEP.search(log)
    return (log[: match.start()].rstrip("\n"), int(match[1])) if match else (log, None)


def _flags(jobs: int, keep_going: bool) -> tuple[str, ...]:  # noqa: FBT001  # an option of Nix
    flags = ("--max-jobs", str(jobs), "--cores", "1")
    return (*flags, "--keep-going") if keep_going else flags
