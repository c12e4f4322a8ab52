"""Random conditions and projections: pylance and we give the same rows, or both refuse."""

from __future__ import annotations

import datetime
import decimal
import random

import lance
import pyarrow as pa
import pytest

import lancea

ROWS = 400
#: Conditions and projections of one seed; all seeds together are more than 3,000.
EACH = 160


def make_table(rng: random.Random, null_structs: float) -> pa.Table:
    def column(value, type, nulls=0.1):
        values = [None if rng.random() < nulls else value() for _ in range(ROWS)]
        return pa.array(values, type)

    words = ["", "a", "lance", "Lance", "table", "it's", "100%", "snow_man", "naïve", "zebra"]
    day = datetime.date(2000, 1, 1)
    moment = datetime.datetime(2000, 1, 1)
    floats = [0.0, -0.0, 1.5, -2.25, 1e10, float("inf"), float("-inf"), float("nan")]
    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "i": column(lambda: rng.randrange(-20, 20), pa.int32()),
            "small": column(lambda: rng.randrange(-100, 100), pa.int8()),
            "u": column(lambda: rng.randrange(0, 50), pa.uint16()),
            "f": column(lambda: rng.choice(floats), pa.float64()),
            "g": column(lambda: rng.uniform(-5, 5), pa.float32()),
            "b": column(lambda: rng.random() < 0.5, pa.bool_()),
            "s": column(lambda: rng.choice(words), pa.string()),
            "d": column(lambda: day + datetime.timedelta(rng.randrange(2000)), pa.date32()),
            "t": column(
                lambda: moment + datetime.timedelta(seconds=rng.randrange(10**7)),
                pa.timestamp("us"),
            ),
            "m": column(
                lambda: decimal.Decimal(rng.randrange(-999, 999)) / 100, pa.decimal128(10, 2)
            ),
            "st": column(
                lambda: {"x": rng.choice([None, 1, 2, 3]), "y": rng.choice(words)},
                pa.struct([("x", pa.int64()), ("y", pa.string())]),
                null_structs,  # version 2.0 cannot say that a struct is null
            ),
            "l": column(
                lambda: [rng.choice([None, 1, 2, 3]) for _ in range(rng.randrange(4))],
                pa.list_(pa.int32()),
            ),
        }
    )


class Grammar:
    """Conditions as SQL text."""

    def __init__(self, rng: random.Random):
        self.rng = rng

    def number(self, depth: int = 2) -> str:
        rng = self.rng
        kind = rng.randrange(5 if depth > 0 else 2)
        if kind == 0:
            return rng.choice(["i", "small", "id", "u", "st.x", "g", "f"])
        if kind == 1:
            return rng.choice(["0", "1", "-3", "7", "12", "2.5"])
        if kind == 2:
            return f"({self.number(depth - 1)} {rng.choice('+-*')} {self.number(depth - 1)})"
        if kind == 3:
            return f"abs({self.number(depth - 1)})"
        return f"coalesce({rng.choice(['i', 'small'])}, {rng.randrange(5)})"

    def text(self, depth: int = 1) -> str:
        rng = self.rng
        kind = rng.randrange(4 if depth > 0 else 2)
        if kind == 0:
            return rng.choice(["s", "st.y"])
        if kind == 1:
            return rng.choice(["'lance'", "'a'", "''", "'it''s'", "'naïve'"])
        if kind == 2:
            return f"{rng.choice(['lower', 'upper'])}({self.text(depth - 1)})"
        return f"({self.text(depth - 1)} || {self.text(depth - 1)})"

    def condition(self, depth: int = 3) -> str:
        rng = self.rng
        if depth > 0 and rng.random() < 0.5:
            kind = rng.randrange(3)
            if kind == 0:
                return f"NOT ({self.condition(depth - 1)})"
            word = "AND" if kind == 1 else "OR"
            return f"({self.condition(depth - 1)}) {word} ({self.condition(depth - 1)})"
        compare = rng.choice(["=", "!=", "<", "<=", ">", ">="])
        kind = rng.randrange(12)
        if kind == 0:
            return f"{self.number()} {compare} {self.number()}"
        if kind == 1:
            return f"{rng.choice(['i', 'small', 'u', 'm'])} {compare} {rng.randrange(-10, 10)}"
        if kind == 2:
            return f"{self.text()} {compare} {self.text()}"
        if kind == 3:
            values = ", ".join(str(rng.randrange(-10, 30)) for _ in range(rng.randrange(1, 6)))
            return f"i {rng.choice(['', 'NOT '])}IN ({values})"
        if kind == 4:
            values = ", ".join(rng.sample(["'lance'", "'a'", "''", "'zebra'"], 2))
            return f"s {rng.choice(['', 'NOT '])}IN ({values})"
        if kind == 5:
            low = rng.randrange(-10, 10)
            return f"i {rng.choice(['', 'NOT '])}BETWEEN {low} AND {low + rng.randrange(10)}"
        if kind == 6:
            pattern = rng.choice(["la%", "%a%", "_a%", "%e", "", "%", "L%"])
            return f"s {rng.choice(['LIKE', 'NOT LIKE', 'ILIKE'])} '{pattern}'"
        if kind == 7:
            name = rng.choice(["i", "s", "b", "f", "d", "t", "m", "st", "st.x", "l"])
            return f"{name} IS {rng.choice(['', 'NOT '])}NULL"
        if kind == 8:
            return rng.choice(
                ["b", "NOT b", "b = true", "b IS TRUE", "b IS NOT FALSE", "b IS FALSE"]
            )
        if kind == 9:
            return f"d {compare} date '200{rng.randrange(6)}-0{rng.randrange(1, 10)}-15'"
        if kind == 10:
            return f"t {compare} timestamp '2000-0{rng.randrange(1, 5)}-10 12:00:00'"
        return rng.choice(
            [
                f"array_has(l, {rng.randrange(4)})",
                f"array_length(l) {compare} {rng.randrange(4)}",
                f"starts_with(s, '{rng.choice(['l', 'a', ''])}')",
                f"contains(s, '{rng.choice(['a', 'an', 'é'])}')",
                f"length(s) {compare} {rng.randrange(7)}",
                "isnan(f)",
                f"f {compare} {rng.choice(['0', '1.5', '1e10'])}",
                f"i % {rng.randrange(2, 7)} = {rng.randrange(3)}",
                f"i IS {rng.choice(['', 'NOT '])}DISTINCT FROM {rng.randrange(5)}",
            ]
        )

    def filter(self) -> str:
        """A condition pylance answers as SQL does.

        It joins two IN lists on one column to one, and when that is empty takes null for false.
        """
        while True:
            sql = self.condition()
            if all(sql.count(f"{name} IN") + sql.count(f"{name} NOT IN") < 2 for name in "is"):
                return sql

    def projection(self) -> str:
        return self.rng.choice([self.number, self.text, self.filter])()


def outcome(ds, options):
    """What it gives, or that it refuses."""
    try:
        return ds.to_table(**options).to_pydict()
    except Exception as error:
        return type(error)


def same(mine, theirs) -> bool:
    if isinstance(mine, type) or isinstance(theirs, type):
        return isinstance(mine, type) and isinstance(theirs, type)
    return repr(mine) == repr(theirs)


@pytest.mark.parametrize("seed", range(21))
def test_random_conditions_and_projections_give_the_same(tmp_path, seed):
    rng = random.Random(seed)
    version = ["2.0", "2.1", "2.2"][seed % 3]
    theirs = lance.write_dataset(
        make_table(rng, 0 if version == "2.0" else 0.1),
        tmp_path / "t",
        max_rows_per_file=150,
        data_storage_version=version,
    )
    theirs.delete(f"id % {rng.randrange(7, 30)} = 3")
    mine = lancea.dataset(tmp_path / "t")
    grammar = Grammar(rng)
    differ = []
    for _ in range(EACH):
        if rng.random() < 0.8:
            sql = grammar.filter()
            options = {
                "columns": rng.choice([["id"], ["id", "s"], ["st", "id", "l"]]),
                "filter": sql,
            }
        else:
            sql = grammar.projection()
            options = {"columns": {"id": "id", "x": sql}}
        answers = [outcome(ds, options) for ds in (mine, theirs)]
        if not same(*answers):
            differ.append((sql, *(a if isinstance(a, type) else repr(a)[:200] for a in answers)))
    assert not differ, f"seed {seed}: {len(differ)} of {EACH} differ, the first: {differ[:3]}"
