"""The `expect` that fits a run, as YAML for a person to paste."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from elfworlds.yamltext import core

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.records import TrialRecord

    Axes = Mapping[str, Sequence[str]]


def acceptance(axes: Axes, trials: Sequence[TrialRecord]) -> Iterator[str]:
    """Lines of YAML: for each scenario, entries with as few axes as decide its outcomes."""
    for scenario in dict.fromkeys(trial.scenario for trial in trials):
        seen: dict[tuple[str, ...], dict[str, None]] = {}
        for trial in trials:
            if trial.scenario == scenario and trial.verdict.tried:
                labels = tuple(trial.point[axis] for axis in axes)
                seen.setdefault(labels, {})[trial.outcome] = None
        if not seen:
            continue
        outcomes = {labels: tuple(sorted(names)) for labels, names in seen.items()}
        yield f"  {scenario}:"
        yield "    expect:"
        yield from (f"      - {_entry(when, outcome)}" for when, outcome in entries(axes, outcomes))


def entries(
    axes: Axes, outcomes: Mapping[tuple[str, ...], tuple[str, ...]]
) -> Iterator[tuple[dict[str, list[str]], tuple[str, ...]]]:
    """(when, outcomes) pairs. At each observed point, the first pair that applies has its outcomes."""
    deciding = _deciding(len(axes), outcomes)
    names = list(axes)
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for labels, expected in outcomes.items():
        choice = tuple(labels[place] for place in deciding)
        if choice not in groups.setdefault(expected, []):
            groups[expected].append(choice)
    for expected, choices in groups.items():
        parts = [list(dict.fromkeys(choice[place] for choice in choices)) for place in range(len(deciding))]
        if len(choices) == len(list(product(*parts))):
            yield {names[place]: part for place, part in zip(deciding, parts, strict=True)}, expected
        else:
            for choice in choices:
                yield {names[place]: [label] for place, label in zip(deciding, choice, strict=True)}, expected


def _deciding(count: int, outcomes: Mapping[tuple[str, ...], tuple[str, ...]]) -> list[int]:
    """The axes, by index, whose labels together decide the outcomes; without any one of them they would not."""
    deciding = list(range(count))
    for place in reversed(range(count)):
        fewer = [other for other in deciding if other != place]
        if _tells_apart(fewer, outcomes):
            deciding = fewer
    return deciding


def _tells_apart(places: Sequence[int], outcomes: Mapping[tuple[str, ...], tuple[str, ...]]) -> bool:
    """Whether points with the same labels on these axes always have the same outcomes."""
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    return all(seen.setdefault(tuple(at[place] for place in places), names) == names for at, names in outcomes.items())


def _entry(when: Mapping[str, Sequence[str]], outcomes: Sequence[str]) -> str:
    parts = [f"{axis}: {_listed(labels)}" for axis, labels in when.items()]
    outcome = f"outcome: {_listed(outcomes)}"
    return f"{{when: {{{', '.join(parts)}}}, {outcome}}}" if parts else f"{{{outcome}}}"


def _listed(words: Sequence[str]) -> str:
    shown = [_quoted(word) for word in words]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _quoted(word: str) -> str:
    plain = bool(word) and all(char.isalnum() or char in "_./-" for char in word) and word[0].isalnum()
    if plain and (isinstance(core(word), str) or word.isdigit()):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
