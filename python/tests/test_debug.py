"""Metadata as text."""

import pyarrow as pa
import pytest

import lancea
from lancea.debug import format_fragment, format_manifest, format_schema, list_transactions


@pytest.fixture
def ds(tmp_path):
    table = pa.table({"x": range(10), "s": [{"a": 1, "b": "two"}] * 10})
    ds = lancea.write_dataset(table, tmp_path, commit_message="made", max_rows_per_file=6)
    ds.add_columns({"y": "x + 1"})
    ds.delete("x = 5")
    ds.update_config({"key": "wert ü"})
    return ds


def test_a_schema_shows_ids_and_types(ds):
    text = format_schema(ds)
    assert text.startswith('Schema {\n    fields: [\n        Field {\n            name: "x",\n')
    assert 'logical_type: LogicalType(\n                "int64",\n' in text
    assert 'name: "b",' in text


def test_a_manifest_shows_fragments_and_configuration(ds):
    text = format_manifest(ds)
    assert text.startswith("Manifest {")
    assert text.count("DataFile {") == 4
    assert '"key": "wert ü",' in text
    assert "DeletionFile {" in text


def test_a_fragment_shows_the_columns_of_each_file(ds):
    first, second = format_fragment(ds.get_fragments()[0].metadata, ds).split("path: ")[1:]
    assert ('name: "x"' in first, 'name: "y"' in first) == (True, False)
    assert ('name: "x"' in second, 'name: "y"' in second) == (False, True)


def test_transactions_are_listed_newest_first(ds):
    texts = list_transactions(ds)
    kinds = [text.split("operation: ")[1].split()[0] for text in texts]
    assert kinds == ["UpdateConfig", "Delete", "Merge", "Overwrite"]
    assert '"__lance_commit_message": "made"' in texts[-1]
    assert list_transactions(ds, max_transactions=2) == texts[:2]
