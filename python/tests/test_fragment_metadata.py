"""What manifests say of fragments, as values and as JSON."""

from __future__ import annotations

import json
import pickle
import warnings

import lance
import pyarrow as pa
import pytest

import lancea


@pytest.fixture(scope="module", params=["plain", "stable row ids", "several bases"])
def both(request, tmp_path_factory) -> tuple[list, list]:
    """Metadata of fragments with deletions, several files, stable row ids or other bases."""
    root = tmp_path_factory.mktemp("fragments")
    options = {}
    if request.param == "stable row ids":
        options = {"enable_stable_row_ids": True}
    if request.param == "several bases":
        base = lance.DatasetBasePath(str(root / "base"), name="base")
        options = {"initial_bases": [base], "target_bases": ["base"]}
    table = pa.table({"a": range(9000), "b": [f"row {i}" for i in range(9000)]})
    ds = lance.write_dataset(table, root / "t", max_rows_per_file=6000, **options)
    ds.delete("a % 7 = 0 or (a < 5900 and a > 10)")
    ds.add_columns({"c": "a * 2"})
    ds.update({"b": "'new'"}, where="a = 6001")
    mine = lancea.dataset(root / "t", session=lancea.Session())
    theirs = lance.dataset(str(root / "t"))
    return [[f.metadata for f in d.get_fragments()] for d in (mine, theirs)]


def test_the_json_is_that_of_pylance(both):
    for mine, theirs in zip(*both, strict=True):
        assert mine.to_json() == theirs.to_json()
        assert json.loads(json.dumps(mine.to_json())) == theirs.to_json()


def test_each_reads_the_json_of_the_other(both):
    for mine, theirs in zip(*both, strict=True):
        text, their_text = json.dumps(mine.to_json()), json.dumps(theirs.to_json())
        assert lancea.FragmentMetadata.from_json(their_text) == mine
        assert lancea.FragmentMetadata.from_json(text) == mine
        assert lance.FragmentMetadata.from_json(text).to_json() == theirs.to_json()


def test_the_values_are_those_of_pylance(both):
    for mine, theirs in zip(*both, strict=True):
        for name in ("id", "physical_rows", "num_deletions", "num_rows"):
            assert getattr(mine, name) == getattr(theirs, name), name
        assert repr(mine.files) == repr(theirs.files)
        assert repr(mine.deletion_file) == repr(theirs.deletion_file)
        for ours, expected in zip(mine.files, theirs.files, strict=True):
            assert ours.path == expected.path
            assert ours.fields == expected.fields
            assert ours.base_id == expected.base_id


def test_deletion_files_have_their_path_and_json(both):
    seen = set()
    for mine, theirs in zip(*both, strict=True):
        if mine.deletion_file is None:
            assert theirs.deletion_file is None
            continue
        ours, expected = mine.deletion_file, theirs.deletion_file
        seen.add(ours.file_type)
        assert ours.path(mine.id) == expected.path(theirs.id)
        assert ours.path(mine.id, "/base") == f"/base/{expected.path(theirs.id)}"
        assert ours.asdict() == expected.asdict()
        assert json.loads(ours.json()) == json.loads(expected.json())
        assert lancea.DeletionFile.from_json(expected.json()) == ours
    assert seen == {"array", "bitmap"}


def test_row_sequences_have_their_json(both):
    for mine, theirs in zip(*both, strict=True):
        for name in ("row_id_meta", "created_at_version_meta", "last_updated_at_version_meta"):
            ours, expected = getattr(mine, name), getattr(theirs, name)
            assert (ours is None) == (expected is None), name
            if ours is not None:
                assert ours.asdict() == theirs.to_json()[name]
                assert json.loads(ours.json()) == json.loads(expected.json())
                assert type(ours).from_json(expected.json()) == ours


def test_metadata_are_pickled(both):
    for mine in both[0]:
        assert pickle.loads(pickle.dumps(mine)) == mine


def test_old_spellings_warn(both):
    with pytest.warns(DeprecationWarning, match=r"\.files"):
        files = both[0][0].data_files()
    with pytest.warns(DeprecationWarning, match=r"\.path"):
        path = files[0].path()
    with pytest.warns(DeprecationWarning, match=r"\.fields"):
        assert files[0].field_ids() == files[0].fields
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert path == both[0][0].files[0].path


def test_values_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="file_type"):
        lancea.DeletionFile(1, 2, "list", 3)
    for value in ({}, {"Inline": [1], "External": {}}, {"inline": [1]}):
        with pytest.raises(ValueError, match="expected one key"):
            lancea.RowIdMeta.from_json(json.dumps(value))
