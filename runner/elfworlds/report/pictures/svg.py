"""The few SVG shapes that a picture needs, as text; any file name gives well-formed XML."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as _escape

from elfworlds.yamltext.problems import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

# After Okabe and Ito, for colour-blind people too; each pair is readable in its own scheme.
FAMILIES = (
    ("#0072b2", "#dcedf8", "#56b4e9", "#10324a"),
    ("#b06f00", "#fcefd2", "#e69f00", "#43300a"),
    ("#00795a", "#d8f1e8", "#2fc29a", "#0c3a2e"),
    ("#a3477d", "#f8e3ef", "#e08fbe", "#46203a"),
    ("#6b5fb5", "#e8e5f7", "#a99ff0", "#2c2752"),
    ("#7d7a00", "#f4f2cc", "#d6d04a", "#3a3806"),
)
_LIGHT = {
    "back": "#ffffff",
    "box": "#f6f8fa",
    "line": "#8c959f",
    "ink": "#1f2328",
    "soft": "#59636e",
    "grey": "#eaeef2",
    "arrow": "#3d4650",
    "faint": "#a3abb4",
    "across": "#d1420a",
}
_DARK = {
    "back": "#0d1117",
    "box": "#151b23",
    "line": "#656d78",
    "ink": "#f0f6fc",
    "soft": "#a0a9b4",
    "grey": "#262c36",
    "arrow": "#c9d1d9",
    "faint": "#6a737e",
    "across": "#ff8a4c",
}


def text_of(text: str) -> str:
    """Escape text for XML, also for attributes in quotes."""
    return _escape(printable(text).replace("\n", " "), {'"': "&quot;"})


def style() -> str:
    """CSS classes for the light and the dark scheme; programs that know no schemes use the light one."""
    fonts = (
        'text{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif;font-size:11px}'
        'text.m{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}'
        "text.b{font-weight:600}text.l{font-size:13px}text.c{text-anchor:middle}text.e{text-anchor:end}"
    )
    dark = _colours(_DARK) + "".join(_family(at, family[2:]) for at, family in enumerate(FAMILIES))
    light = _colours(_LIGHT) + "".join(_family(at, family[:2]) for at, family in enumerate(FAMILIES))
    return f"<style>{fonts}{light}@media (prefers-color-scheme:dark){{{dark}}}</style>"


def _colours(of: dict[str, str]) -> str:
    arrows = "".join(
        f".{name}{{stroke:{of[name]};fill:none}}.{name}-h{{fill:{of[name]}}}" for name in ("arrow", "faint", "across")
    )
    return (
        f".back{{fill:{of['back']}}}.box{{fill:{of['box']};stroke:{of['line']}}}"
        f".plain{{fill:{of['back']};stroke:{of['soft']}}}.grey{{fill:{of['grey']};stroke:{of['line']}}}"
        f".hatch{{stroke:{of['line']}}}.ink{{fill:{of['ink']}}}.soft{{fill:{of['soft']}}}"
        f".halo{{stroke:{of['box']};stroke-width:3px;paint-order:stroke}}{arrows}"
    )


def _family(at: int, colours: tuple[str, ...]) -> str:
    return f".f{at}{{fill:{colours[1]};stroke:{colours[0]}}}.t{at}{{fill:{colours[0]}}}"


def definitions() -> str:
    """The arrow heads, and the hatching for shared mappings."""
    heads = "".join(
        f'<marker id="{name}-h" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path class="{name}-h" d="M0,0.5L8,4L0,7.5z"/></marker>'
        for name in ("arrow", "faint", "across")
    )
    hatch = (
        '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="hatch" d="M0,0V6" stroke-width="1.6"/></pattern>'
    )
    return f"<defs>{heads}{hatch}</defs>"


def label(x: float, y: float, text: str, classes: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{classes}">{text_of(text)}</text>'


def rectangle(x: float, y: float, width: float, height: float, more: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" {more}/>'


def curve(d: str, kind: str, *, wide: float, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    return f'<path class="{kind}" d="{d}" stroke-width="{wide:g}"{dashes} marker-end="url(#{kind}-h)"/>'


def titled(tip: str, *shapes: str, data: Mapping[str, str] | None = None) -> str:
    """Shapes with a tooltip; `data` are the names and values of `data-` attributes."""
    attributes = "".join(f' data-{name}="{text_of(value)}"' for name, value in (data or {}).items())
    return f"<g{attributes}><title>{text_of(tip)}</title>{''.join(shapes)}</g>"


def shortened(text: str, room: int) -> str:
    """A text of at most `room` characters. Both ends stay, since names differ there."""
    if len(text) <= room:
        return text
    end = (room - 1) // 2
    return f"{text[: room - 1 - end]}…{text[len(text) - end :]}"


def document(size: tuple[float, float], title: str, description: str, body: list[str]) -> str:
    """A complete SVG file; `size` is its width and height in pixels."""
    width, height = size
    box = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-labelledby="title description">',
            f'<title id="title">{text_of(title)}</title>',
            f'<desc id="description">{text_of(description)}</desc>',
            style(),
            definitions(),
            f'<rect class="back" width="{width:g}" height="{height:g}"/>',
            *body,
            "</svg>",
            "",
        ]
    )
