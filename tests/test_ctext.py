"""As much of C as the driver needs: strings that compilers read back, names, types."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.ctext import KEYWORDS, identifier, renamed, result_type, string, unqualified
from elfworlds.process import Command, Pool
from waiting import AGES

ODD = [
    "",
    'a "quoted" \\ word',
    "??=??/??'??(??)??!??<??>??-",
    "\x01\x02\n\t\r\x7f",
    "\x011",
    "0\x000".replace("\0", "\x08"),
    "äöü € \N{SLIGHTLY SMILING FACE}",
    "%s %n %% ${x} $(y) `z`",
    "*/ /* // \\\n",
    "x" * 3000,
    "".join(map(chr, range(1, 256))),
]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


class TestAString:
    @pytest.mark.parametrize("compiler", ["gcc", "clang"])
    def test_is_what_the_compiler_reads(
        self, compiler: str, tmp_path: Path, pool: Pool, needs: Callable[[str], str]
    ) -> None:
        literals = ",\n".join(string(one) for one in ODD)
        (tmp_path / "all.c").write_text(
            "#include <stdio.h>\n"
            f"static const char *const all[] = {{\n{literals}}};\n"
            f"int main(void) {{ for (int i = 0; i < {len(ODD)}; i++) {{ fputs(all[i], stdout); putchar(0); }} }}\n"
        )
        words = (needs(compiler), "-std=gnu17", "-trigraphs", "-Wall", "-Werror", "-o", "all", "all.c")
        made = pool.run(Command(argv=words, env={"PATH": "/usr/bin:/bin"}, cwd=str(tmp_path), timeout=AGES))
        assert (made.exit, made.stderr.data) == (0, b"")
        done = pool.run(Command(argv=(str(tmp_path / "all"),), env={}, cwd=str(tmp_path), timeout=AGES))
        assert done.stdout.data.split(b"\0")[:-1] == [one.encode() for one in ODD]

    @given(TEXTS)
    def test_is_printable_and_reads_back(self, text: str) -> None:
        literal = string(text)
        assert literal.isprintable()
        assert "??" not in literal
        assert read_back(literal) == text.encode()


def read_back(literal: str) -> bytes:
    """What a C compiler makes of a string literal of octal escapes."""
    pieces = re.findall(r'\\([0-7]{3})|\\(["\\])|([^"\\])', literal[1:-1])
    return b"".join(bytes([int(octal, 8)]) if octal else (quoted or plain).encode() for octal, quoted, plain in pieces)


class TestAName:
    @given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]*", fullmatch=True) | st.sampled_from(sorted(KEYWORDS)))
    def test_is_an_identifier_and_no_keyword(self, name: str) -> None:
        found = identifier(name)
        assert re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", found)
        assert found not in KEYWORDS

    @pytest.mark.parametrize("code", ['"a"', "'a'", "// a", "/* a */", "x.a", "x->a", "x -> a", '"\\" a"', "1a", "0xa"])
    def test_in_a_text_a_comment_or_a_member_stays(self, code: str) -> None:
        assert renamed(code, {"a": "it.a"}) == code

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("a", "it.a"),
            ("a + aa + a", "it.a + aa + it.a"),
            ("f(a)", "f(it.a)"),
            ("*a = -a;", "*it.a = -it.a;"),
            ("\"a\" a 'a' a", "\"a\" it.a 'a' it.a"),
            ("a /* a */ a // a\na", "it.a /* a */ it.a // a\nit.a"),
            ("a->b.a[a]", "it.a->b.a[it.a]"),
            ('"open\na', '"open\nit.a'),
            ("a /* open a", "it.a /* open a"),
            ("'\\'' a", "'\\'' it.a"),
        ],
    )
    def test_in_code_is_replaced(self, code: str, expected: str) -> None:
        assert renamed(code, {"a": "it.a"}) == expected

    @given(st.text(alphabet="ab_1.->\"'\\/*\n ()", max_size=60))
    def test_that_stands_for_itself_changes_nothing(self, code: str) -> None:
        assert renamed(code, {"a": "a", "b": "b"}) == code

    @given(st.text(max_size=60), st.dictionaries(NAMES, NAMES, max_size=3))
    def test_is_all_that_is_replaced(self, code: str, names: dict[str, str]) -> None:
        outside = re.compile(r"\w+")
        assert outside.sub("", renamed(code, names)) == outside.sub("", code)

    @pytest.mark.parametrize("piece", ["/*", '"', '"\\', "'\\", "/* *", "*/", "\\\n", "a.", "->", "1.", "//"])
    def test_is_looked_for_in_linear_time(self, piece: str) -> None:
        """No machine is 20 times slower at twice the text: a quadratic search of 200,000 takes minutes."""
        start = time.process_time()
        renamed(piece * 200_000, {"a": "b"})
        assert time.process_time() - start < 20  # seconds; it takes a tenth of one


class TestAType:
    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("int (void)", "int"),
            (" const char *(int, char *) ", "const char *"),
            ("void *(*(int))(void)", None),
            ("void (void (*)(int), int)", "void"),
            ("struct x(int)", "struct x"),
            ("int", None),
            ("(void)", None),
            ("int (", None),
            ("int )", None),
            ("", None),
            ("int (void) const", None),
        ],
    )
    def test_of_a_function_has_a_result(self, text: str, result: str | None) -> None:
        assert result_type(text) == result

    @given(st.text(alphabet="()ab *,", max_size=60))
    def test_of_anything_has_a_result_before_its_last_list_or_none(self, text: str) -> None:
        found = result_type(text)
        if found is not None:
            rest = text.strip().removeprefix(found).strip()
            assert (rest[0], rest[-1]) == ("(", ")")
            assert rest.count("(") == rest.count(")")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("const int", "int"),
            ("int const", "int"),
            ("const char *", "const char *"),
            ("const char *const", "const char *"),
            ("volatile unsigned long", "unsigned long"),
            ("constant", "constant"),
        ],
    )
    def test_of_a_value_can_be_assigned(self, text: str, expected: str) -> None:
        assert unqualified(text) == expected
