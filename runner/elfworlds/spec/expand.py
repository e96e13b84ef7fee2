"""Every text that a template can become over all points, so that references are checked for each label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.spec.leaves.forms import flat, label_of
from elfworlds.spec.leaves.layout import FILES_DIR
from elfworlds.spec.leaves.versions import TOOLCHAIN_AXES, comparison, wanted
from elfworlds.yamltext import Scalar, closest, is_null

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from elfworlds.refs import Reference, Template
    from elfworlds.spec.leaves.forms import Axis

ATTRIBUTES = ("dir", "soname", "tree")
MAX_EXPANSIONS = 10_000


def object_of(name: str, objects: Collection[str]) -> str | None:
    """The object that a reference's name speaks of: itself, its directory or its soname."""
    if name in objects:
        return name
    head, _, attribute = name.rpartition(".")
    return head if head in objects and attribute in ATTRIBUTES else None


@dataclass(frozen=True, slots=True)
class Names:
    """What references may name.

    Attributes:
        axes: with the labels that they can have at this place of the file.
        raw_axes: the names of all, of wrong ones too.
        values: what a trial gives.
        toolchains: what a `when` of `libc` and `gdb` may name.
        whole: the axes with all labels; None where these are all.
        files: whether `${files.dir}` is the trial's directory here.
        of_trees: the objects that are files of trees.
        versioned: the axes whose labels a `when` compares by the versions of the toolchains that they stand for.
    """

    axes: Mapping[str, Axis]
    raw_axes: frozenset[str]
    objects: frozenset[str]
    values: Collection[str] = ()
    toolchains: frozenset[str] = frozenset()
    whole: Mapping[str, Axis] | None = None
    files: bool = False
    of_trees: frozenset[str] = frozenset()
    versioned: frozenset[str] = frozenset(TOOLCHAIN_AXES)

    def where(self, when: Mapping[str, Sequence[str | None]]) -> Names:
        """What may be named at the points of a `when`: axes with the labels that they can have there."""
        kept = {
            name: _kept(self.axes[name], choices, of_toolchains=name in self.versioned)
            for name, choices in when.items()
            if name in self.axes
        }
        return replace(self, axes={**self.axes, **kept}, whole=self.every_axis)

    @property
    def every_axis(self) -> Mapping[str, Axis]:
        """The axes with all labels, wherever this is."""
        return self.axes if self.whole is None else self.whole

    def object_of(self, name: str) -> str | None:
        return object_of(name, self.objects)

    def problem(self, name: str) -> tuple[str, str | None] | None:
        """What is wrong with a name between `${` and `}`."""
        if name.startswith("matrix."):
            axis = name.removeprefix("matrix.")
            if axis in self.raw_axes or axis in self.axes:
                return None
            return f"no axis `{axis}` in the matrix", closest(axis, self.raw_axes | set(self.axes))
        owner = self.object_of(name)
        if owner and name == f"{owner}.tree" and owner not in self.of_trees:
            return f"`{owner}` is no file of a tree", f"its directory is ${{{owner}.dir}}"
        if owner or name in self.values or (self.files and name == FILES_DIR):
            return None
        return f"`${{{name}}}` names nothing", self._hint(name)

    def _hint(self, name: str) -> str | None:
        if name in ("ORIGIN", "LIB", "PLATFORM"):
            return f"for the dynamic loader's own token write ${name}, or $${{{name}}}"
        if name in self.raw_axes:
            return f"an axis is ${{matrix.{name}}}"
        if name == FILES_DIR:
            return "a scenario with `files` has it, for what is run and how it is judged; no object is built with it"
        if name == "loop.index":
            return "only the steps of a loop have it; a thread in a loop has none"
        head, _, attribute = name.rpartition(".")
        if head in self.objects:
            return f"an object has `.dir` and `.soname`, a file of a tree `.tree`, none `.{attribute}`"
        known = self.objects | set(self.values) | {f"matrix.{axis}" for axis in self.raw_axes}
        known |= {FILES_DIR} if self.files else set()
        return closest(name, known)


def _kept(axis: Axis, choices: Sequence[str | None], *, of_toolchains: bool) -> Axis:
    """An axis with the labels that the choices may mean. The versions of toolchains are not known here."""
    texts = [label_of(choice) for choice in choices]
    read = wanted if of_toolchains else comparison
    asked = [version for text in texts if text not in axis.labels and (version := read(text))]

    def may_be(label: str) -> bool:
        if label in texts or not label[:1].isdigit():
            return label in texts or (bool(asked) and of_toolchains)
        return any(version.holds(label) for version in asked)

    return replace(axis, values=tuple((label, value) for label, value in axis.values if may_be(label)))


def expand(template: Template, axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """The texts that a template can become; a reference to no axis stays `${name}`.

    An axis that it names twice has one label in a text. `checks.sizes` refuses what stands for too many texts.
    """
    if template.literal is not None:
        return (template.literal,)
    if _each_alone(template, axes):
        return tuple(dict.fromkeys(islice(_expand(template, axes, depth=0), MAX_EXPANSIONS)))
    return tuple(dict.fromkeys(text for (text,) in together((template,), axes)))


def items(template: Template, axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """The texts that an item of a list can become: where it is a whole axis, a list is its items and null is none."""
    name = whole_axis(template)
    if name not in axes:
        return expand(template, axes)
    others = {other: axis for other, axis in axes.items() if other != name}
    meant = ((label, item) for label, value in axes[name].values for item in flat([value]) if not is_null(item))
    texts = (refs.parse(item if isinstance(item, str) else label) for label, item in meant)
    return tuple(dict.fromkeys(islice((text for each in texts for text in items(each, others)), MAX_EXPANSIONS)))


def whole_axis(template: Template) -> str:
    """The axis that a template is one whole reference to; empty where it is something else."""
    (part,) = template.parts if len(template.parts) == 1 else ("",)
    name = "" if isinstance(part, str) else part.name.literal or ""
    return name.removeprefix("matrix.") if name.startswith("matrix.") else ""


def _each_alone(template: Template, axes: Mapping[str, Axis]) -> bool:
    """Whether it names no axis twice, be it through another one."""
    names = [part.name.literal for part in template.parts if not isinstance(part, str)]
    named = [axes[name.removeprefix("matrix.")] for name in names if name and name.removeprefix("matrix.") in axes]
    return (
        None not in names
        and len(names) == len({*names})
        and not any(isinstance(value, str) and "${" in value for axis in named for _, value in axis.values)
    )


def _expand(template: Template, axes: Mapping[str, Axis], depth: int) -> Iterator[str]:
    choices = [
        [part] if isinstance(part, str) else list(islice(_choices(part, axes, depth), MAX_EXPANSIONS))
        for part in template.parts
    ]
    return ("".join(pieces) for pieces in product(*choices))


def _choices(reference: Reference, axes: Mapping[str, Axis], depth: int) -> Iterable[str]:
    for name in _expand(reference.name, axes, depth):
        axis = axes.get(name.removeprefix("matrix.")) if name.startswith("matrix.") else None
        if axis is None or depth > len(axes):
            yield f"${{{name}}}"
            continue
        for label, value in axis.values:
            typed = value if isinstance(value, Scalar) else label
            yield from _expand(refs.parse(typed), axes, depth + 1)


def names(template: Template, axes: Mapping[str, Axis]) -> tuple[str, ...]:
    """Every name that a reference of the template can have, inner ones first."""
    spelled = (name for reference in template.references() for name in expand(reference.name, axes))
    return tuple(dict.fromkeys(spelled))


def together(templates: Sequence[Template], axes: Mapping[str, Axis]) -> tuple[tuple[str, ...], ...]:
    """The texts that templates can become at one point, for each point."""
    named = [*axes_of(templates, axes)]
    found: dict[tuple[str, ...], None] = {}
    for labels in islice(product(*(axes[name].values for name in named)), MAX_EXPANSIONS):
        fixed = {name: replace(axes[name], values=(value,)) for name, value in zip(named, labels, strict=True)}
        here = {**axes, **fixed}
        found[tuple(next(_expand(template, here, depth=0)) for template in templates)] = None
    return tuple(found)


def axes_of(templates: Sequence[Template], axes: Mapping[str, Axis]) -> dict[str, None]:
    """The axes that templates read, those that values of axes name included."""
    read: dict[str, None] = {}
    waiting = [*templates]
    while waiting:
        spelled = [name.removeprefix("matrix.") for name in names(waiting.pop(), axes) if name.startswith("matrix.")]
        new = [name for name in dict.fromkeys(spelled) if name in axes and name not in read]
        read |= dict.fromkeys(new)
        values = (value if isinstance(value, Scalar) else label for name in new for label, value in axes[name].values)
        waiting += [refs.parse(value) for value in values]
    return read
