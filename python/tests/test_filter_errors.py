"""Filters that are wrong: what is said, and where."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest

import lancea


@pytest.fixture(scope="module")
def goods(tmp_path_factory) -> lancea.LanceDataset:
    table = pa.table(
        {
            "price": [1, 2],
            "name": ["a", "b"],
            "weight": [1.5, float("inf")],
            "gone": [1, 2],
            "sold": [True, False],
            "size": [{"x": 1}, {"x": 2}],
            "day": pa.array([0, 1], pa.date32()),
            "big": pa.array([2**62, -(2**63)], pa.int64()),
            "small": pa.array([127, -128], pa.int8()),
        }
    )
    path = tmp_path_factory.mktemp("goods") / "t"
    lance.write_dataset(table, path).drop_columns(["gone"])
    return lancea.dataset(path)


def error_of(ds: lancea.LanceDataset, sql: str) -> str:
    with pytest.raises(ValueError) as caught:
        ds.to_table(filter=sql)
    return str(caught.value)


@pytest.mark.parametrize(
    ("sql", "position", "message"),
    [
        ("price >) 5", 8, "unexpected ')'; expected an expression"),
        ("price > 5 AND", 14, "unexpected end; expected an expression"),
        ("((price = 1)", 13, "unexpected end; expected ')'"),
        ("price between 1", 16, "expected AND"),
        ("price IN ()", 11, "unexpected ')'"),
        ("price = 1 garbage", 11, "expected the end of the expression"),
        ("name LIKE", 10, "unexpected end"),
        ("SELECT 1", 1, "unexpected 'SELECT'"),
        ("nmae = 'a'", 1, "No field named nmae. Did you mean name?"),
        ("price = 1 AND size.y = 1", 15, "Field y not found in struct; did you mean x?"),
        ("lowr(name) = 'a'", 1, "Invalid function 'lowr'; did you mean 'lower'?"),
        ("price = 1 OR gone = 1", 14, "No field named gone"),
        ("lower(name, name) = 'a'", 1, "function 'lower' takes 1 arguments, got 2"),
        ("sum(price) > 1", 1, "aggregate"),
        ("cast(price as fload) = 1", None, "fload"),
        ("date 'nope' = day", 1, "Cannot cast string 'nope' to value of date32"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(goods, sql, position, message):
    said = error_of(goods, sql)
    assert message in said
    if position is not None:
        assert f"at position {position}" in said
        line, caret = said.splitlines()[-2:]
        assert line.strip() == sql
        assert caret.index("^") - line.index(sql) == position - 1


def test_a_caret_stands_below_its_line_of_many(goods):
    said = error_of(goods, "price = 1 AND\n  nmae = 2")
    line, caret = said.splitlines()[-2:]
    assert line.strip() == "nmae = 2"
    assert line[caret.index("^") :] == "nmae = 2"


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("price = 'abc'", ["string", "int64"]),
        ("name > 5", ["int64", "string"]),
        ("price + name = 1", ["int64", "string"]),
        ("name like 5", ["string", "int64"]),
        ("sold = day", ["bool", "date32"]),
        ("size = 1", ["struct", "int64"]),
        ("small = 300", ["int64", "int8"]),
        ("price = 99999999999999999999", ["int64"]),
        ("lower(price) = 'a'", ["int64"]),
        ("NOT price", ["int64"]),
        ("price", ["int64"]),
    ],
)
def test_types_that_do_not_fit_are_both_named(goods, sql, types):
    said = error_of(goods, sql)
    assert all(name in said for name in types), said


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("price / 0 = 1", "ivide by zero"),
        ("price % 0 = 1", "ivide by zero"),
        ("abs(big) = 1", "overflow"),
        ("cast(name as int) = 1", "Cannot cast string 'a' to value of int32 type"),
        ("cast(weight as int) = 1", "inf"),
        ("cast(price * 1000 as tinyint) = 1", "1000"),
        ("regexp_like(name, '(a')", "did not compile"),
        ("regexp_replace(name, '[', '') = 'a'", "did not compile"),
    ],
)
def test_values_that_cannot_be_computed_are_errors(goods, sql, message):
    assert message in error_of(goods, sql)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("weight / 0 > 1", 2),  # infinity
        ("try_cast(name as int) is null", 2),
        ("big + big = 0", 1),  # wraps around
        ("big * 4 = 0", 2),
        ("sqrt(-1.0) = 1", 0),
        ("price = 1 AND 1 / (price - 2) = -1", 1),  # no row gets to divide by zero
        ("CASE WHEN price = 2 THEN 0 ELSE 1 / (price - 2) END = -1", 1),
    ],
)
def test_what_has_a_value_is_no_error(goods, sql, rows):
    assert goods.to_table(filter=sql).num_rows == rows
    theirs = lance.dataset(goods.uri)
    if "price - 2" not in sql:
        assert theirs.to_table(filter=sql).num_rows == rows


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 10_000 + "price = 1" + ")" * 10_000,
        "NOT " * 10_000 + "sold",
        "-" * 1 + "(-" * 5_000 + "price" + ")" * 5_000 + " = 1",
        "abs(" * 10_000 + "price" + ")" * 10_000 + " = 1",
        "CASE WHEN sold THEN " * 5_000 + "1" + " END" * 5_000 + " = 1",
        "price IN (" * 10_000 + "1" + ")" * 10_000,
        "[" * 10_000 + "1" + "]" * 10_000 + " = 1",
        "price" + "::int" * 10_000 + " = 1",
        "price = " + " + ".join(["1"] * 10_000),
    ],
    ids=["parentheses", "not", "minus", "calls", "case", "in", "arrays", "casts", "sums"],
)
def test_deep_nesting_is_refused_or_answered_and_never_crashes(goods, sql):
    said = "nested"
    try:
        goods.to_table(filter=sql)
    except ValueError as error:
        said = str(error)
    assert "nested" in said
    assert len(said) < 2_000


def test_ten_thousand_parentheses_are_refused(goods):
    assert "nested" in error_of(goods, "(" * 10_000 + "price = 1" + ")" * 10_000)


def test_long_chains_are_no_nesting(goods):
    assert goods.to_table(filter=" OR ".join(["price = 1"] * 10_000)).num_rows == 1


@pytest.mark.parametrize("column", ["gone", "nmae"])
def test_projections_name_columns_that_are_missing(goods, column):
    with pytest.raises(ValueError, match=f"No field named {column}"):
        goods.to_table(columns={"x": f"{column} + 1"})
