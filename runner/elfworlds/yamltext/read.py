"""A file's bytes → `Document`, in bounded time and memory whatever the bytes are."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, NoReturn

import yaml  # noqa: TID251  # this package is the only place for it

from elfworlds import reading
from elfworlds.errors import InputError
from elfworlds.yamltext.data import Document, ListNode, MappingNode, Node, Scalar, ScalarNode
from elfworlds.yamltext.problems import Mark, Problem, ProblemsError, lines_of, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 100_000
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_BEGINS = re.compile(r"(?:: |- )[ ]*[|>][-+0-9]*\s*$")
_INDENTED = "indent its lines further than the key that `|` follows"
_BELOW = "a text after `|` begins in the next line, further to the right than its key"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> Document:
    """The experiment file at a path; an `InputError` says why it cannot be read."""
    name = sentence(str(path))
    try:
        data = reading.read(path, MAX_BYTES)
    except FileNotFoundError:
        raise InputError(f"{name}: error: no such file", hint=_siblings(path)) from None
    except IsADirectoryError:
        raise InputError(f"{name}: error: a directory, not an experiment file", hint=_inside(path)) from None
    except OSError as error:
        raise InputError(f"{name}: error: {error.strerror}", hint=_smaller(error)) from None
    return parse(_decode(name, data), name)


def _smaller(error: OSError) -> str | None:
    wanted = "an experiment file asks one question; put sources and data into files of their own"
    return wanted if error.errno == errno.EFBIG else None


def _siblings(path: Path) -> str | None:
    if not path.parent.is_dir():
        return sentence(f"there is no directory {path.parent} either")
    names = sorted(file.name for file in path.parent.glob("*.yaml"))
    return sentence(f"in {path.parent} there are: {', '.join(names[:10])}") if names else None


def _inside(path: Path) -> str | None:
    return sentence(f"name the files, for example {path}/*.yaml") if any(path.glob("*.yaml")) else None


def _decode(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        text = data.decode("utf-8-sig", "replace")
        raise ProblemsError(name, text, [Problem(_after(before), "not UTF-8", "save the file as UTF-8")]) from None


def _after(before: str) -> Mark:
    """The place that follows a text."""
    lines = lines_of(before)
    return Mark(len(lines), len(lines[-1]) + 1)


def parse(text: str, name: str) -> Document:
    """Text → `Document`; a `ProblemsError` for what is no YAML, or YAML that no experiment needs."""
    wrong = _NOT_ALLOWED.search(text)
    if wrong:
        message = f"the character U+{ord(wrong[0]):04X} is not allowed in YAML"
        raise ProblemsError(name, text, [Problem(_after(text[: wrong.start()]), message)])
    try:
        return _Composer(text, name).document()
    except yaml.MarkedYAMLError as error:
        raise _syntax(text, name, error) from None


def _syntax(text: str, name: str, error: yaml.MarkedYAMLError) -> ProblemsError:
    place = error.problem_mark or error.context_mark
    mark = Mark(place.line + 1, place.column + 1) if place else Mark(1, 1)
    lines = lines_of(text)
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    message = f"{error.problem or 'not YAML'}{f' ({error.context})' if error.context else ''}"
    above = error.context_mark.line if error.context_mark and error.context_mark is not place else 0
    if above and _TEXT_BEGINS.search(lines[above - 1]) and lines[above].strip():
        told = Problem(Mark(above + 1, 1), "the text that begins above is not indented", _INDENTED)
        return ProblemsError(name, text, [told])
    hint = _BELOW if error.context == "while scanning a block scalar" else _syntax_hint(line, mark)
    return ProblemsError(name, text, [Problem(mark, message, hint)])


def _syntax_hint(line: str, mark: Mark) -> str | None:
    if line[mark.column - 1 : mark.column] in ("|", ">"):
        return "inside {…} and […] no text begins with `|`: write the keys below each other, or put the word in quotes"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab: YAML indents with spaces"
    before, reference, _ = line.partition("${")
    if reference and ("{" in before or "[" in before):
        return 'quote this: inside {…} and […] a reference needs quotes, as in "${name}"'
    if ": " in line[mark.column - 1 :]:
        return "quote this if the text holds `: `"
    return None


class _Composer:
    """Builds nodes from PyYAML's events; it stops at the first thing that no experiment needs."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        self.anchors: dict[str, Node | None] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def document(self) -> Document:
        self.skip(yaml.StreamStartEvent)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            self.fail(Mark(1, 1), "the file is empty", "`elfworlds list` shows experiments to start from")
        root = self.node(next(self.events), 0, None)
        if not isinstance(root, MappingNode):
            self.fail(root.mark, "an experiment is a mapping: `experiment: …`, `question: …`, …")
        self.skip(yaml.DocumentEndEvent)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.fail(_mark(event), "a second document", "one file asks one question: remove what follows `---`")
        if self.problems:
            raise ProblemsError(self.name, self.text, self.problems)
        return Document(self.name, self.text, root)

    def skip(self, kind: type[yaml.Event]) -> None:
        event = next(self.events)
        if not isinstance(event, kind):
            self.fail(_mark(event), f"expected {kind.__name__}")

    def fail(self, mark: Mark, message: str, hint: str | None = None) -> NoReturn:
        raise ProblemsError(self.name, self.text, [*self.problems, Problem(mark, message, hint)])

    def node(self, event: yaml.Event, depth: int, home: Mark | None) -> Node:
        self.nodes += 1
        mark = _mark(event)
        if depth > MAX_DEPTH:
            self.fail(mark, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, mark)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self.fail(mark, f"expected a value, found {type(event).__name__}")
        self.refuse_tag(event, mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node = self.compose(event, mark, depth, home or mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
            self.refuse_anchor_of_nothing(event.anchor, event)
        if node.size > MAX_NODES:
            self.fail(mark, f"more than {MAX_NODES} nodes once aliases are followed")
        return node

    def compose(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark, depth: int, home: Mark) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return ScalarNode(mark, Scalar(event.value, plain=not event.style))
        make = self.sequence if isinstance(event, yaml.SequenceStartEvent) else self.mapping
        return make(mark, depth, home)

    def alias(self, event: yaml.AliasEvent, mark: Mark) -> Node:
        node = self.anchors.get(event.anchor or "")
        if node is None:
            known = "an alias of something that holds it" if event.anchor in self.anchors else "no such anchor"
            self.fail(mark, f"*{event.anchor}: {known}", "quote this if it is no alias")
        return node

    def refuse_anchor_of_nothing(self, name: str, event: yaml.Event) -> None:
        """A C expression such as `&a`, which YAML reads as an anchor of what follows: nothing."""
        if isinstance(event, yaml.ScalarEvent) and not event.value and not event.style:
            self.problems.append(
                Problem(_mark(event), f"&{name}: an anchor of nothing", "quote this if it is no anchor")
            )

    def refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if event.tag is not None and event.tag != "!":
            self.problems.append(Problem(mark, f"a tag (`{event.tag}`): none is allowed", "remove the tag"))

    def sequence(self, mark: Mark, depth: int, home: Mark) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1, None))
            self.bound(items[-1], items[-1].mark)
        return ListNode(mark, home, tuple(items), 1 + sum(item.size for item in items))

    def bound(self, node: Node, mark: Mark) -> None:
        if self.nodes + node.size > MAX_NODES:
            self.fail(mark, f"more than {MAX_NODES} nodes once aliases are followed")

    def mapping(self, mark: Mark, depth: int, home: Mark) -> MappingNode:
        own: dict[str, tuple[ScalarNode, Node]] = {}
        merged: dict[str, tuple[ScalarNode, Node]] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(self.node(event, depth + 1, None))
            value = self.node(next(self.events), depth + 1, key.mark)
            self.bound(value, value.mark)
            if key.text == "<<" and key.text.plain:
                self.merge(merged, value)
                continue
            self.refuse_duplicate(own, key)
            own[key.text] = (key, value)
        removed = {key for key in merged if key in own and _is_null(own[key][1])}
        entries = tuple(entry for key, entry in (merged | own).items() if key not in removed)
        return MappingNode(mark, home, entries, 1 + sum(1 + value.size for _, value in entries))

    def key(self, node: Node) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            self.fail(node.mark, "a key is a word, not a list or a mapping", 'quote this: "${name}"')
        return node

    def merge(self, merged: dict[str, tuple[ScalarNode, Node]], value: Node) -> None:
        """`<<: *a` and `<<: [*a, *b]`: shallow, the earlier one wins."""
        for source in value.items if isinstance(value, ListNode) else (value,):
            if not isinstance(source, MappingNode):
                self.fail(value.mark, "`<<` merges a mapping, or a list of mappings")
            for key, node in source.entries:
                merged.setdefault(key.text, (key, node))

    def refuse_duplicate(self, own: dict[str, tuple[ScalarNode, Node]], key: ScalarNode) -> None:
        if key.text in own:
            line = own[key.text][0].mark.line
            hint = f"the first one is in line {line}"
            self.problems.append(Problem(key.mark, f"duplicate key `{key.text}`", hint))


def _is_null(node: Node) -> bool:
    """A null in the place of what was merged removes it."""
    return isinstance(node, ScalarNode) and node.data() is None


def _mark(event: yaml.Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    if start is None:
        return Mark(1, 1)
    same = end is not None and end.line == start.line
    return Mark(start.line + 1, start.column + 1, end.column + 1 if same and end else 0)
