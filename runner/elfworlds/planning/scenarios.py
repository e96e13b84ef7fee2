"""A scenario with every reference resolved at a point: the command, its limits, and how it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from elfworlds import driver
from elfworlds.planning import layout, steps
from elfworlds.planning.types import Bound, Judged, keys_in
from elfworlds.refs import Template
from elfworlds.spec.leaves import forms
from elfworlds.spec.model.limits import READERS
from elfworlds.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.jsondata import Json
    from elfworlds.planning.bind import Binder
    from elfworlds.spec.model.experiment import Claim, Expectation, Scenario

    Setting: TypeAlias = "Template | str | float | tuple[Setting, ...] | dict[str, Setting] | None"


def bound(binder: Binder, name: str, scenario: Scenario) -> Bound:
    """What a trial of the scenario is at the binder's point."""
    argv, program = tuple(binder.words(scenario.run)), ""
    own: tuple[str, ...] = ()
    if scenario.steps:
        request, argv, program = steps.built(binder, name, scenario)
        own = (request.key,)
    env = _environment(binder, scenario)
    stdin = binder.text(scenario.stdin) if scenario.stdin is not None else ""
    files = layout.files(binder, name, scenario)
    conf = layout.ld_so_conf(binder, scenario)
    texts = (*argv, *(value for _, value in env), stdin, *(file.holds for file in files), *conf)
    subject = binder.object(binder.text(scenario.subject)) if scenario.subject is not None else None
    keys = subject.needs if subject is not None else own
    cpus = scenario.cpus
    return Bound(
        kind="run" if scenario.steps else scenario.kind,
        subject=subject.key if subject is not None else "",
        toolchain=binder.toolchain.name,
        argv=argv,
        env=env,
        stdin=stdin,
        timeout=_limit(binder, scenario.timeout, forms.seconds),
        retries=int(_limit(binder, scenario.retries, forms.times)),
        capture=scenario.capture if isinstance(scenario.capture, str) else binder.text(scenario.capture),
        cpus=None if cpus is None else int(_limit(binder, cpus, forms.count)),
        keys=binder.known.closure((*keys, *(key for text in texts for key in keys_in(text)))),
        outcomes={outcome: binder.matchers(values) for outcome, values in scenario.outcomes.items()},
        show=scenario.show,
        program=program,
        sees=tuple(binder.text(root) for root in scenario.sees),
        watch={observer: _watched(binder, observer, scenario) for observer in scenario.observe.chosen},
        files=files,
        ld_so_conf=conf,
        limits=tuple((key, _limit(binder, value, READERS[key])) for key, value in scenario.limits.given()),
        opens=driver.opens(scenario, binder) if scenario.steps else None,
    )


def _environment(binder: Binder, scenario: Scenario) -> tuple[tuple[str, str], ...]:
    texts = ((variable, binder.plain(value)) for variable, value in sorted(scenario.env.items()))
    return tuple((variable, text) for variable, text in texts if text is not None)


def repetitions(binder: Binder, scenario: Scenario) -> int:
    """How many trials there are under each observer."""
    return int(_limit(binder, scenario.repeat, forms.count))


def _limit(binder: Binder, value: float | Template, read: Callable[[Scalar], float | Template]) -> float:
    """A number; one that an axis gives is read like a number in the file."""
    limit = read(Scalar(binder.text(value))) if isinstance(value, Template) else value
    if isinstance(limit, Template):
        raise TypeError(f"no number: {limit}")
    return limit


def _watched(binder: Binder, observer: str, scenario: Scenario) -> dict[str, Json]:
    """What an observer is asked, with every reference resolved."""
    asked = scenario.observe.settings(observer)
    fields = type(asked).model_fields.items()
    return {field.alias or name: _asked(binder, getattr(asked, name)) for name, field in fields}


def _asked(binder: Binder, setting: Setting) -> Json:
    if isinstance(setting, Template):
        return binder.text(setting)
    if isinstance(setting, dict):
        return {key: _asked(binder, value) for key, value in setting.items()}
    return [_asked(binder, value) for value in setting] if isinstance(setting, tuple) else setting


def judged(binder: Binder, entry: Claim | Expectation) -> Judged:
    """A claim or an expectation at the binder's point."""
    return Judged(
        (entry.outcome,) if isinstance(entry.outcome, str) else entry.outcome,
        binder.matchers(entry.__pydantic_extra__ or {}),
        getattr(entry, "id", None),
        getattr(entry, "says", None),
        getattr(entry, "xfail", None),
    )
