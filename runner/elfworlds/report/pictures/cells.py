"""The cells of a heat map, their colours, and the marks on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome import Sign, Verdict
from elfworlds.report.pictures import svg

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.report.pictures.heat import Tile

Colours: TypeAlias = "Mapping[str, tuple[str, tuple[str, str]]]"  # outcome → CSS class, (fill, ink)

# For named outcomes, after Okabe and Ito. A crash is always vermilion; a hang and other unnamed outcomes are grey.
FILLS = (
    ("#56b4e9", "#04202f"),
    ("#e69f00", "#2b1d00"),
    ("#009e73", "#001a13"),
    ("#cc79a7", "#2d0a1c"),
    ("#f0e442", "#2b2800"),
    ("#0072b2", "#ffffff"),
)
OWN = {"crash": ("#d55e00", "#1d0c00"), "hang": ("#4f555d", "#ffffff"), "other": ("#b4bbc3", "#14171a")}
BADGES = {Sign.CROSS: "M-3,-3l6,6m0,-6l-6,6", Sign.WAVE: "M-4,1q2,-5 4,-1t4,-1"}
BOXES = {Sign.HATCHED: "", Sign.DASHED: ' stroke-dasharray="4 3"'}
NOWHERE = "not in the matrix"
MOST_LINES = 2
LONG = 16  # characters of a name that fits on one line
BOLD = 6.9  # advance of a character in pixels

Spot: TypeAlias = tuple[float, float, float, float]  # x, y, width, height


def colours(names: Sequence[str]) -> Colours:
    """A colour for each outcome; with more outcomes than colours, colours repeat."""
    free = [name for name in names if name not in OWN]
    assigned = {name: (f"o{at}", FILLS[at % len(FILLS)]) for at, name in enumerate(free)}
    return {name: assigned.get(name) or (f"own-{name}", OWN[name]) for name in names}


def style(of: Colours) -> str:
    """CSS classes of the cells; fills are the same in the light and the dark scheme."""
    fills = "".join(f".{name}{{fill:{fill}}}.{name}-i{{fill:{ink}}}" for name, (fill, ink) in of.values())
    lines = (
        ".edge{stroke:#1f2328;stroke-width:3.2px;stroke-linecap:round;fill:none}.none{fill:none;stroke:#8c959f}"
        ".over{fill:#14171a;stroke:#ffffff;stroke-width:3px;paint-order:stroke;stroke-linejoin:round}"
        ".halo-back{stroke:#ffffff;stroke-width:4px;paint-order:stroke}"
        ".badge{fill:#ffffff;stroke:#1f2328;stroke-width:1.2px}.badge-l{stroke:#1f2328;stroke-width:1.8px;fill:none}"
    )
    dark = ".edge{stroke:#f0f6fc}.halo-back{stroke:#0d1117}.none{stroke:#656d78}"
    return f"<style>text.t{{font-size:16px}}{fills}{lines}@media (prefers-color-scheme:dark){{{dark}}}</style>"


def in_words(tile: Tile) -> str:
    """The outcomes and the verdict of a cell in words."""
    names = [name if len(tile.outcomes) == 1 else f"{name} ×{count}" for name, count in tile.outcomes]
    return ", ".join(names + ([tile.verdict] if tile.verdict else []))


def lines(tile: Tile | None, *, low: bool) -> list[str]:
    """The text of a cell that is wide enough for names: at most two lines, one if the cell is low."""
    if tile is None:
        return ["–"]
    if len(tile.outcomes) <= 1:
        name = tile.outcomes[0][0] if tile.outcomes else str(tile.verdict).lower()
        return [name] if low else _broken(name)
    texts = [f"{name} ×{count}" for name, count in tile.outcomes]
    if low:
        return [f"{texts[0]} +{len(texts) - 1}"]
    return texts if len(texts) == MOST_LINES else [texts[0], f"{len(texts) - 1} more"]


def _broken(name: str) -> list[str]:
    """A long name on two lines, broken at the hyphen nearest to its middle."""
    breaks = [at + 1 for at, char in enumerate(name) if char == "-"]
    if len(name) <= LONG or not breaks:
        return [name]
    at = min(breaks, key=lambda at: abs(2 * at - len(name)))
    return [name[:at], name[at:]]


def cell(tile: Tile | None, spot: Spot, of: Colours, letters: Mapping[str, str], *, low: bool) -> str:
    """A cell as SVG; `letters` replace the names of outcomes if cells are too small for names."""
    x, y, wide, high = spot
    shapes = list(_parts(tile, spot, of)) if tile and tile.outcomes else list(_empty(tile, spot))
    texts = lines(tile, low=low) if not letters else [_short(tile, letters)]
    for at, text in enumerate(texts):
        down = y + high / 2 + 4 + (at - (len(texts) - 1) / 2) * 14
        shapes.append(svg.label(x + wide / 2, down, svg.shortened(text, int((wide - 8) / BOLD)), f"{_ink(tile, of)} c"))
    return svg.titled(in_words(tile) if tile else NOWHERE, *shapes)


def _parts(tile: Tile, spot: Spot, of: Colours) -> Iterator[str]:
    """A stripe for each outcome, as wide as the outcome is frequent."""
    x, y, wide, high = spot
    total = sum(count for _, count in tile.outcomes)
    for name, count in tile.outcomes:
        part = wide * count / total
        yield f'<rect x="{x:g}" y="{y:g}" width="{part:g}" height="{high:g}" class="{of[name][0]}"/>'
        x += part


def _empty(tile: Tile | None, spot: Spot) -> Iterator[str]:
    """A cell without outcomes: hatched if the point is not supported, dashed if it was not tried."""
    x, y, wide, high = spot
    place = f'x="{x + 0.5:g}" y="{y + 0.5:g}" width="{wide - 1:g}" height="{high - 1:g}"'
    if tile is None:
        return
    yield f'<rect {place} class="none"{BOXES[tile.sign]}/>'
    if tile.sign is Sign.HATCHED:
        yield f'<rect {place} fill="url(#hatch)" fill-opacity="0.5"/>'


def _short(tile: Tile | None, letters: Mapping[str, str]) -> str:
    if tile is None or tile.outcomes:
        return "".join(letters[name] for name, _ in tile.outcomes[:3]) if tile else "–"
    return "" if tile.sign is Sign.HATCHED else "?"


def _ink(tile: Tile | None, of: Colours) -> str:
    if tile is None or not tile.outcomes:
        return "soft halo-back" if tile else "soft"
    return "over b" if len(tile.outcomes) > 1 else f"{of[tile.outcomes[0][0]][0]}-i b"


def edge(path: str) -> str:
    return f'<path class="edge" d="{path}"/>'


def badge(verdict: Verdict, corner: tuple[float, float], *, small: bool) -> str:
    """A mark in the upper right corner of a cell."""
    meaning = verdict.meaning
    shapes = f'<circle r="7" class="badge"/><path class="badge-l" d="{BADGES[meaning.sign]}"/>'
    x, y, size = (corner[0] - 5, corner[1] + 5, 0.72) if small else (corner[0] - 10, corner[1] + 10, 1)
    return f'<g transform="translate({x:g},{y:g}) scale({size:g})"><title>{meaning.words}</title>{shapes}</g>'


def parted(of: Sequence[tuple[str, tuple[str, str]]]) -> str:
    """A small cell of several outcomes, for the legend."""
    return "".join(
        f'<rect x="{at}" width="{wide}" height="16" class="{kind}"/>'
        for (kind, _), at, wide in zip(of, (0, 17), (17, 9), strict=False)
    )


def sample(kind: str, letter: str) -> str:
    """A small cell for the legend, 26 by 16 pixels."""
    return f'<rect width="26" height="16" class="{kind}"/>' + svg.label(13, 12, letter, f"{kind}-i b c")


def signs(verdicts: Collection[Verdict], *, nowhere: bool) -> Iterator[tuple[str, str]]:
    """The marks that occur, each with its words, for the legend.

    Args:
        verdicts: those that occur.
        nowhere: whether some place is not in the matrix.
    """
    for verdict in Verdict:
        sign, words = verdict.meaning.sign, verdict.meaning.words
        if verdict in verdicts and sign in BADGES:
            yield badge(verdict, (23, -2), small=False), words
        elif verdict in verdicts and sign in BOXES:
            yield _box(sign), words
    if nowhere:
        yield svg.label(13, 12, "–", "soft c"), NOWHERE


def _box(sign: Sign) -> str:
    hatch = '<rect width="26" height="16" fill="url(#hatch)" fill-opacity="0.5"/>' if sign is Sign.HATCHED else ""
    return f'<rect x="0.5" y="0.5" width="25" height="15" class="none"{BOXES[sign]}/>{hatch}'
