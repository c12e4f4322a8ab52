"""Single data files written by pylance, read by ``lancea.file`` as by ``lance.file``."""

from __future__ import annotations

from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest
from interop.column_types import COLUMN_TYPES
from interop.reading import refusal
from interop.support import (
    STRUCTURAL_VERSIONS,
    VERSIONS,
    Shape,
    assert_same_schema,
    assert_same_table,
    random_array,
    take_of,
)
from lance.file import LanceFileReader as TheirReader
from lance.file import LanceFileWriter

import lancea
from lancea.file import LanceFileReader

#: Legacy files are made only by writing a table.
FILE_VERSIONS = ["2.0", *STRUCTURAL_VERSIONS]
ROWS = 3000
NAMES = "int64 utf8 struct list_struct vector_float32 bool timestamp_us_zone binary".split()


def rows(count: int = ROWS, nulls: str = "some") -> pa.Table:
    rng = np.random.default_rng(count)
    shape = Shape(nulls, inner_nulls=nulls)
    columns = {name: random_array(COLUMN_TYPES[name], count, rng, shape) for name in NAMES}
    return pa.table(columns)


def written(path: Path, table: pa.Table, version: str) -> str:
    """The table's file, in three batches, with a global buffer and metadata."""
    with LanceFileWriter(str(path), table.schema, version=version) as writer:
        for start in range(0, len(table), 1000):
            writer.write_batch(table.slice(start, 1000).combine_chunks())
        assert writer.add_global_buffer(b"first buffer") == 1
        assert writer.add_global_buffer(bytes(range(256)) * 100) == 2
        writer.add_schema_metadata("owner", "tests")
    return str(path)


@pytest.fixture(scope="module", params=FILE_VERSIONS)
def file(request, tmp_path_factory) -> str:
    # 2.0 cannot store structs that are null.
    table = rows(nulls="none" if request.param == "2.0" else "some")
    path = tmp_path_factory.mktemp("files") / f"{request.param}.lance"
    return written(path, table, request.param)


def test_a_file_is_read_whole(file):
    mine, theirs = LanceFileReader(file), TheirReader(file)
    expected = theirs.read_all().to_table()
    assert mine.num_rows() == theirs.num_rows() == ROWS
    assert_same_table(mine.read_all().to_table(), expected)
    for batch_size in (1, 7, 1024, 10_000):
        limit = 50 if batch_size == 1 else ROWS
        batches = list(mine.read_range(0, limit, batch_size=batch_size).to_batches())
        assert all(len(batch) <= batch_size for batch in batches)
        assert_same_table(pa.Table.from_batches(batches), expected.slice(0, limit), "batches")


@pytest.mark.parametrize(
    ("start", "count"), [(0, 1), (0, 0), (ROWS - 1, 1), (17, 1234), (999, 2), (ROWS, 0)]
)
def test_ranges_of_rows_are_read(file, start, count):
    mine, theirs = LanceFileReader(file), TheirReader(file)
    expected = theirs.read_all().to_table().slice(start, count)
    assert_same_table(mine.read_range(start, count).to_table(), expected)


@pytest.mark.parametrize("count", [0, 1, 5, 400])
def test_rows_are_taken(file, count):
    mine, theirs = LanceFileReader(file), TheirReader(file)
    wanted = sorted(np.random.default_rng(count).choice(ROWS, count, replace=False).tolist())
    expected = theirs.take_rows(wanted).to_table()
    assert_same_table(mine.take_rows(wanted).to_table(), expected)
    twice = sorted(wanted + wanted[:3])
    assert_same_table(mine.take_rows(twice).to_table(), take_of(expected, [
        wanted.index(row) for row in twice
    ]))  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [["utf8"], ["vector_float32", "int64"], ["struct.name"], ["list_struct", "struct.x"]],
)
def test_columns_are_selected(file, columns):
    mine, theirs = LanceFileReader(file, columns=columns), TheirReader(file, columns=columns)
    assert_same_table(mine.read_all().to_table(), theirs.read_all().to_table())
    picked = [3, 500, 2999]
    assert_same_table(mine.take_rows(picked).to_table(), theirs.take_rows(picked).to_table())


def buffers(described) -> list[tuple[int, int]]:
    return [(buffer.position, buffer.size) for buffer in described]


def test_the_metadata_are_those_of_pylance(file):
    mine, theirs = LanceFileReader(file).metadata(), TheirReader(file).metadata()
    assert_same_schema(mine.schema, theirs.schema)
    for name in (
        "num_rows major_version minor_version num_data_bytes num_column_metadata_bytes "
        "num_global_buffer_bytes"
    ).split():
        assert getattr(mine, name) == getattr(theirs, name), name
    assert buffers(mine.global_buffers) == buffers(theirs.global_buffers)
    for left, right in zip(mine.columns, theirs.columns, strict=True):
        assert buffers(left.column_buffers) == buffers(right.column_buffers)
        for ours, expected in zip(left.pages, right.pages, strict=True):
            assert buffers(ours.buffers) == buffers(expected.buffers)
            assert ours.encoding
        assert sum(page.num_rows for page in left.pages) >= ROWS or left.name.count(".")


def test_the_statistics_are_those_of_pylance(file):
    mine = LanceFileReader(file).file_statistics().columns
    theirs = TheirReader(file).file_statistics().columns
    expected = [(column.num_pages, column.size_bytes) for column in theirs]
    assert [(column.num_pages, column.size_bytes) for column in mine] == expected


def test_global_buffers_are_read(file):
    mine, theirs = LanceFileReader(file), TheirReader(file)
    assert mine.read_global_buffer(1) == b"first buffer"
    for index in range(3):
        assert mine.read_global_buffer(index) == theirs.read_global_buffer(index)
    for index in (3, 99):
        with pytest.raises(ValueError, match="no global buffer"):
            mine.read_global_buffer(index)


@pytest.mark.parametrize("version", FILE_VERSIONS)
@pytest.mark.parametrize("count", [0, 1])
def test_the_smallest_files_are_read(tmp_path, version, count):
    table = pa.table({"a": pa.array([1] * count, pa.int32()), "b": ["x"] * count})
    path = written(tmp_path / "f.lance", table, version)
    expected = TheirReader(path).read_all().to_table()
    assert_same_table(LanceFileReader(path).read_all().to_table(), expected)
    assert LanceFileReader(path).num_rows() == count


@pytest.mark.parametrize("version", VERSIONS)
def test_data_files_of_tables_are_read(tmp_path, version):
    table = rows(500, "none")
    ds = lance.write_dataset(table, tmp_path / "t", data_storage_version=version)
    (data_file,) = ds.get_fragments()[0].data_files()
    path = tmp_path / "t" / "data" / data_file.path
    mine = LanceFileReader(path).read_all().to_table()
    assert_same_table(mine.replace_schema_metadata(None), ds.to_table())
    if version != "0.1":
        assert_same_table(mine, TheirReader(str(path)).read_all().to_table())


#: (what is asked of a reader of 3000 rows, the error's type, what it says)
REFUSALS = {
    "rows past the end": (lambda r: r.read_range(2999, 2).to_table(), ValueError, "2999.*3000"),
    "a start past the end": (lambda r: r.read_range(3001, 0).to_table(), ValueError, "3001"),
    "a taken row past the end": (lambda r: r.take_rows([0, 3000]).to_table(), ValueError, "3000"),
    "rows that descend": (lambda r: r.take_rows([5, 0]).to_table(), ValueError, "5 > 0"),
    "a row before the start": (lambda r: r.take_rows([-1]).to_table(), IndexError, "-1"),
    "a number of rows below 0": (lambda r: r.read_range(0, -1).to_table(), TypeError, None),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_reader_refuses(file, what):
    action, kind, message = REFUSALS[what]
    with pytest.raises(kind, match=message):
        action(LanceFileReader(file))
    if what != "a start past the end":  # of which pylance reads no rows
        assert refusal(action, TheirReader(file))


def test_a_file_that_is_none_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="missing"):
        LanceFileReader(tmp_path / "missing.lance")
    for name, content in {"empty": b"", "short": b"abc", "long": b"abc" * 100}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OSError, match=f"{name}: not a Lance file"):
            LanceFileReader(tmp_path / name)
        assert refusal(TheirReader, str(tmp_path / name))


def test_an_unknown_column_is_refused_naming_the_nearest(file):
    with pytest.raises(ValueError, match='no column "utf9"; did you mean "utf8"'):
        LanceFileReader(file, columns=["utf9"])


def test_a_reader_is_shown_with_what_it_reads(file):
    shown = repr(LanceFileReader(file))
    assert file in shown
    assert f"rows={ROWS}" in shown


def test_file_readers_are_read_by_many_threads(file):
    from concurrent.futures import ThreadPoolExecutor

    reader, expected = LanceFileReader(file), TheirReader(file).read_all().to_table()

    def part(start: int) -> None:
        table = reader.read_range(start, 100).to_table()
        assert_same_table(table, expected.slice(start, 100))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(part, range(0, 2900, 50)))
    assert lancea.bytes_read_counter() > 0
