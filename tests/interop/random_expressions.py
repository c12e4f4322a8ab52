"""Random SQL over a table of every type, of the dialect pylance has.

Left out is what only one of both knows: CASE, INTERVAL, sub-strings, ESCAPE and the like (ours alone).
"""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import numpy as np
import pyarrow as pa

INTEGERS = {
    "i8": (pa.int8(), -(2**7), 2**7 - 1),
    "i16": (pa.int16(), -(2**15), 2**15 - 1),
    "i32": (pa.int32(), -(2**31), 2**31 - 1),
    "i64": (pa.int64(), -(2**63), 2**63 - 1),
    "u8": (pa.uint8(), 0, 2**8 - 1),
    "u16": (pa.uint16(), 0, 2**16 - 1),
    "u32": (pa.uint32(), 0, 2**32 - 1),
    "u64": (pa.uint64(), 0, 2**64 - 1),
}
FLOATS = ["f32", "f64"]
TEXTS = ["s", "ls", "ds"]
TIMES = ["ts", "tms", "tz"]
WORDS = ["", "a", "Ab", "abc", "b%c", "x_y", "Größe", "two words", "AAA", "12", "-7", "1.5", "zz top"]
COMPARISONS = ["=", "!=", "<>", "<", "<=", ">", ">="]


def random_table(seed: int, num_rows: int = 150) -> pa.Table:
    """Every type, with nulls, extremes, and values that meet each other."""
    rng = random.Random(seed)

    def column(kind: pa.DataType, values) -> pa.Array:
        picked = [None if rng.random() < 0.15 else rng.choice(values) for _ in range(num_rows)]
        return pa.array(picked, kind)

    columns = {}
    for name, (kind, low, high) in INTEGERS.items():
        some = [v for v in (-7, -2, -1, 0, 1, 2, 3, 5, 12, 100) if low <= v <= high]
        columns[name] = column(kind, [*some, *some, low, high])
    floats = [0.0, -0.0, 1.0, 1.5, -2.25, 3.0, 100.0, float("nan"), float("inf"), -float("inf")]
    columns["f16"] = column(pa.float16(), [np.float16(v) for v in floats])
    columns["f32"] = column(pa.float32(), [*floats, 0.1, 1e30])
    columns["f64"] = column(pa.float64(), [*floats, 0.1, 1e300, 5.0, 12.0])
    columns["b"] = column(pa.bool_(), [True, False])
    columns["s"] = column(pa.string(), WORDS)
    columns["ls"] = column(pa.large_string(), WORDS)
    columns["ds"] = column(pa.string(), WORDS[:5]).dictionary_encode()
    columns["bin"] = column(pa.binary(), [b"", b"a", b"ab", b"\x00\xff", b"abc"])
    days = [dt.date(1969, 12, 31), dt.date(2000, 2, 29), dt.date(2020, 1, 1), dt.date(2021, 3, 4)]
    columns["d"] = column(pa.date32(), days)
    moments = [dt.datetime(d.year, d.month, d.day) for d in days]
    moments += [dt.datetime(2020, 1, 1, 1, 2, 3, 456000), dt.datetime(1969, 12, 31, 23, 59, 59)]
    columns["ts"] = column(pa.timestamp("us"), moments)
    columns["tms"] = column(pa.timestamp("ms"), moments)
    columns["tz"] = column(pa.timestamp("us", "UTC"), moments)
    columns["dec"] = column(
        pa.decimal128(10, 2), [Decimal(v) for v in ("0", "1", "1.23", "-4.50", "12", "99999999.99")]
    )
    columns["li"] = column(pa.list_(pa.int32()), [[], [1], [1, 2, 3], [None, 5], [7, 7], [-7]])
    columns["lt"] = column(pa.list_(pa.string()), [[], ["a"], ["a", "Ab"], [None, "abc"], ["zz top"]])
    fields = pa.struct([("x", pa.int64()), ("y", pa.string())])
    columns["st"] = column(
        fields, [{"x": 1, "y": "a"}, {"x": None, "y": "Ab"}, {"x": 5, "y": None}, {"x": -7, "y": ""}]
    )
    columns["Mixed Case"] = column(pa.int32(), [1, 2, 3])
    return pa.table(columns)


class Expressions:
    """Says one random condition after the other."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def one(self, *ways):
        """One of the ways, called; or one of the values."""
        way = self.random.choice(ways)
        return way() if callable(way) else way

    def chance(self, of_one: float) -> bool:
        return self.random.random() < of_one

    # Conditions.

    def condition(self, depth: int = 3) -> str:
        if depth <= 0 or self.chance(0.35):
            return self.simple()
        deeper = depth - 1
        return self.one(
            lambda: f"({self.condition(deeper)} AND {self.condition(deeper)})",
            lambda: f"({self.condition(deeper)} OR {self.condition(deeper)})",
            lambda: f"{self.condition(deeper)} and {self.condition(deeper)}",
            lambda: f"NOT ({self.condition(deeper)})",
            lambda: f"({self.condition(deeper)}) IS {self.one('', 'NOT ')}{self.one('TRUE', 'FALSE')}",
            lambda: f"({self.condition(deeper)}) IS {self.one('', 'NOT ')}NULL",
            self.simple,
            self.simple,
        )

    def simple(self) -> str:
        return self.one(
            *[self.number_with_literal] * 4,
            *[self.numbers] * 3,
            *[self.texts] * 3,
            *[self.text_with_literal] * 3,
            *[self.in_list] * 3,
            *[self.between] * 2,
            *[self.pattern] * 2,
            *[self.times] * 3,
            *[self.decimals] * 2,
            *[self.lists] * 3,
            *[self.fields] * 2,
            *[self.null_test] * 2,
            self.distinct,
            self.booleans,
            self.bytes_test,
            self.half_floats,
            self.misfit,
        )

    def compared(self, left: str, right: str) -> str:
        if self.chance(0.15):
            left, right = right, left
        return f"{left} {self.one(*COMPARISONS)} {right}"

    def number_with_literal(self) -> str:
        name = self.one(*INTEGERS, *FLOATS)
        return self.compared(name, self.number_literal(name))

    def numbers(self) -> str:
        return self.compared(self.number(), self.one(self.number, self.any_number_literal))

    def text_with_literal(self) -> str:
        return self.compared(self.one(*TEXTS), self.text_literal())

    def texts(self) -> str:
        return self.compared(self.text(), self.one(self.text, self.text_literal))

    def in_list(self) -> str:
        name = self.one(*INTEGERS, *FLOATS, *TEXTS, "b", "d", "dec", "st.x", "st.y", "`Mixed Case`")
        count = self.random.randint(1, 6)
        values = [self.one(lambda: self.literal_of(name), lambda: self.literal_of(name), "NULL")
                  if self.chance(0.3) else self.literal_of(name) for _ in range(count)]  # fmt: skip
        return f"{name} {self.one('', 'NOT ')}IN ({', '.join(values)})"

    def between(self) -> str:
        name = self.one(*INTEGERS, *FLOATS, *TEXTS, "d", "ts", "dec", "st.x")
        low, high = self.literal_of(name), self.literal_of(name)
        return f"{name} {self.one('', 'NOT ')}BETWEEN {low} AND {high}"

    def pattern(self) -> str:
        pieces = ["%", "_", "a", "A", "b", "z", "ö", "\\%", "\\_", "wor", "y", " "]
        like = "".join(self.random.choice(pieces) for _ in range(self.random.randint(0, 4)))
        word = self.one("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")
        expression = self.one("[a-z]+", "^a", "(A)(b)?", "\\\\w+ \\\\w+", "c$", "[^a]", "(?i)ab", "\\\\d")
        expression = expression.replace("\\\\", "\\")
        return self.one(
            lambda: f"{self.one(*TEXTS, 'lower(s)')} {word} '{like}'",
            lambda: f"regexp_like({self.one('s', 'ls')}, '{expression}')",
            lambda: f"regexp_match(s, '{expression}')",
            lambda: f"{self.one('starts_with', 'ends_with', 'contains')}(s, {self.text_literal()})",
            lambda: f"contains_tokens(s, {self.text_literal()})",
        )

    def times(self) -> str:
        return self.one(
            lambda: self.compared("d", self.literal_of("d")),
            lambda: self.compared(self.one(*TIMES), self.literal_of("ts")),
            lambda: self.compared(self.one(*TIMES, "d"), self.one(*TIMES, "d")),
            lambda: self.compared(
                f"date_part('{self.one('year', 'month', 'day', 'dow', 'doy', 'week', 'quarter', 'hour', 'minute', 'second', 'epoch')}', {self.one(*TIMES, 'd')})",
                str(self.one(0, 1, 3, 29, 59, 1969, 2020, -1)),
            ),
            lambda: self.compared(
                f"date_trunc('{self.one('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second')}', {self.one('ts', 'tms')})",
                self.literal_of("ts"),
            ),
            lambda: self.compared("d - date '2020-01-01'", str(self.one(0, 1, -7246, 400))),
            lambda: self.compared(f"cast({self.one('ts', 'tms', 'tz')} as date)", self.literal_of("d")),
            lambda: self.compared(f"cast({self.one('ts', 'd', 'tz')} as string)", "'2020'"),
        )

    def decimals(self) -> str:
        return self.one(
            lambda: self.compared("dec", self.literal_of("dec")),
            lambda: self.compared(f"dec {self.one('+', '-', '*')} {self.literal_of('dec')}", "1"),
            lambda: self.compared(f"dec {self.one('+', '-', '*')} dec", self.any_number_literal()),
            lambda: self.compared(f"dec {self.one('/', '%')} {self.one('3', '7', '2')}", "1.5"),
            lambda: self.compared("dec", self.one("i32", "i64", "u64")),
            lambda: self.compared("abs(dec)", "cast(4.5 as decimal(5,2))"),
        )

    def lists(self) -> str:
        words = f"[{', '.join(self.plain_word() for _ in range(self.random.randint(1, 3)))}]"
        numbers = f"[{', '.join(str(self.one(1, 2, 5, 7, -7)) for _ in range(self.random.randint(1, 3)))}]"
        column, values = self.one(("lt", words), ("li", numbers))
        return self.one(
            lambda: f"array_has(lt, {self.text_literal()})",
            lambda: f"array_has(li, {self.one('1', '5', 'i32', '99')})",
            lambda: f"array_contains(li, {self.one('1', '5')})",
            lambda: f"{self.one('array_has_any', 'array_has_all')}({column}, {values})",
            lambda: self.compared(f"array_length({column})", str(self.one(0, 1, 2, 3))),
            lambda: self.compared(f"li[{self.one('1', '2', '-1', '0', 'i32')}]", str(self.one(1, 5, 7))),
            lambda: self.compared("lt[1]", self.text_literal()),
            lambda: f"{column} {self.one('=', '!=')} {values}",
            lambda: f"empty({column})",
            lambda: self.compared("array_to_string(lt, '-')", "'a-Ab'"),
            lambda: self.compared("array_position(li, 7)", "1"),
        )

    def fields(self) -> str:
        return self.one(
            lambda: self.compared("st.x", self.literal_of("st.x")),
            lambda: self.compared("st['x']", self.literal_of("st.x")),
            lambda: self.compared("st.y", self.text_literal()),
            lambda: self.compared("st.x + 1", "i64"),
            lambda: self.compared("`Mixed Case`", str(self.one(1, 2, 3))),
            lambda: self.compared(self.one("I32", "S", "i32"), "i32" if self.chance(0.1) else "NULL"),
        )

    def null_test(self) -> str:
        name = self.one(*INTEGERS, *FLOATS, *TEXTS, "b", "d", "ts", "dec", "li", "st", "st.x", "bin")
        return f"{name} IS {self.one('', 'NOT ')}NULL"

    def distinct(self) -> str:
        name = self.one(*INTEGERS, *FLOATS, *TEXTS, "d", "dec")
        other = self.one(lambda: self.literal_of(name), lambda: name, "NULL")
        # In parentheses: pylance takes all that follows for the other side.
        return f"({name} IS {self.one('', 'NOT ')}DISTINCT FROM {other})"

    def booleans(self) -> str:
        return self.one(
            "b", "NOT b", "b = true", "b != false", "b IS TRUE", "b IS NOT FALSE", "b > false", "true",
            "false", "b AND NULL", "b OR NULL", "b = (i32 > 1)", "NULL AND i32 > 1",
        )  # fmt: skip

    def bytes_test(self) -> str:
        return self.compared("bin", self.one("X'6162'", "X''", "X'00FF'", "cast('a' as binary)"))

    def half_floats(self) -> str:
        return self.compared("f16", self.one("0", "1.5", "-2.25", "100", "0.1", "f16", "f32", "i8"))

    def misfit(self) -> str:
        """What is mostly refused."""
        return self.one(
            "i32 = 1.5", "u8 = -1", "i8 = 300", "i32 = 'a'", "b = 1", "s = 1", "d = 1", "s + 1 = 2",
            "nothing = 1", "i32 like 'a'", "abs(s) = 1", "i32 and b", "NOT i32", "i32 / 0 = 1",
            "cast(s as int) = 1", "i32 % 0 = 1", "unknown_function(i32)", "i32 = ", "(i32 = 1", "li = 1",
            "st = 1", "st.z = 1", "upper(i32) = 'a'", "f16 = 100000", "i64 = 9223372036854775808",
            "cast(f64 as int) = 1", "s > i32", "d = b", "array_has(i32, 1)", "f64 || 'a' = 'b'",
        )  # fmt: skip

    # Values.

    def number(self, depth: int = 2) -> str:
        if depth <= 0 or self.chance(0.3):
            return self.one(*INTEGERS, *FLOATS, "st.x")
        deeper = depth - 1
        return self.one(
            lambda: f"({self.number(deeper)} {self.one('+', '-', '*')} {self.number(deeper)})",
            lambda: f"({self.number(deeper)} {self.one('+', '-', '*')} {self.any_number_literal()})",
            lambda: f"({self.number(deeper)} {self.one('/', '%')} {self.one('2', '3', '7', '-2', '1.5')})",
            lambda: f"-({self.one('i8', 'i16', 'i32', 'i64', 'f32', 'f64')})",
            lambda: f"abs({self.one('i16', 'i32 / 2', 'f64', 'u8')})",
            lambda: f"cast({self.number(deeper)} as {self.one('double', 'float')})",
            lambda: f"try_cast({self.one(*TEXTS, 'f64', 'f32 * 3')} as {self.one('int', 'double', 'bigint')})",
            lambda: f"{self.one('sqrt', 'ln', 'exp', 'signum', 'round', 'trunc', 'cbrt')}({self.one('f64', 'f32', 'i16')})",
            lambda: f"{self.one('length', 'octet_length', 'ascii')}({self.one('s', 'ls')})",
            lambda: f"coalesce({self.one(*INTEGERS)}, {self.one('0', 'i32', '-1')})",
            lambda: f"nullif({self.one('i32', 'i64', 'f64')}, {self.one('1', 'i16')})",
            lambda: f"{self.one('greatest', 'least')}({self.one('i32', 'f64')}, {self.one('1', 'i16', 'f32')})",
            lambda: f"({self.one('i32', 'i64', 'u16')} {self.one('<<', '>>')} {self.one('1', '2')})",
            lambda: f"nanvl(f64, {self.one('0.0', 'f32')})",
        )

    def text(self, depth: int = 2) -> str:
        if depth <= 0 or self.chance(0.3):
            return self.one(*TEXTS, "st.y")
        deeper = depth - 1
        return self.one(
            lambda: f"{self.one('upper', 'lower', 'reverse', 'ltrim', 'rtrim', 'btrim')}({self.text(deeper)})",
            lambda: f"({self.text(deeper)} || {self.one(self.text_literal, lambda: self.text(deeper))})",
            lambda: f"concat({self.text(deeper)}, {self.one(self.text_literal, 'i32', 'f64', 'b')})",
            lambda: f"concat_ws('-', {self.text(deeper)}, s)",
            lambda: f"replace(s, {self.plain_word()}, {self.text_literal()})",
            lambda: f"{self.one('left', 'right')}(s, {self.one('1', '2', '-1', '0', 'i8')})",
            lambda: f"{self.one('lpad', 'rpad')}(s, {self.one('1', '5')}, {self.one(chr(39) + '*' + chr(39), chr(39) + 'xy' + chr(39))})",
            lambda: f"repeat(s, {self.one('0', '2', '-1')})",
            lambda: f"split_part(s, {self.one(chr(39) + ' ' + chr(39), chr(39) + 'b' + chr(39))}, {self.one('1', '2', '-1')})",
            lambda: f"cast({self.one(*INTEGERS, *FLOATS, 'b', 'd', 'dec', 'ts')} as string)",
            lambda: f"coalesce(s, {self.one(self.text_literal, 'ls')})",
            lambda: f"nullif(s, {self.text_literal()})",
            lambda: f"regexp_replace(s, '{self.one('a', '[a-z]+', 'A|b')}', '{self.one('X', '<$0>', '')}'{self.one('', ', ' + chr(39) + 'g' + chr(39))})",
            lambda: f"translate(s, 'ab', 'x')",
        )

    def plain_word(self) -> str:
        return "'" + self.random.choice(["a", "Ab", "abc", "zz top", "b", "w"]) + "'"

    def text_literal(self) -> str:
        quote = self.one("'", "'", '"')
        return quote + self.random.choice(WORDS) + quote

    def any_number_literal(self) -> str:
        return self.one("0", "1", "2", "-1", "5", "12", "100", "1.5", "0.0", "-2.25", "3000000000")

    def number_literal(self, name: str) -> str:
        if name in INTEGERS:
            _, low, high = INTEGERS[name]
            low = max(low, -(2**63) + 1)  # the least int64 is no literal there
            return str(self.one(*[v for v in (-7, -1, 0, 1, 2, 3, 5, 12, 100) if low <= v], low, high))
        return self.one("0", "0.0", "-0.0", "1", "1.5", "-2.25", "100", "1e3", "0.1", "12")

    def literal_of(self, name: str) -> str:
        if name in INTEGERS or name in FLOATS:
            return self.number_literal(name)
        if name in TEXTS or name == "st.y":
            return self.text_literal()
        if name == "b":
            return self.one("true", "false")
        if name == "d":
            return f"date '{self.one('1969-12-31', '2000-02-29', '2020-01-01', '2021-03-05')}'"
        if name == "ts":
            moment = self.one("2020-01-01", "2020-01-01 01:02:03.456", "1969-12-31T23:59:59", "2021-03-04")
            return f"timestamp '{moment}'"
        if name == "dec":
            return self.one("0", "1", "12", "cast('1.23' as decimal(10,2))", "decimal(10,2) '-4.5'")
        return self.one("1", "2", "5", "-7")
