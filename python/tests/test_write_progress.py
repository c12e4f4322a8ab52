"""What a write tells of itself, and when it begins a new file."""

import json

import lance
import pyarrow as pa
import pytest

import lancea
from lancea.progress import FileSystemFragmentWriteProgress, FragmentWriteProgress


class Notes(FragmentWriteProgress):
    def __init__(self):
        self.begun, self.completed = [], []

    def begin(self, fragment, **kwargs):
        self.begun.append(fragment.to_json())

    def complete(self, fragment, **kwargs):
        self.completed.append(fragment.to_json())


def test_a_fragment_that_begins_has_the_name_of_its_file(tmp_path):
    notes = Notes()
    table = pa.table({"a": [1, 2, 3]})
    fragment = lancea.LanceFragment.create(tmp_path, table, fragment_id=7, progress=notes)
    [begun], [completed] = notes.begun, notes.completed
    assert completed == fragment.to_json()
    assert (begun["id"], begun["physical_rows"]) == (7, None)
    assert begun["files"] == [
        {**completed["files"][0], "fields": [], "column_indices": [], "file_size_bytes": None}
    ]


def test_hooks_are_told_what_pylance_tells(tmp_path):
    told = []
    for module in (lance, lancea):

        class Told(module.progress.FragmentWriteProgress):
            def __init__(self):
                self.fragments = []

            def begin(self, fragment, **kwargs):
                self.fragments.append(fragment.to_json())

            complete = begin

        progress = Told()
        table = pa.table({"a": [1, 2, 3]})
        module.LanceFragment.create(
            tmp_path / module.__name__, table, fragment_id=5, progress=progress
        )
        for fragment in progress.fragments:
            for file in fragment["files"]:
                file["path"] = len(file["path"])
                file["file_size_bytes"] = file["file_size_bytes"] is not None
        told.append(json.dumps(progress.fragments, sort_keys=True))
    assert told[0] == told[1]


def test_notes_in_files_name_the_file_being_written(tmp_path):
    notes = FileSystemFragmentWriteProgress(str(tmp_path / "notes"), metadata={"worker": "1"})

    def rows():
        yield pa.record_batch({"a": [1]})
        note = json.loads((tmp_path / "notes" / "fragment_3.in_progress").read_text())
        assert note == {"fragment_id": 3, "metadata": {"worker": "1"}}
        yield pa.record_batch({"a": [2]})

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), rows())
    fragment = lancea.LanceFragment.create(tmp_path / "t", reader, fragment_id=3, progress=notes)
    noted = json.loads((tmp_path / "notes" / "fragment_3.json").read_text())
    assert noted["files"][0]["path"] == fragment.files[0].path
    assert not (tmp_path / "notes" / "fragment_3.in_progress").exists()


def batches(schema, num_batches, column):
    parts = [pa.record_batch([column], schema=schema)] * num_batches
    return pa.RecordBatchReader.from_batches(schema, parts)


@pytest.mark.parametrize(
    ("num_batches", "column"),
    [
        (2, pa.array(["0" * 1024] * 8192)),
        (1, pa.array(["0" * 1024] * 8192)),
        (32, pa.array(["0" * 1024] * 1024)),
        (3, pa.array(range(1 << 21), pa.int64())),
        (64, pa.array(range(1 << 16), pa.int64())),
    ],
    ids=["text", "one batch", "small batches of text", "numbers", "small batches of numbers"],
)
@pytest.mark.parametrize("max_bytes", [1024, 8 << 20])
def test_files_end_by_bytes_where_those_of_pylance_do(tmp_path, num_batches, column, max_bytes):
    schema = pa.schema({"a": column.type})
    rows = []
    for module in (lance, lancea):
        fragments = module.fragment.write_fragments(
            batches(schema, num_batches, column),
            tmp_path / module.__name__,
            max_bytes_per_file=max_bytes,
            max_rows_per_file=1 << 30,
        )
        rows.append([fragment.physical_rows for fragment in fragments])
    assert rows[0] == rows[1]
