"""Changes of tables that pylance has indexed: what it finds by an index stays what is there."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest

import lancea

ROWS = 100
FILTERS = ["number = 1", "number = 30", "id = 3", "word = 'w3'", "word = 'new'", "number > 900"]


def rows(ids, number=None, word=None) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "number": pa.array([i * 10 if number is None else number for i in ids], pa.int32()),
            "word": [f"w{i}" if word is None else word for i in ids],
        }
    )


@pytest.fixture(params=[True, False], ids=["stable row ids", "addresses"])
def indexed(request, tmp_path) -> lancea.LanceDataset:
    path = tmp_path / "t.lance"
    ds = lance.write_dataset(
        rows(range(ROWS)), path, max_rows_per_file=40, enable_stable_row_ids=request.param
    )
    ds.create_scalar_index("number", "BTREE")
    ds.create_scalar_index("id", "BTREE")
    ds.create_scalar_index("word", "BITMAP")
    return lancea.dataset(path)


def upsert(ds, source):
    merge = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    merge.execute(source)


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.update({"number": "1"}, where="id < 10"),
        lambda ds: ds.update({"word": "'new'"}, where="id < 10"),
        lambda ds: upsert(ds, rows([2, 3, 200], 1, "new")),
        lambda ds: upsert(ds, rows([2, 3], 1, "new")),
        lambda ds: upsert(ds, rows([2, 3], word="new").select(["id", "word"])),
        lambda ds: ds.delete("id < 50"),
        lambda ds: ds.optimize.compact_files(),
        lambda ds: ds.add_columns({"more": "number + 1"}),
        lambda ds: ds.alter_columns({"path": "number", "name": "renamed"}),
        lambda ds: ds.insert(rows([3, 300], 1, "new")),
    ],
    ids=[
        "update a number", "update a word", "upsert", "merge", "merge one column", "delete",
        "compact", "add a column", "rename", "append",
    ],
)  # fmt: skip
def test_indexes_find_what_is_there(indexed, change):
    change(indexed)
    opened = lance.dataset(indexed.uri)
    name = "number" if "number" in opened.schema.names else "renamed"
    for condition in FILTERS:
        condition = condition.replace("number", name)
        by_index, by_scan = (
            sorted(opened.to_table(filter=condition, use_scalar_index=use)["id"].to_pylist())
            for use in (True, False)
        )
        assert by_index == by_scan, condition


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.update({"number": "1"}, where="id < 10"),
        lambda ds: upsert(ds, rows([2, 200])),
        lambda ds: ds.merge_insert("id").when_matched_delete().execute(rows([2])),
        lambda ds: (
            ds.merge_insert("id")
            .when_matched_update_all()
            .write_mode("rewrite_columns")
            .execute(rows([2]).select(["id", "word"]))
        ),
    ],
    ids=["update", "upsert", "delete by key", "rewrite columns"],
)
def test_transactions_name_the_fields_that_pylance_names(tmp_path, change):
    named = []
    for library in (lancea, lance):
        ds = library.write_dataset(rows(range(10)), str(tmp_path / library.__name__))
        change(ds)
        operation = lance.dataset(ds.uri).read_transaction(2).operation
        named.append((operation.fields_for_preserving_frag_bitmap, operation.fields_modified))
    assert named[0] == named[1]
