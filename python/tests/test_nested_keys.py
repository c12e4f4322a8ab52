"""Merges by keys that are structs, lists or maps: pylance, given the same rows, is the oracle."""

from __future__ import annotations

import random
from collections import Counter

import lance
import pyarrow as pa
import pytest

import lancea

PAIR = pa.struct([("a", pa.int64()), ("b", pa.utf8())])
NESTED = pa.struct([("x", pa.int32()), ("s", PAIR)])
MIXED = pa.struct([("l", pa.list_(pa.int16())), ("t", pa.bool_()), ("d", pa.decimal128(9, 2))])

A, B, C = {"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 9, "b": "z"}
HALF, NONE = {"a": None, "b": "x"}, {"a": None, "b": None}


def rows(keys: list, type: pa.DataType, value: str = "v", first: int = 0) -> pa.Table:
    return pa.table({"k": pa.array(keys, type), value: range(first, first + len(keys))})


def content(ds) -> Counter:
    table = ds.to_table()
    return Counter(map(str, table.select(sorted(table.schema.names)).to_pylist()))


def on_both(folder, table: pa.Table, change):
    """The answers of both, whose tables must be the same then, whoever reads ours."""
    answers, contents = [], []
    for module in (lance, lancea):
        path = str(folder / module.__name__)
        module.write_dataset(table, path, max_rows_per_file=40)
        answers.append(change(module.dataset(path)))
        contents += [content(reader.dataset(path)) for reader in (lance, lancea)]
    assert all(found == contents[0] for found in contents)
    return answers


def upserted(source: pa.Table):
    def change(ds):
        merge = ds.merge_insert("k").when_matched_update_all().when_not_matched_insert_all()
        stats = merge.execute(source)
        return [stats[f"num_{what}_rows"] for what in ("inserted", "updated", "deleted")]

    return change


UPSERTS = {
    "plain": (PAIR, [A, B], [B, C]),
    "null structs never match": (PAIR, [A, None, NONE], [None, None, C]),
    "null fields match": (PAIR, [A, HALF, NONE], [HALF, NONE, {"a": 4, "b": None}]),
    "null is not all null": (PAIR, [A, NONE], [None]),
    "structs of structs": (
        NESTED,
        [{"x": 1, "s": A}, {"x": 1, "s": None}, {"x": None, "s": B}],
        [{"x": None, "s": B}, {"x": 1, "s": None}, {"x": 1, "s": NONE}],
    ),
    "floats by bits": (
        pa.struct([("f", pa.float64())]),
        [{"f": float("nan")}, {"f": 0.0}],
        [{"f": float("nan")}, {"f": -0.0}],
    ),
    "lists": (pa.list_(pa.int64()), [[1], [], [1, None], None], [[1, None], [], [2], None]),
    "lists of structs": (pa.list_(PAIR), [[A], [B, None]], [[B, None], [None, B]]),
    "vectors": (pa.list_(pa.int8(), 2), [[1, 2], [2, 3]], [[2, 3], [3, 2]]),
    "maps": (pa.map_(pa.utf8(), pa.int8()), [[("a", 1)], []], [[("a", 1)], [("a", 2)]]),
    "mixed": (
        MIXED,
        [{"l": [1], "t": True, "d": 1}, {"l": None, "t": None, "d": None}],
        [{"l": [1], "t": True, "d": 1}, {"l": [], "t": None, "d": None}],
    ),
}


@pytest.mark.parametrize("case", UPSERTS, ids=str)
def test_rows_are_upserted_by_nested_keys(tmp_path, case):
    type, target, source = UPSERTS[case]
    theirs, ours = on_both(tmp_path, rows(target, type), upserted(rows(source, type, first=100)))
    assert ours == theirs


@pytest.mark.parametrize("memory_limit", [None, 1 << 16], ids=["in memory", "spilled"])
def test_many_rows_are_upserted_by_nested_keys(tmp_path, memory_limit):
    random.seed(5)

    def key() -> dict | None:
        number = random.randrange(900)
        pair = {"a": number % 30 or None, "b": f"t{number}" if number % 7 else None}
        return (
            None if number == 0 else {"x": number % 4 or None, "s": pair if number % 11 else None}
        )

    def different(count: int) -> list:
        found = {str(k): k for k in (key() for _ in range(count))}
        return list(found.values())

    target = rows([key() for _ in range(700)], NESTED)
    source = rows(different(700), NESTED, first=10_000)

    def change(ds):
        merge = ds.merge_insert("k").when_matched_update_all().when_not_matched_insert_all()
        if memory_limit is not None and isinstance(ds, lancea.LanceDataset):
            merge = merge.memory_limit(memory_limit)
        stats = merge.when_not_matched_by_source_delete("v % 2 = 0").execute(source)
        return [stats[f"num_{what}_rows"] for what in ("inserted", "updated", "deleted")]

    theirs, ours = on_both(tmp_path, target, change)
    assert ours == theirs


def test_fields_of_the_source_may_have_another_order(tmp_path):
    turned = pa.struct([("b", pa.utf8()), ("a", pa.int64())])
    theirs, ours = on_both(tmp_path, rows([A, B], PAIR), upserted(rows([B, C], turned, first=100)))
    assert ours == theirs == [1, 1, 0]


def test_structs_inside_structs_are_keys_too(tmp_path):
    """pylance takes them when it is given whole columns only."""
    ds = lancea.write_dataset(rows([{"x": 1, "s": A}, {"x": 1, "s": None}], NESTED), tmp_path / "t")
    merge = ds.merge_insert("k.s").when_matched_update_all().when_not_matched_insert_all()
    stats = merge.execute(rows([{"x": 2, "s": A}, {"x": 2, "s": C}], NESTED, first=100))
    assert (stats["num_inserted_rows"], stats["num_updated_rows"]) == (1, 1)
    assert content(lance.dataset(tmp_path / "t")) == content(lancea.dataset(tmp_path / "t"))


def refusal(path, source: pa.Table, on: str = "k") -> str:
    ds = lancea.dataset(path)
    with pytest.raises((OSError, ValueError)) as refused:
        ds.merge_insert(on).when_matched_update_all().execute(source)
    assert lancea.dataset(path).version == ds.version
    return str(refused.value)


def test_refusals_name_the_key(tmp_path):
    path = tmp_path / "t"
    lancea.write_dataset(rows([A, HALF], PAIR), path)
    assert "(k = {a:,b:x})" in refusal(path, rows([HALF, HALF], PAIR))
    part = pa.struct([("a", pa.int64())])
    assert "key column 'k' lacks" in refusal(path, rows([{"a": 1}], part))


@pytest.mark.parametrize("case", [case for case in UPSERTS if case != "maps"], ids=str)
def test_columns_are_merged_by_nested_keys(tmp_path, case):
    """A null key is a key here. pylance joins by no maps."""
    type, target, source = UPSERTS[case]
    right = rows(source[::-1], type, "w").rename_columns(["key", "w"])
    on_both(tmp_path, rows(target, type), lambda ds: ds.merge(right, "k", "key"))


def test_fragments_are_merged_by_nested_keys(tmp_path):
    right = rows([B, None], PAIR, "w")

    def change(ds):
        module = lance if isinstance(ds, lance.LanceDataset) else lancea
        fragment, schema = ds.get_fragments()[0].merge(right.to_reader(), left_on="k")
        operation = module.LanceOperation.Merge([fragment], schema)
        module.LanceDataset.commit(ds.uri, operation, read_version=ds.version)

    on_both(tmp_path, rows([A, None, B, NONE], PAIR), change)


def test_merged_keys_have_the_same_type(tmp_path):
    ds = lancea.write_dataset(rows([A], PAIR), tmp_path / "t")
    narrow = pa.struct([("a", pa.int32()), ("b", pa.utf8())])
    with pytest.raises(OSError, match="Index column type mismatch"):
        ds.merge(rows([A], narrow, "w"), "k")
