"""A heat map of outcomes over two axes, as the text of an SVG file.

Each outcome has a colour, and its name is in the cell, so nothing depends on colour alone. If there is no room for
names, letters replace them. A heavy line marks each change of the table `flips`; it runs before the first place after
the change. Several outcomes at one place share its cell in proportion to their counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.report.pictures import cells, svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.report.pictures.cells import Colours
    from elfworlds.report.pictures.heat import Head, Heat, Panel, Side, Tile

MARGIN, GAP, NARROW = 18, 3, 34
HIGH, LOW, MANY_ROWS = 44, 26, 8  # heights of a cell: normal, and with more than MANY_ROWS rows
LEAST, MOST = 64, 150  # width of a cell with a name
SHORT_HEAD = 4  # characters that fit above a narrow cell
ACROSS_A_PAGE = 1080
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SANS, BOLD = 6.1, 6.9  # advance of a character in pixels, at 11 pixels


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in pixels.

    Attributes:
        wide, high: the size of a cell with the gap after it.
        left, top: the room for the heads of rows and columns.
        letters: outcome → the letter that replaces its name; empty if cells have room for names.
        low: whether a cell has room for one line only.
    """

    wide: float
    high: float
    left: float
    top: float
    letters: Mapping[str, str]
    low: bool


def heat_map(heat: Heat, names: Sequence[str]) -> str:
    """The heat map as SVG; `names` are all outcomes of the run, in the order of their colours."""
    layout = _layout(heat, names)
    colours = cells.colours(names)
    body = [cells.style(colours), svg.label(MARGIN, 28, heat.scenario, "ink b t")]
    right, bottom, parts = 0.0, 44.0, []
    for panel, (x, y) in zip(heat.panels, _corners(heat, layout), strict=True):
        parts += list(_panel(heat, panel, layout, colours, (x, y)))
        width, height = _size(heat, layout)
        right, bottom = max(right, x + width), max(bottom, y + height)
    width = max(right, 24 + 9.0 * len(heat.scenario)) + MARGIN
    legend, bottom = _legend(heat, layout, colours, (max(width, 420), bottom))
    size = (max(width, 420), bottom + MARGIN)
    title = f"Outcomes of {heat.scenario}: {heat.columns.axis} across, {heat.rows.axis} down"
    return svg.document(size, title, described(heat), body + parts + legend)


def described(heat: Heat) -> str:
    """The heat map in words, for people who cannot see it."""
    return "; ".join(
        f"{_at(panel)}{heat.rows.axis} {heat.rows.heads[row].label}, {heat.columns.axis} "
        f"{heat.columns.heads[column].label}: {cells.in_words(tile)}"
        for panel in heat.panels
        for (row, column), tile in panel.tiles.items()
    )


def _at(panel: Panel) -> str:
    return "".join(f"{axis} {label}, " for axis, label in panel.at)


def _layout(heat: Heat, names: Sequence[str]) -> Layout:
    """A layout with names in the cells if the picture then fits a page; otherwise with letters."""
    low = len(heat.rows.heads) > MANY_ROWS
    longest = max(len(text) for tile in _tiles(heat) for text in cells.lines(tile, low=low))
    wide = min(max(LEAST, BOLD * longest + 20, BOLD * _longest(heat.columns, one_line=False) + 12), MOST)
    named = 40 + BOLD * _longest(heat.rows, one_line=low)
    top = 40 + (22 if heat.panels[0].at else 0)
    if named + len(heat.columns.heads) * wide <= ACROSS_A_PAGE:
        return Layout(wide + GAP, (LOW if low else HIGH) + GAP, named, top + 16 * _versions(heat.columns), {}, low=low)
    shown = [name for name in names if any(name in tile.kinds for tile in _tiles(heat))]
    letters = {name: LETTERS[at % len(LETTERS)] for at, name in enumerate(shown)}
    left = 40 + BOLD * _longest(heat.rows, one_line=True)
    return Layout(NARROW + GAP, NARROW + GAP, left, top + 8 + _slanted(heat.columns), letters, low=True)


def _slanted(columns: Side) -> float:
    """How far slanted heads (45 degrees) reach up and to the right; 0 if heads are short and need no slant."""
    longest = _longest(columns, one_line=True)
    return longest * BOLD * 0.71 if longest > SHORT_HEAD else 0


def _tiles(heat: Heat) -> Iterator[Tile]:
    for panel in heat.panels:
        yield from panel.tiles.values()


def _longest(side: Side, *, one_line: bool) -> int:
    """The number of characters of the longest head."""
    texts = [[_in_one_line(head)] if one_line else [head.label, head.version or ""] for head in side.heads]
    return max(len(text) for lines in texts for text in lines)


def _in_one_line(head: Head) -> str:
    return f"{head.version} {head.label}" if head.version else head.label


def _versions(side: Side) -> bool:
    return any(head.version for head in side.heads)


def _size(heat: Heat, layout: Layout) -> tuple[float, float]:
    width = layout.left + len(heat.columns.heads) * layout.wide + (_slanted(heat.columns) if layout.letters else 0)
    return width, layout.top + len(heat.rows.heads) * layout.high


def _corners(heat: Heat, layout: Layout) -> list[tuple[float, float]]:
    """The corner of each panel; as many panels stand side by side as fit a page."""
    width, height = _size(heat, layout)
    many = max(1, int((ACROSS_A_PAGE + MARGIN) // (width + MARGIN)))
    return [
        (MARGIN + at % many * (width + MARGIN), 40 + at // many * (height + MARGIN)) for at in range(len(heat.panels))
    ]


def _panel(
    heat: Heat,
    panel: Panel,
    layout: Layout,
    colours: Colours,
    corner: tuple[float, float],
) -> Iterator[str]:
    x, y = corner[0] + layout.left, corner[1] + layout.top
    yield from _heads(heat, panel, layout, (x, y))
    for row in range(len(heat.rows.heads)):
        for column in range(len(heat.columns.heads)):
            spot = (x + column * layout.wide, y + row * layout.high)
            size = (layout.wide - GAP, layout.high - GAP)
            yield cells.cell(panel.tiles.get((row, column)), (*spot, *size), colours, layout.letters, low=layout.low)
    yield from _edges(panel, layout, (x, y))
    for (row, column), tile in panel.tiles.items():
        if tile.verdict and tile.sign in cells.BADGES:
            corner = (x + (column + 1) * layout.wide - GAP, y + row * layout.high)
            yield cells.badge(tile.verdict, corner, small=layout.low)


def _heads(heat: Heat, panel: Panel, layout: Layout, grid: tuple[float, float]) -> Iterator[str]:
    """The panel's labels, the names of its axes, and the heads of columns and rows."""
    x, y = grid
    width, height = len(heat.columns.heads) * layout.wide - GAP, len(heat.rows.heads) * layout.high - GAP
    above = y - layout.top + 18
    if panel.at:
        yield svg.label(x, above, ", ".join(f"{axis} = {label}" for axis, label in panel.at), "ink b l")
        above += 22
    yield svg.label(x + width / 2, above, heat.columns.axis, "ink b l c")
    turned = f'<g transform="translate({x - layout.left + 14:g},{y + height / 2:g}) rotate(-90)">'
    yield turned + svg.label(0, 0, heat.rows.axis, "ink b l c") + "</g>"
    for at, head in enumerate(heat.columns.heads):
        yield from _column(head, x + at * layout.wide + (layout.wide - GAP) / 2, y - 8, layout)
    for at, head in enumerate(heat.rows.heads):
        middle = y + at * layout.high + (layout.high - GAP) / 2 + 4
        yield from _row(head, x - 9, middle, layout)


def _column(head: Head, x: float, y: float, layout: Layout) -> Iterator[str]:
    if layout.letters and len(_in_one_line(head)) > SHORT_HEAD:
        turned = svg.label(0, 0, _in_one_line(head), "ink b")
        yield f'<g transform="translate({x + 4:g},{y:g}) rotate(-45)">{turned}</g>'
    elif head.version:
        yield svg.label(x, y - 15, head.version, "ink b c")
        yield svg.label(x, y, head.label, "soft c")
    else:
        yield svg.label(x, y, head.label, "ink b c")


def _row(head: Head, x: float, y: float, layout: Layout) -> Iterator[str]:
    if layout.low or not head.version:
        yield svg.label(x, y, _in_one_line(head), "ink b e")
    else:
        yield svg.label(x, y - 7, head.version, "ink b e")
        yield svg.label(x, y + 7, head.label, "soft e")


def _edges(panel: Panel, layout: Layout, grid: tuple[float, float]) -> Iterator[str]:
    """Heavy lines where the outcome changes along an ordered axis."""
    for row, column in sorted(panel.tiles):
        x, y = grid[0] + column * layout.wide - GAP / 2, grid[1] + row * layout.high - GAP / 2
        if (row, column) in panel.beside:
            yield cells.edge(f"M{x:g},{y:g}v{layout.high:g}")
        if (row, column) in panel.below:
            yield cells.edge(f"M{x:g},{y:g}h{layout.wide:g}")


def _legend(heat: Heat, layout: Layout, colours: Colours, size: tuple[float, float]) -> tuple[list[str], float]:
    """The legend below the panels, for the signs that occur; and the y at which the picture ends."""
    x, y, parts = float(MARGIN), size[1] + 22, []
    for sample, words in _signs(heat, layout, colours):
        wide = 34 + SANS * len(words) + MARGIN
        if x > MARGIN and x + wide > size[0]:
            x, y = float(MARGIN), y + 22
        parts += [f'<g transform="translate({x:g},{y - 12:g})">{sample}</g>', svg.label(x + 34, y, words, "soft")]
        x += wide
    return parts, y if parts else size[1]


def _signs(heat: Heat, layout: Layout, colours: Colours) -> Iterator[tuple[str, str]]:
    """The samples of the legend, 26 by 16 pixels, and their words."""
    tiles = list(_tiles(heat))
    several = any(len(tile.outcomes) > 1 for tile in tiles)
    if layout.letters or several:
        for name in [colour for colour in colours if any(colour in tile.kinds for tile in tiles)]:
            letter = layout.letters.get(name, "")
            yield cells.sample(colours[name][0], letter), name
    if several:
        yield cells.parted(list(colours.values())), "a cell in parts: several outcomes, by how often each was seen"
    grid = len(heat.rows.heads) * len(heat.columns.heads) * len(heat.panels)
    if any(True for panel in heat.panels for _ in _edges(panel, layout, (0, 0))):
        yield cells.edge("M0,8h26"), "the outcome changes along an ordered axis"
    verdicts = {tile.verdict for tile in tiles if tile.verdict}
    yield from cells.signs(verdicts, nowhere=grid != len(tiles))
