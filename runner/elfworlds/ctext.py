"""As much of C as an experiment's words need: names, strings, a function type's result. No C parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYWORDS = frozenset(  # those of GNU C too, and the macros in small letters that it defines
    """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    asm typeof errno linux unix i386
    """.split()  # noqa: SIM905  # read as a text
)
_TOKEN = re.compile(
    r'"(?:\\.|[^"\\\n])*"?'
    r"|'(?:\\.|[^'\\\n])*'?"
    r"|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?"
    r"|(?:\.|->)[ \t]*[A-Za-z_]\w*"
    r"|\d[\w.]*"
    r"|(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)
INTEGERS = frozenset("char short int long signed unsigned".split())  # noqa: SIM905  # read as a text
REALS = frozenset(("float", "double", "long"))
NUMBERS = frozenset(
    """
    size_t ssize_t ptrdiff_t intptr_t uintptr_t intmax_t uintmax_t pid_t uid_t gid_t off_t time_t mode_t Lmid_t wchar_t
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
    """.split()  # noqa: SIM905  # read as a text
)
_LITERALS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
_STRINGS = re.compile(r'(?:\s*"(?:\\.|[^"\\\n])*")+\s*')
_LITERAL = re.compile(r"[-+]?(?:0[xX][0-9A-Fa-f]+|[0-9]+)[uUlL]*")
_QUALIFIER = re.compile(r"\b(?:const|volatile|restrict|_Atomic)\b")


def identifier(name: str) -> str:
    """A name of the experiment as C has it: `-` and `.` become `_`."""
    spelled = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"{spelled}_" if spelled in KEYWORDS else f"_{spelled}" if spelled[:1].isdigit() else spelled


def string(text: str) -> str:
    """A string literal; what could be misread is written in octal."""
    escaped = (
        f"\\{chr(byte)}"
        if byte in b'"\\'
        else chr(byte)
        if 32 <= byte < 127 and byte != ord("?")  # noqa: PLR2004  # printable ASCII, and no trigraph
        else f"\\{byte:03o}"
        for byte in text.encode()
    )
    return f'"{"".join(escaped)}"'


def renamed(code: str, names: Mapping[str, str]) -> str:
    """C with its own names replaced; strings, comments and members of structs stay."""
    return _TOKEN.sub(lambda match: names.get(match["name"] or "", match[0]), code)


def result_type(function_type: str) -> str | None:
    """`char *(int)` → `char *`; None for what does not end in a list of parameters."""
    text = function_type.strip()
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[at], 0)
        if depth == 0:
            before = text[:at].strip()
            return before if text[at] == "(" and before and not before.endswith(")") else None
    return None


def unqualified(declared: str) -> str:
    """A type whose values can be assigned: `const int` → `int`, `const char *const` → `const char *`."""
    before, star, last = declared.rpartition("*")
    return before + star + _QUALIFIER.sub("", last).strip()


def kind_of_type(declared: str) -> str | None:
    """How observe.h tells a value of a type: number, real, flag, text or address; None where only a compiler knows."""
    text = " ".join(_QUALIFIER.sub(" ", declared).replace("*", " * ").split())
    if "(" in text or "[" in text:
        return None
    if text.endswith("*"):
        return "text" if text == "char *" and "volatile" not in declared else "address"
    if text in ("_Bool", "bool"):
        return "flag"
    words = frozenset(text.split())
    if words <= REALS and words & {"float", "double"}:
        return "real"
    return "number" if words and (words <= INTEGERS or text in NUMBERS or text.startswith("enum ")) else None


def kind_of_expression(code: str) -> str | None:
    """The same of an expression, where its outermost operator tells; comparisons give an int, never true or false."""
    text = code.strip()
    if _LITERAL.fullmatch(text):
        return "number"
    if _STRINGS.fullmatch(text):
        return "text"
    outside = _outermost(text)
    if outside is None or re.search(r"[?,;{}]|(?<![<>=!])=(?!=)|<<|>>", outside):
        return None
    return "number" if re.search(r"==|!=|<|>|&&|\|\||^\s*!", re.sub(r"->", ".", outside)) else None


def _outermost(text: str) -> str | None:
    """An expression without its literals and what stands in brackets; None where these do not match."""
    outside, depth = [], 0
    for sign in _LITERALS.sub(" 0 ", text):
        depth -= sign in ")]"
        outside.append(sign if depth == 0 else " ")
        depth += sign in "(["
    return "".join(outside) if depth == 0 else None
