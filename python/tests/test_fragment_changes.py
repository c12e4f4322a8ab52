"""Fragments changed and described by hand, beside pylance."""

from __future__ import annotations

import json
import re

import lance
import numpy as np
import pyarrow as pa
import pytest

import lancea
from lancea.fragment import DeletionFile

LIBRARIES = {"ours": lancea, "theirs": lance}


@pytest.fixture(params=[False, True], ids=["addresses", "stable"])
def pair(request, tmp_path):
    """The same table of three fragments for each library; row 1 is deleted."""
    table = pa.table({"a": range(10), "s": [{"x": i, "y": f"y{i}"} for i in range(10)]})
    out = {}
    for name, library in LIBRARIES.items():
        options = {"max_rows_per_file": 4, "enable_stable_row_ids": request.param}
        lance.write_dataset(table, tmp_path / name, **options).delete("a = 1")
        out[name] = library.dataset(str(tmp_path / name))
    return out["ours"], out["theirs"]


def state(ds) -> list:
    opened = lance.dataset(ds.uri)
    return [opened.version, opened.to_table(with_row_id=True).to_pylist()]


@pytest.mark.parametrize(
    "offsets", [[0, 2], [3, 0, 3], [], [1], np.array([0, 3]), range(1, 4)], ids=str
)
def test_rows_are_deleted_by_offset(pair, offsets):
    described = []
    for ds in pair:
        fragment = ds.get_fragment(0).delete_rows(offsets)
        described.append((fragment.num_deletions, fragment.num_rows))
        operation = (lancea if ds is pair[0] else lance).LanceOperation.Delete([fragment], [], "x")
        ds.commit(ds.uri, operation, read_version=ds.version)
    assert described[0] == described[1]
    assert state(pair[0]) == state(pair[1])


def test_a_fragment_whose_rows_all_go_is_none(pair):
    for ds in pair:
        assert ds.get_fragment(0).delete_rows(range(4)) is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda f: f.delete_rows([99]), OSError, "row offset 99 is out of range.* 4 rows"),
        (lambda f: f.delete_rows([-1]), ValueError, "must not be negative"),
        (lambda f: f.delete_rows(["a"]), TypeError, "integer"),
        (lambda f: f.delete(None), TypeError, "predicate must be SQL"),
        (lambda f: f.delete("nope = 1"), OSError, "nope"),
        (lambda f: f.open_session(["nope"]), ValueError, "nope"),
    ],
    ids=["beyond", "negative", "text", "no predicate", "unknown column", "unknown in session"],
)
def test_what_cannot_be_is_refused(pair, call, kind, message):
    with pytest.raises(kind, match=message):
        call(pair[0].get_fragment(0))


def test_representations_are_those_of_pylance(pair):
    def shown(value):
        return re.sub(r"[01]{24}\w+|\d+-\d+-\d+", "X", repr(value))

    for ours, theirs in zip(*(ds.get_fragments() for ds in pair), strict=True):
        assert shown(ours) == shown(theirs)


def test_an_overwrite_with_fragments_of_the_table_keeps_their_row_ids(tmp_path):
    rows = []
    for name, library in LIBRARIES.items():
        ds = library.write_dataset(
            pa.table({"a": range(10)}), str(tmp_path / name),
            max_rows_per_file=4, enable_stable_row_ids=True,
        )  # fmt: skip
        kept = [f.metadata for f in ds.get_fragments()][1:]
        operation = library.LanceOperation.Overwrite(ds.schema, kept)
        ds.commit(ds.uri, operation, read_version=ds.version)
        opened = library.write_dataset(pa.table({"a": [100]}), ds.uri, mode="append")
        rows.append(opened.to_table(with_row_id=True).to_pylist())
    assert rows[0] == rows[1]


@pytest.mark.parametrize("kind", ["Append", "DataReplacement", "Overwrite"])
def test_data_files_that_are_not_there_are_not_committed(pair, kind):
    for ds, library in zip(pair, (lancea, lance), strict=True):
        fields = ds.get_fragment(0).metadata.files[0]
        file = library.fragment.DataFile(
            "gone.lance", fields.fields, fields.column_indices, 2, fields.file_minor_version
        )
        operations = library.LanceOperation
        fragment = library.FragmentMetadata(0, [file], 3)
        operation = {
            "Append": operations.Append([fragment]),
            "Overwrite": operations.Overwrite(ds.schema, [fragment]),
            "DataReplacement": operations.DataReplacement(
                [operations.DataReplacementGroup(0, file)]
            ),
        }[kind]
        with pytest.raises(OSError, match=r"gone\.lance"):
            ds.commit(ds.uri, operation, read_version=ds.version)
        assert library.dataset(ds.uri).version == ds.version


def test_sizes_that_are_not_told_are_looked_up(pair):
    ours = pair[0]
    (written,) = lancea.fragment.write_fragments(ours.to_table(), ours.uri)
    size = written.files[0].file_size_bytes
    written.files[0].file_size_bytes = None
    ours.commit(ours.uri, lancea.LanceOperation.Append([written]), read_version=ours.version)
    assert lance.dataset(ours.uri).get_fragments()[-1].metadata.files[0].file_size_bytes == size


def test_a_fragment_without_files_is_refused(pair):
    fragment = lancea.FragmentMetadata(0, [], 3)
    with pytest.raises(OSError, match="3 rows has no data file"):
        pair[0].commit(pair[0].uri, lancea.LanceOperation.Append([fragment]), read_version=2)


@pytest.mark.parametrize("count", [4999, 5000, 5001])
def test_many_deleted_rows_are_a_bitmap_from_where_pylance_says(tmp_path, count):
    kinds = []
    for library in (lancea, lance):
        ds = library.write_dataset(pa.table({"a": range(6000)}), str(tmp_path / library.__name__))
        ds.delete(f"a < {count}")
        kinds.append(ds.get_fragment(0).metadata.deletion_file.file_type)
    assert kinds[0] == kinds[1] == ("array" if count < 5000 else "bitmap")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "missing id"),
        ({"file_type": "list"}, "file_type must be"),
        ({"num_deleted_rows": -1}, "num_deleted_rows must be"),
        ({"read_version": "a"}, "read_version must be"),
    ],
    ids=["missing", "type", "negative", "text"],
)
def test_deletion_files_that_cannot_be_are_refused(change, message):
    value = {"read_version": 1, "id": 2, "file_type": "array", "num_deleted_rows": 3, "new": 1}
    assert DeletionFile.from_json(json.dumps(value)).asdict() == {
        "read_version": 1, "id": 2, "file_type": "array", "num_deleted_rows": 3, "base_id": None,
    }  # fmt: skip
    value.update(change)
    if value["id"] is None:
        del value["id"]
    with pytest.raises(ValueError, match=f"Could not load DeletionFile.*{message}"):
        DeletionFile.from_json(json.dumps(value))


def photos(folder, library) -> str:
    """Blobs inside structs: inline, packed, none."""
    blobs = lance.blob.blob_array([b"a", b"b" * 100_000, None, b"d"])
    photo = pa.StructArray.from_arrays(
        [pa.array([1, 2, 3, 4]), blobs],
        fields=[pa.field("size", pa.int64()), lance.blob.blob_field("bytes")],
    )
    table = pa.table({"id": [1, 2, 3, 4], "photo": photo})
    path = str(folder / library.__name__)
    lance.write_dataset(table, path, data_storage_version="2.2")
    return path


@pytest.mark.parametrize("deleted", [False, True], ids=["all rows", "one deleted"])
def test_blobs_inside_structs_are_updated(tmp_path, deleted):
    new = pa.StructArray.from_arrays(
        [pa.array([9, None]), lance.blob.blob_array([b"new" * 50_000, None])],
        fields=[pa.field("size", pa.int64()), lance.blob.blob_field("bytes")],
    )
    rows = pa.table({"id": [1, 3], "photo": new})
    contents = []
    for library in (lancea, lance):
        ds = library.dataset(photos(tmp_path, library))
        if deleted:
            ds.delete("id = 4")
        fragment, fields = ds.get_fragment(0).update_columns(rows, "id")
        operation = library.LanceOperation.Update(
            updated_fragments=[fragment], fields_modified=fields
        )
        ds.commit(ds.uri, operation, read_version=ds.version)
        opened = lance.dataset(ds.uri)
        contents.append((fields, opened.to_table(blob_handling="all_binary").to_pylist()))
        ours = lancea.dataset(ds.uri).to_table(blob_handling="all_binary")
        assert ours.to_pylist() == contents[-1][1]
    assert contents[0] == contents[1]
    assert contents[0][1][0]["photo"] == {"size": 9, "bytes": b"new" * 50_000}


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2"])
def test_files_are_described_as_manifests_do(tmp_path, version):
    table = pa.table({"a": range(5), "s": [{"x": i} for i in range(5)]})
    ds = lancea.write_dataset(table, tmp_path / "t", data_storage_version=version)
    (file,) = ds.get_fragment(0).metadata.files
    assert lancea.fragment.DataFile.create(ds, file.path) == file
    described = lancea.fragment.LanceFragment.create_from_file(file.path, ds, 7)
    assert (described.files, described.physical_rows) == ([file], 5)
    ds.commit(ds.uri, lancea.LanceOperation.Append([described]), read_version=1)
    assert lance.dataset(ds.uri).to_table().to_pylist() == table.to_pylist() * 2


@pytest.mark.parametrize("way", ["update_columns", "rewrite_columns"])
def test_null_structs_replace_structs(tmp_path, way):
    kind = pa.struct([("x", pa.int64()), ("y", pa.utf8())])
    table = pa.table(
        {"id": range(4), "s": pa.array([{"x": i, "y": "a"} for i in range(4)], kind), "b": [0] * 4}
    )
    new = pa.table({"id": [1, 2], "s": pa.array([None, {"x": None, "y": None}], kind)})
    contents = []
    for library in (lancea, lance):
        ds = library.write_dataset(table, str(tmp_path / library.__name__))
        if way == "rewrite_columns":
            ds.merge_insert("id").when_matched_update_all().write_mode(way).execute(new)
        else:
            fragment, fields = ds.get_fragment(0).update_columns(new, "id")
            update = library.LanceOperation.Update(
                updated_fragments=[fragment], fields_modified=fields
            )
            ds.commit(ds.uri, update, read_version=1)
        contents.append(lance.dataset(ds.uri).to_table()["s"].to_pylist())
    assert contents[0] == contents[1]
    assert contents[0][1:3] == [None, {"x": None, "y": None}]


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_pylance_finds_no_fields_in_null_structs(tmp_path, version):
    table = pa.table({"s": [None if i % 2 else {"x": i, "t": {"y": i}} for i in range(20)]})
    ds = lancea.write_dataset(table, tmp_path / "t", data_storage_version=version)
    for change in (lambda: None, lambda: ds.delete("s.x = 0"), ds.optimize.compact_files):
        change()
        for name in ("x", "t.y"):
            condition = f"s.{name} < 100"
            found = lance.dataset(ds.uri).count_rows(condition)
            assert found == ds.count_rows(condition) == ds.count_rows("s IS NOT NULL")
