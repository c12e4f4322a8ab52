"""Transactions that are read and committed again, to a copy of the table, lose nothing."""

import shutil

import lance
import pyarrow as pa
import pytest

import lancea
from lancea._transaction_values import transaction_from_raw, transaction_to_raw

TABLE = pa.table({"id": range(100), "text": [f"word {i % 7}" for i in range(100)]})


def merge(ds):
    rows = pa.table({"id": [5, 500], "text": ["new", "newer"]})
    ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)


def overwrite_with_cleanup(ds):
    schema = ds.schema.with_metadata({"purpose": "test"})
    lance.write_dataset(TABLE.cast(schema), ds, mode="overwrite")


CHANGES = {
    "append": lambda ds: ds.insert(TABLE),
    "delete": lambda ds: ds.delete("id % 10 = 3"),
    "overwrite": overwrite_with_cleanup,
    "update": lambda ds: ds.update({"text": "'changed'"}, where="id < 5"),
    "merge": merge,
    "index": lambda ds: ds.create_scalar_index("id", "BTREE"),
    "text index": lambda ds: ds.create_scalar_index("text", "INVERTED"),
    "column": lambda ds: ds.add_columns({"twice": "id * 2"}),
    "dropped column": lambda ds: ds.drop_columns(["text"]),
    "config": lambda ds: ds.update_config({"key": "value"}),
    "field": lambda ds: ds.replace_field_metadata("id", {"unit": "m"}),
}


@pytest.mark.parametrize("stable", [False, True], ids=["addresses", "stable row ids"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_of_pylance_is_made_again(tmp_path, change, stable):
    path = tmp_path / "t"
    lance.write_dataset(TABLE, path, max_rows_per_file=40, enable_stable_row_ids=stable)
    # Indices are in later transactions as well.
    lance.dataset(path).create_scalar_index("text", "BITMAP")
    copy = tmp_path / "copy"
    shutil.copytree(path, copy)
    change(lance.dataset(path))
    # The files that the change wrote; its manifest is not taken along.
    shutil.copytree(
        path, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_versions", "_transactions")
    )
    changed = lancea.dataset(path)
    raw = changed._ds.read_transaction()
    again = lancea.LanceDataset.commit(copy, changed.read_transaction(changed.version))
    assert again._ds.read_transaction() == raw
    assert again.to_table() == changed.to_table()
    indices = lance.dataset(path).list_indices()
    assert lance.dataset(copy).list_indices() == indices


def test_what_has_no_attributes_stays_with_its_object():
    index = {
        "uuid": "6e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5f",
        "name": "i",
        "fields": [0],
        "dataset_version": 1,
        "fragment_ids": None,
        "index_version": 0,
        "created_at": 1_700_000_000_123,
        "base_id": None,
        "files": [],
        "index_details": None,
        "covering_fields": [],
        "has_index_version": False,
        "type_url": "/some.Details",
        "clustering_id": 7,
        "metadata": {"key": "value"},
        "unknown_fields": b"\xc0\x3e\x05",
    }
    create = {
        "read_version": 1,
        "uuid": "0e0f2c1a-93b4-4f57-8d2e-0a1b2c3d4e5f",
        "properties": {},
        "tag": "some tag",
        "type": "CreateIndex",
        "new_indices": [index],
        "removed_indices": [],
    }
    raw = transaction_to_raw(transaction_from_raw(create))
    [kept] = raw["new_indices"]
    assert kept.pop("covers_unknown_fragments")
    assert raw == create
