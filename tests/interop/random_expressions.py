"""Random SQL over a table of every type, of the dialect pylance has.

Left out is what only one of both knows (CASE, INTERVAL, parts of texts, ESCAPE and the like), and
what pylance takes for something else: two IN lists on one column. It joins them to one list, and
when that is empty takes null for false.
"""

from __future__ import annotations

import datetime as dt
import random
import re
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
WORDS = ["", "a", "Ab", "abc", "b%c", "x_y", "Größe", "two words", "AAA", "12", "-7", "1.5", "zz"]


def random_table(seed: int, num_rows: int = 150, null_structs: bool = True) -> pa.Table:
    """Every type, with nulls, extremes, and values that meet each other."""
    rng = random.Random(seed)

    def column(kind: pa.DataType, values, nulls: float = 0.15) -> pa.Array:
        picked = [None if rng.random() < nulls else rng.choice(values) for _ in range(num_rows)]
        return pa.array(picked, kind)

    columns = {"id": pa.array(range(num_rows), pa.int64())}
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
    # Not "", which version 0.1 reads as a null of the dictionary: pylance compares that as a value.
    columns["ds"] = column(pa.string(), WORDS[1:6]).dictionary_encode()
    columns["bin"] = column(pa.binary(), [b"", b"a", b"ab", b"\x00\xff", b"abc"])
    days = [dt.date(1969, 12, 31), dt.date(2000, 2, 29), dt.date(2020, 1, 1), dt.date(2021, 3, 4)]
    columns["d"] = column(pa.date32(), days)
    moments = [dt.datetime(d.year, d.month, d.day) for d in days]
    moments += [dt.datetime(2020, 1, 1, 1, 2, 3, 456000), dt.datetime(1969, 12, 31, 23, 59, 59)]
    columns["ts"] = column(pa.timestamp("us"), moments)
    columns["tms"] = column(pa.timestamp("ms"), moments)
    columns["tz"] = column(pa.timestamp("us", "UTC"), moments)
    decimals = [Decimal(v) for v in ("0", "1", "1.23", "-4.50", "12", "99999999.99")]
    columns["dec"] = column(pa.decimal128(10, 2), decimals)
    columns["li"] = column(pa.list_(pa.int32()), [[], [1], [1, 2, 3], [None, 5], [7, 7], [-7]])
    columns["lt"] = column(pa.list_(pa.string()), [[], ["a"], ["a", "Ab"], [None, "abc"], ["zz"]])
    columns["st"] = column(
        pa.struct([("x", pa.int64()), ("y", pa.string())]),
        [{"x": 1, "y": "a"}, {"x": None, "y": "Ab"}, {"x": 5, "y": None}, {"x": -7, "y": ""}],
        0.15 if null_structs else 0,
    )
    columns["Mixed Case"] = column(pa.int32(), [1, 2, 3])
    return pa.table(columns)


def _integer_literals(name: str) -> list[str]:
    _, low, high = INTEGERS[name]
    low = max(low, -(2**63) + 1)  # the least int64 is no literal in pylance
    return [str(v) for v in (-7, -1, 0, 1, 2, 3, 5, 12, 100, low, high) if v >= low]


_FLOAT_LITERALS = "0 0.0 -0.0 1 1.5 -2.25 100 1e3 0.1 12".split()
_WORD_LITERALS = [f"'{word}'" for word in WORDS] + [f'"{word}"' for word in WORDS]
_DECIMALS = ["0", "1", "12", "cast('1.23' as decimal(10,2))", "decimal(10,2) '-4.5'"]
_TIMES = ["2020-01-01", "2020-01-01 01:02:03.456", "1969-12-31T23:59:59", "2021-03-04"]

#: What is written beside a column.
LITERALS: dict[str, list[str]] = {
    **{name: _integer_literals(name) for name in INTEGERS},
    **dict.fromkeys(FLOATS, _FLOAT_LITERALS),
    **dict.fromkeys([*TEXTS, "st.y"], _WORD_LITERALS),
    "b": ["true", "false"],
    "d": [f"date '{day}'" for day in ("1969-12-31", "2000-02-29", "2020-01-01", "2021-03-05")],
    "ts": [f"timestamp '{moment}'" for moment in _TIMES],
    "dec": _DECIMALS,
    "st.x": ["1", "2", "5", "-7"],
    "`Mixed Case`": ["1", "2", "3"],
}

#: One of the texts of a rule is taken; in it {rule} stands for a text of that rule, and {a|b} for
#: a or b, which may be rules, too. What rules that hold themselves end with is in SHALLOW.
RULES: dict[str, list[str]] = {
    "compare": ["=", "!=", "<>", "<", "<=", ">", ">="],
    "integer": list(INTEGERS),
    "float": FLOATS,
    "text_column": TEXTS,
    "time": ["ts", "tms", "tz"],
    "word": _WORD_LITERALS,
    "plain": ["'a'", "'Ab'", "'abc'", "'zz'", "'b'", "'w'"],
    "any_number": ["0", "1", "2", "-1", "5", "12", "100", "1.5", "0.0", "-2.25", "3000000000"],
    "date_literal": LITERALS["d"],
    "time_literal": LITERALS["ts"],
    "dec_literal": _DECIMALS,
    "numbers": ["[1]", "[5, 7]", "[-7, 1, 2]", "[2]"],
    "words": ["['a']", "['Ab', 'zz']", "['abc', 'b', 'a']"],
    "part": "year month day dow doy week quarter hour minute second epoch".split(),
    "unit": "year quarter month week day hour minute second".split(),
    "condition": [
        "({condition} AND {condition})",
        "({condition} OR {condition})",
        "{condition} and {condition}",
        "NOT ({condition})",
        "({condition}) IS {|NOT }{TRUE|FALSE}",
        "({condition}) IS {|NOT }NULL",
        *["{simple}"] * 5,
    ],
    "number": [
        "({number} {+|-|*} {number})",
        "({number} {+|-|*} {any_number})",
        "({number} {/|%} {2|3|7|-2|1.5})",
        "-({i8|i16|i32|i64|f32|f64})",
        "abs({i16|i32 / 2|f64|u8})",
        "cast({number} as {double|float})",
        "try_cast({s|ls|ds|f64|f32 * 3} as {int|double|bigint})",
        "{sqrt|ln|exp|signum|round|trunc|cbrt}({f64|f32|i16})",
        "{length|octet_length|ascii}({s|ls})",
        "coalesce({integer}, {0|i32|-1})",
        "nullif({i32|i64|f64}, {1|i16})",
        "{greatest|least}({i32|f64}, {1|i16|f32})",
        "({i32|i64|u16} {<<|>>} {1|2})",
        "nanvl(f64, {0.0|f32})",
        *["{integer|float|st.x}"] * 5,
    ],
    "text": [
        "{upper|lower|reverse|ltrim|rtrim|btrim}({text})",
        "({text} || {word|text})",
        "concat({text}, {word|i32|f64|b})",
        "concat_ws('-', {text}, s)",
        "replace(s, {plain}, {word})",
        "initcap({s|ls})",
        "{left|right}(s, {1|2|-1|0|i8})",
        "{lpad|rpad}(s, {1|5}, {'*'|'xy'})",
        "repeat(s, {0|2|-1})",
        "split_part(s, {' '|'b'}, {1|2|-1})",
        "cast({integer|float|b|d|dec|ts} as string)",
        "coalesce(s, {word|ls})",
        "nullif(s, {word})",
        "regexp_replace(s, '{a|[a-z]+}', '{X|<$0>|}')",
        "regexp_replace(s, {'A'|'[a-z]+'|'b'}, {'X'|''}, 'g')",
        "translate(s, 'ab', 'x')",
        *["{text_column|st.y}"] * 6,
    ],
    "other": [
        "dec {+|-|*} {dec|1|i16|u64}",
        "cast({i16|f32|dec|s|u8} as decimal({12,3|38,10}))",
        "cast({ts|tms|tz|s} as date)",
        "cast({d|s|tms|i64} as timestamp)",
        "date_trunc('{month|hour|week}', {ts|tms|d})",
        "cast({s|ls} as binary)",
        "coalesce({dec, 1|d, date '2020-01-01'|li, [1]|b, true})",
        "nullif({d, date '2020-01-01'|b, true|dec, 1})",
        "array_{sort|distinct|reverse}({li|lt})",
        "array_append(li, {1|7})",
        "array_{remove|remove_all|positions}(li, {1|7|i32})",
        "array_{replace|replace_all}(li, {7|NULL}, {1|5|NULL})",
        "array_{union|intersect|except}({li, [7, 1]|lt, lt|li, li})",
        "array_{pop_back|pop_front}({li|lt})",
        "array_concat(li, {li|[9]})",
        "array_slice(li, 1, {1|2})",
        "{li|lt}[{1|2|-1}]",
        *["{li|lt|st|dec|bin|d|ts|tms|tz|f16|ds|b|st.y}"] * 4,
    ],
    "simple": [
        *["{against_literal}"] * 7,
        *["{number} {compare} {number|any_number}"] * 3,
        *["{text} {compare} {text|word}"] * 3,
        *["{in_list}"] * 3,
        *["{between}"] * 2,
        *["{pattern}"] * 2,
        *["{time_test}"] * 3,
        *["{decimal_test}"] * 2,
        *["{list_test}"] * 3,
        *["{field_test}"] * 2,
        *["{nullable} IS {|NOT }NULL"] * 2,
        "{distinct}",
        "{boolean}",
        "bin {compare} {X'6162'|X''|X'00FF'|cast('a' as binary)}",
        "f16 {compare} {0|1.5|-2.25|100|0.1|f16|f32|i8}",
        "{misfit}",
    ],
    "nullable": ["{integer|float|text_column|b|d|ts|dec|li|st|st.x|bin}"],
    "like": [
        "%",
        "_",
        "a%",
        "%b",
        "%a%",
        "A_",
        "_b_",
        "\\%%",
        "%\\_%",
        "wor",
        "%y",
        "ö%",
        "t%s",
        "",
    ],
    "regexp": ["[a-z]+", "^a", "(A)(b*)", "\\w+ \\w+", "c$", "[^a]", "(?i)ab", "\\d"],
    "pattern": [
        "{text_column|lower(s)} {|NOT }{LIKE|ILIKE} '{like}'",
        "regexp_like({s|ls}, '{regexp}')",
        "regexp_match(s, '{regexp}')",
        "{starts_with|ends_with|contains}(s, {word})",
        "contains_tokens(s, {word})",
    ],
    "time_test": [
        "d {compare} {date_literal}",
        "{time} {compare} {time_literal}",
        "{time|d} {compare} {time|d}",
        "date_part('{part}', {time|d}) {compare} {0|1|3|29|59|1969|2020|-1}",
        "date_trunc('{unit}', {ts|tms}) {compare} {time_literal}",
        "d - date '2020-01-01' {compare} {0|1|-7246|400}",
        "cast({time} as date) {compare} {date_literal}",
        "cast({ts|d|tz} as string) {compare} '2020'",
    ],
    "decimal_test": [
        "dec {compare} {dec_literal}",
        "dec {+|-|*} {dec_literal} {compare} 1",
        "dec {+|-|*} dec {compare} {any_number}",
        "dec {/|%} {3|7|2} {compare} 1.5",
        "dec {compare} {i32|i64|u64}",
        "abs(dec) {compare} cast(4.5 as decimal(5,2))",
    ],
    "list_test": [
        "array_has(lt, {word})",
        "array_has(li, {1|5|i32|99})",
        "array_contains(li, {1|5})",
        "array_has_{any|all}(li, {numbers})",
        "array_has_{any|all}(lt, {words})",
        "array_length({li|lt}) {compare} {0|1|2|3}",
        "li[{1|2|-1|0|i32}] {compare} {1|5|7}",
        "lt[1] {compare} {word}",
        "li {=|!=} {numbers}",
        "lt {=|!=} {words}",
        "empty({li|lt})",
        "array_to_string(lt, '-') {compare} 'a-Ab'",
        "array_position(li, 7) {compare} 1",
    ],
    "field_test": [
        "st['x'] {compare} {1|5|-7}",
        "st.y {compare} {word}",
        "st.x + 1 {compare} i64",
        "`Mixed Case` {compare} {1|2|3}",
        "{I32|S|i32} {compare} NULL",
    ],
    "boolean": [
        *["b", "NOT b", "b = true", "b != false", "b IS TRUE", "b IS NOT FALSE", "b > false"],
        *["true", "false", "b AND NULL", "b OR NULL", "b = (i32 > 1)", "NULL AND i32 > 1"],
    ],
    # Mostly refused.
    "misfit": [
        *["i32 = 1.5", "u8 = -1", "i8 = 300", "i32 = 'a'", "b = 1", "s = 1", "d = 1"],
        *["s + 1 = 2", "nothing = 1", "i32 like 'a'", "abs(s) = 1", "i32 and b", "NOT i32"],
        *["i32 / 0 = 1", "cast(s as int) = 1", "i32 % 0 = 1", "unknown_function(i32)"],
        *["i32 = ", "(i32 = 1", "li = 1", "st = 1", "st.z = 1", "upper(i32) = 'a'"],
        *["f16 = 100000", "i64 = 9223372036854775808", "cast(f64 as int) = 1", "s > i32"],
        *["d = b", "array_has(i32, 1)", "f64 || 'a' = 'b'"],
    ],
}

#: Of rules that hold themselves.
SHALLOW = {
    "condition": ["{simple}"],
    "number": ["{integer|float|st.x}"],
    "text": ["{text_column|st.y}"],
}


class Expressions:
    """Says one random expression after the other."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def condition(self, depth: int = 3) -> str:
        return self.with_single_lists("{condition}", depth)

    def value(self) -> str:
        return self.with_single_lists("{number|text|condition|other}", 3)

    def with_single_lists(self, text: str, depth: int) -> str:
        while True:
            sql = self.say(text, depth)
            listed = re.findall(r"([\w.]+|`[^`]+`) (?:NOT )?IN \(", sql)
            if len(set(listed)) == len(listed):
                return sql

    def chance(self, of_one: float) -> bool:
        return self.random.random() < of_one

    def say(self, text: str, depth: int = 3) -> str:
        """The text with a choice in place of everything in braces."""
        return re.sub(r"\{([^{}]*)\}", lambda found: self._choose(found[1], depth), text)

    def _choose(self, choices: str, depth: int) -> str:
        choice = self.random.choice(choices.split("|"))
        if choice in ("against_literal", "in_list", "between", "distinct"):
            return getattr(self, "_" + choice)()
        if choice in SHALLOW:
            rule = (RULES if depth > 0 else SHALLOW)[choice]
            return self.say(self.random.choice(rule), depth - 1)
        if choice in RULES:
            return self.say(self.random.choice(RULES[choice]), depth)
        return choice

    # Columns with literals of their own type.

    def _column(self) -> str:
        return self.random.choice(list(LITERALS))

    def _literal(self, column: str) -> str:
        return self.random.choice(LITERALS[column])

    def _against_literal(self) -> str:
        column = self._column()
        sides = [column, self._literal(column)]
        if self.chance(0.15):
            sides.reverse()
        return self.say(f"{sides[0]} {{compare}} {sides[1]}")

    def _in_list(self) -> str:
        column = self._column()
        values = [self._literal(column) for _ in range(self.random.randint(1, 6))]
        if self.chance(0.25):
            values[self.random.randrange(len(values))] = "NULL"
        return self.say(f"{column} {{|NOT }}IN ({', '.join(values)})")

    def _between(self) -> str:
        column = self._column()
        low, high = self._literal(column), self._literal(column)
        return self.say(f"{column} {{|NOT }}BETWEEN {low} AND {high}")

    def _distinct(self) -> str:
        column = self._column()
        other = self.random.choice([self._literal(column), column, "NULL"])
        # In parentheses: pylance takes all that follows for the other side.
        return self.say(f"({column} IS {{|NOT }}DISTINCT FROM {other})")
