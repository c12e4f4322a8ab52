"""Filters as Substrait messages, made by pyarrow: the rows are those of the expression itself."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.substrait as substrait
import pytest
from interop.random_expressions import random_table
from interop.random_scans import ArrowConditions
from interop.support import assert_same_table, lance

import lancea

F = pc.field


@pytest.fixture(scope="module")
def ds(tmp_path_factory) -> lancea.LanceDataset:
    path = tmp_path_factory.mktemp("substrait") / "t"
    lance.write_dataset(random_table(3), path, max_rows_per_file=60)
    return lancea.dataset(path)


def message_of(expression: pc.Expression, schema: pa.Schema) -> bytes:
    return bytes(substrait.serialize_expressions([expression], ["filter"], schema))


@pytest.mark.parametrize(
    "expression",
    [
        F("i32").isin([1, 2, 12]),
        F("i32").is_null(),
        F("i32").is_valid() & ~F("b"),
        F("st", "x") > pa.scalar(1, pa.int64()),
        F("Mixed Case") == 2,
        F("u8") == pa.scalar(5, pa.uint8()),
        F("u64") > pa.scalar(5, pa.uint64()),
        F("ls") == pa.scalar("a", pa.large_string()),
        F("bin") == b"ab",
        F("d") > dt.date(2000, 1, 1),
        F("ts") > pa.scalar(dt.datetime(2000, 1, 1), pa.timestamp("us")),
        F("tms") > pa.scalar(dt.datetime(2000, 1, 1), pa.timestamp("ms")),
        F("tz") > pa.scalar(dt.datetime(2000, 1, 1), pa.timestamp("us", "UTC")),
        F("dec") > Decimal("1.23"),
        F("i32") == pa.scalar(None, pa.int32()),
        F("i32") + pa.scalar(1, pa.int32()) > F("i32"),
        F("i64") / 2 > 1,
        pc.negate(F("i32")) > 1,
        pc.if_else(F("b"), F("i32"), 0) > 1,
        pc.coalesce(F("i32"), 0) > 1,
        pc.is_nan(F("f64")),
    ],
    ids=str,
)
def test_a_message_keeps_the_rows_its_expression_keeps(ds, expression):
    message = message_of(expression, ds.schema)
    assert_same_table(ds.to_table(filter=message), ds.to_table(filter=expression))


@pytest.mark.parametrize("seed", range(200))
def test_random_messages_keep_what_their_expressions_keep(ds, seed):
    expression = ArrowConditions(random.Random(seed), ds.schema).condition()
    message = message_of(expression, ds.schema)
    kept = ds.to_table(filter=message, columns=["id"])
    assert kept == ds.to_table(filter=expression, columns=["id"])


def test_fields_are_found_by_the_names_of_the_message(ds):
    """As when the sender knows some columns of the table only, in an order of its own."""
    schema = pa.schema([ds.schema.field("s"), ds.schema.field("st"), ds.schema.field("i64")])
    expression = (F("st", "y") == "Ab") | (F("i64") > pa.scalar(10, pa.int64()))
    message = message_of(expression, schema)
    assert_same_table(ds.to_table(filter=message), ds.to_table(filter=expression))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "one Substrait expression, got 0"),
        (b"\xff\xff\xff", "not a Substrait"),
        (b"\x1a\x02\x0a\x00", "number 0"),
        # A call of function 7, which nobody declared.
        (b"\x1a\x06\x0a\x04\x1a\x02\x08\x07", "no Substrait function 7"),
        # Field 3 of no fields.
        (b"\x1a\x0a\x0a\x08\x12\x06\x0a\x04\x12\x02\x08\x03", "field 3 of 0"),
    ],
)
def test_what_is_no_filter_is_refused(ds, message, said):
    with pytest.raises((ValueError, NotImplementedError), match=said):
        ds.to_table(filter=message)


def test_cut_messages_are_refused(ds):
    message = message_of((F("i32") > 1) & (F("s") == "a"), ds.schema)
    for length in range(0, len(message), 7):
        with pytest.raises((ValueError, NotImplementedError)):
            ds.to_table(filter=message[:length])
