"""A picture of a trial's link namespaces, as the text of an SVG file.

Each namespace is a box that holds its objects in the order of loading. An arrow stands for all bindings of one object
to another. All copies of a file have one colour; a mapping that several namespaces share is hatched. Nothing depends on
an address, so trials that did the same give the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.report.pictures import svg
from elfworlds.report.pictures.namespaces import alike, named, ranges, title, titles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.report.pictures.namespaces import Arrow, Mapped, Namespaces, Place

ACROSS_A_PAGE = 3  # namespaces side by side; names stay readable on a page of text
MOST_ALIKE, SHOWN_OF_THEM = 8, 3
WIDTH, HEIGHT, SYSTEM_HEIGHT, GAP = 208, 42, 22, 12
MARGIN, PADDING, HEAD = 14, 12, 30
COUNT = 26  # room for a number beside an arrow
MONO, MONO_LARGE, SANS, BOLD = 6.7, 7.9, 5.8, 6.8  # advance of a character in pixels, at 11, 13, 11 and 11 pixels


@dataclass(frozen=True, slots=True)
class Box:
    """A namespace; or several that look the same, and then the box is empty."""

    lmids: tuple[int, ...]
    objects: tuple[Mapped, ...]

    @property
    def height(self) -> float:
        inner = sum(_height(mapped) + GAP for mapped in self.objects) - GAP if self.objects else SYSTEM_HEIGHT
        return HEAD + inner + PADDING


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an object is drawn: its upper left corner and its height, in pixels."""

    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def picture(namespaces: Namespaces, of: str) -> str:
    """The picture as SVG; `of` is the name of what is drawn."""
    boxes = _boxes(namespaces)
    drawn = {box.lmids[0] for box in boxes if box.objects}
    arrows = [arrow for arrow in namespaces.arrows if {arrow.source[0], arrow.target[0]} <= drawn]
    arrows.sort(key=lambda arrow: arrow.across)  # those are drawn last, so that nothing covers them
    lanes = _lanes(namespaces, arrows)
    wide = WIDTH + sum(lanes)
    corners, width, bottom = _corners(boxes, wide)
    placed = list(zip(boxes, corners, strict=True))
    spots = {place: spot for box, corner in placed for place, spot in _spots(box, corner, lanes)}
    colours = _colours(namespaces)
    body = [text for box, corner in placed for text in _box(box, corner, wide)]
    body += [_node(namespaces.objects[place[0]][place[1]], place, spot, colours) for place, spot in spots.items()]
    body += [_arrow(namespaces, arrow, spots) for arrow in arrows] + list(_counts(namespaces, arrows, spots))
    legend, bottom = _legend(namespaces, arrows, (width, bottom))
    return svg.document((width, bottom), f"Link namespaces of {of}", described(namespaces), body + legend)


def described(namespaces: Namespaces) -> str:
    """The picture in words, for people who cannot see it."""
    parts = [f"{titles(run)}: {', '.join(map(named, namespaces.objects[run[0]]))}" for run in alike(namespaces)]
    return "; ".join(parts) or "Nothing was loaded."


def _boxes(namespaces: Namespaces) -> list[Box]:
    boxes = []
    for run in alike(namespaces):
        shown = run[:SHOWN_OF_THEM] if len(run) > MOST_ALIKE else run
        boxes += [Box((lmid,), namespaces.objects[lmid]) for lmid in shown]
        boxes += [Box(run[len(shown) :], ())] if len(shown) < len(run) else []
    return boxes


def _height(mapped: Mapped) -> float:
    return SYSTEM_HEIGHT if mapped.system else HEIGHT


def _beside(namespaces: Namespaces, arrow: Arrow) -> bool:
    """Whether an arrow runs on the left of the objects: arrows of system objects do, to keep them apart."""
    return any(namespaces.objects[lmid][at].system for lmid, at in (arrow.source, arrow.target))


def _depth(arrow: Arrow) -> float:
    """How far an arrow within a box leaves the column of objects."""
    return (
        14
        + min(12 * (abs(arrow.source[1] - arrow.target[1]) - 1), 72)
        + (5 if arrow.source[1] > arrow.target[1] else 0)
    )


def _lanes(namespaces: Namespaces, arrows: Sequence[Arrow]) -> tuple[float, float]:
    """The room for arrows on the left and on the right of the objects, in pixels."""
    inner = [arrow for arrow in arrows if arrow.source[0] == arrow.target[0]]
    left = [_depth(arrow) for arrow in inner if _beside(namespaces, arrow)]
    right = [_depth(arrow) for arrow in inner if not _beside(namespaces, arrow)]
    return max(left, default=-COUNT) + COUNT + PADDING, max(right, default=-COUNT) + COUNT + PADDING


def _corners(boxes: Sequence[Box], wide: float) -> tuple[list[tuple[float, float]], float, float]:
    """The corner of each box, in rows; then the width and the height of all rows."""
    corners, y = [], float(MARGIN)
    for start in range(0, len(boxes), ACROSS_A_PAGE):
        row = boxes[start : start + ACROSS_A_PAGE]
        corners += [(MARGIN + at * (wide + 2 * MARGIN), y) for at in range(len(row))]
        y += max(box.height for box in row) + 2 * MARGIN
    columns = max(1, min(len(boxes), ACROSS_A_PAGE))
    return corners, columns * (wide + 2 * MARGIN), y


def _spots(box: Box, corner: tuple[float, float], lanes: tuple[float, float]) -> Iterator[tuple[Place, Spot]]:
    x, y = corner[0] + lanes[0], corner[1] + HEAD
    for at, mapped in enumerate(box.objects):
        yield (box.lmids[0], at), Spot(x, y, _height(mapped))
        y += _height(mapped) + GAP


def _colours(namespaces: Namespaces) -> dict[str, int]:
    """A colour for each file of the experiment that has several copies."""
    paths = [
        member.path
        for members in namespaces.objects.values()
        for member in members
        if member.copies > 1 and not member.system
    ]
    return {path: at % len(svg.FAMILIES) for at, path in enumerate(dict.fromkeys(paths))}


def _box(box: Box, corner: tuple[float, float], wide: float) -> Iterator[str]:
    x, y = corner
    dashes = "" if box.objects else ' stroke-dasharray="6 4"'
    yield svg.rectangle(x, y, wide, box.height, f'class="box"{dashes}')
    if box.objects:
        yield svg.label(x + PADDING, y + 20, title(box.lmids[0]), "ink b l")
    else:
        yield svg.label(x + PADDING, y + 20, f"namespaces {ranges(box.lmids)}: the same", "ink b l")
        yield svg.label(x + PADDING, y + 42, f"{len(box.lmids)} more", "soft")


def _badge(mapped: Mapped) -> str:
    words = ["shared"] if mapped.shared else [f"copy {mapped.copy} of {mapped.copies}"] if mapped.copies > 1 else []
    return " · ".join(words + ([f"loaded {mapped.times}×"] if mapped.times > 1 else []))


def _node(mapped: Mapped, place: Place, spot: Spot, colours: dict[str, int]) -> str:
    family = colours.get(mapped.path)
    kind = "grey" if mapped.system else "plain" if family is None or mapped.shared else f"f{family}"
    ink = "soft" if mapped.system or family is None or mapped.shared else f"t{family}"
    wide = ' stroke-width="1.5"' if not mapped.system else ""
    shapes = [svg.rectangle(spot.x, spot.y, WIDTH, spot.height, f'class="{kind}"{wide}')]
    if mapped.shared:
        shapes.append(svg.rectangle(spot.x, spot.y, WIDTH, spot.height, 'fill="url(#hatch)" fill-opacity="0.55"'))
    badge, x, right = _badge(mapped), spot.x + 9, spot.x + WIDTH - 9
    data = {"place": _at(place)}
    if mapped.system:
        room = int((WIDTH - 26 - SANS * len(badge)) / MONO)
        shapes += [svg.label(x, spot.y + 15, svg.shortened(mapped.name, room), "soft m")]
        shapes += [svg.label(right, spot.y + 15, badge, "soft e")] if badge else []
        return svg.titled(" · ".join(filter(None, (mapped.path, badge))), *shapes, data=data)
    shapes.append(svg.label(x, spot.y + 18, svg.shortened(mapped.name, int((WIDTH - 18) / MONO_LARGE)), "ink m b l"))
    room = int((WIDTH - 26 - BOLD * len(badge)) / SANS)
    shapes.append(svg.label(x, spot.y + 34, svg.shortened(mapped.object or "", room), "soft"))
    shapes += [svg.label(right, spot.y + 34, badge, f"{ink} b e")] if badge else []
    return svg.titled(" · ".join(filter(None, (mapped.object, mapped.name, badge))), *shapes, data=data)


def _arrow(namespaces: Namespaces, arrow: Arrow, spots: dict[Place, Spot]) -> str:
    source, target = spots[arrow.source], spots[arrow.target]
    kind = "across" if arrow.across else "faint" if _beside(namespaces, arrow) else "arrow"
    wide = 1.1 if kind == "faint" else 1.6
    names = [namespaces.objects[lmid][at].name for lmid, at in (arrow.source, arrow.target)]
    where = f" in {title(arrow.defined_in)}" if arrow.across else ""
    more = ", …" if arrow.count > len(arrow.symbols) else ""
    data = {"from": _at(arrow.source), "to": _at(arrow.target), "in": str(arrow.defined_in)}
    tip = f"{names[0]} → {names[1]}{where}, {arrow.count} bound: {', '.join(arrow.symbols)}{more}"
    if arrow.source[0] != arrow.target[0]:
        return svg.titled(tip, svg.curve(_between(source, target), kind, wide=wide), data=data)
    side = -1 if _beside(namespaces, arrow) else 1
    x = source.x if side < 0 else source.x + WIDTH
    down = 1 if target.y > source.y else -1
    start, end = source.middle + 5 * down, target.middle - 5 * down
    out = x + side * _depth(arrow) / 0.75  # control points for a curve that reaches that far
    shape = svg.curve(f"M{x:g},{start:g}C{out:g},{start:g} {out:g},{end:g} {x + side:g},{end:g}", kind, wide=wide)
    return svg.titled(tip, shape, data=data)


def _at(place: Place) -> str:
    """A namespace and the position of an object there, for whoever makes the picture live."""
    return f"{place[0]}.{place[1]}"


def _counts(namespaces: Namespaces, arrows: Sequence[Arrow], spots: dict[Place, Spot]) -> Iterator[str]:
    """The number of bindings beside each arrow in a box; if two objects bind to each other, both numbers together."""
    pairs: dict[tuple[Place, ...], list[Arrow]] = {}
    for arrow in arrows:
        if arrow.source[0] == arrow.target[0]:
            pairs.setdefault(tuple(sorted((arrow.source, arrow.target))), []).append(arrow)
    for ends, both in pairs.items():
        left = _beside(namespaces, both[0])
        first, second = (spots[end] for end in ends)
        reach = max(map(_depth, both)) + 3
        x = first.x - reach if left else first.x + WIDTH + reach
        y = (first.middle + second.middle) / 2 + 4
        counts = {end: sum(arrow.count for arrow in both if arrow.source == end) for end in ends}
        words = [f"{count}{sign}" for (count, sign) in zip(counts.values(), "↓↑", strict=True) if count]
        for at, word in enumerate(words if len(words) > 1 else [words[0][:-1]]):
            yield svg.label(x, y + (at - (len(words) - 1) / 2) * 13, word, f"soft halo{' e' if left else ''}")


def _between(source: Spot, target: Spot) -> str:
    """A line between objects of two boxes; it runs beside the boxes if one is above the other."""
    if source.x == target.x:
        x1 = x2 = source.x + WIDTH
        out1 = out2 = x1 + 50
    else:
        way = 1 if target.x > source.x else -1
        x1, x2 = (source.x + WIDTH, target.x) if way > 0 else (source.x, target.x + WIDTH)
        bend = max(40.0, abs(x2 - x1) / 2) * way
        out1, out2 = x1 + bend, x2 - bend
    start, end = source.middle - 9, target.middle - 9  # not where arrows in a box begin
    return f"M{x1:g},{start:g}C{out1:g},{start:g} {out2:g},{end:g} {x2:g},{end:g}"


def _legend(namespaces: Namespaces, arrows: Sequence[Arrow], size: tuple[float, float]) -> tuple[list[str], float]:
    """The legend below the boxes, for the signs that occur; and the y at which the picture ends."""
    x, y, lines = float(MARGIN), size[1] + 10, []
    for sample, words in _signs(namespaces, arrows):
        wide = 40 + SANS * len(words) + 2 * MARGIN
        if x > MARGIN and x + wide > size[0]:
            x, y = float(MARGIN), y + 20
        lines += [sample.format(x=x, y=y - 11, line=y - 5), svg.label(x + 34, y, words, "soft")]
        x += wide
    return lines, y + MARGIN


def _signs(namespaces: Namespaces, arrows: Sequence[Arrow]) -> Iterator[tuple[str, str]]:
    """The samples of the legend and their words; `{x}`, `{y}` and `{line}` stand for their position."""
    members = [member for group in namespaces.objects.values() for member in group]
    swatch = '<rect x="{{x}}" y="{{y}}" width="26" height="13" rx="3" {}/>'
    if _colours(namespaces):
        yield swatch.format('class="f0"'), "one file, a copy of its own in each namespace (a colour for each file)"
    if any(member.shared for member in members):
        both = swatch.format('class="plain"') + swatch.format('fill="url(#hatch)"')
        yield both, "one mapping that namespaces share"
    if any(member.system for member in members):
        yield swatch.format('class="grey"'), "of the system"
    kinds = {"across" if arrow.across else "faint" if _beside(namespaces, arrow) else "arrow" for arrow in arrows}
    for kind, words in (
        ("arrow", "symbols bound, and how many"),
        ("faint", "the same, by or to an object of the system"),
        ("across", "bound to a definition in another namespace"),
    ):
        if kind in kinds:
            yield f'<path class="{kind}" d="M{{x}},{{line}}h24" stroke-width="1.6" marker-end="url(#{kind}-h)"/>', words
    if namespaces.more:
        yield "", f"{namespaces.more} more process{'es' if namespaces.more > 1 else ''}, not drawn"
