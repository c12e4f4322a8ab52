"""Rows may come in anything that holds columns."""

from __future__ import annotations

import lance
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

import lancea
from lancea._sources import to_source

TABLE = pa.table({"id": [1, 2, 3], "name": ["a", None, "c"]})
SCHEMA = TABLE.schema


class OnlyStream:
    def __arrow_c_stream__(self, requested_schema=None):
        return TABLE.__arrow_c_stream__(requested_schema)


class OnlyArray:
    def __arrow_c_array__(self, requested_schema=None):
        return TABLE.to_batches()[0].__arrow_c_array__(requested_schema)


def written(data, path, **options) -> pa.Table:
    return lancea.write_dataset(data, path, **options).to_table()


def _parquet(path):
    pq.write_table(TABLE, path / "part.parquet")
    return pads.dataset(path / "part.parquet")


def _scan(path):
    lance.write_dataset(TABLE, path / "other")
    return lancea.dataset(path / "other")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: TABLE,
        lambda path: TABLE.to_batches()[0],
        lambda path: TABLE.to_reader(),
        lambda path: TABLE.to_batches(max_chunksize=2),
        lambda path: [TABLE, TABLE.slice(0, 0)],
        lambda path: {"id": [1, 2, 3], "name": ["a", None, "c"]},
        lambda path: TABLE.to_pylist(),
        lambda path: _parquet(path),
        lambda path: _parquet(path).scanner(),
        lambda path: _scan(path),
        lambda path: _scan(path).scanner(),
        lambda path: lance.dataset(_scan(path).uri),
        lambda path: OnlyStream(),
        lambda path: OnlyArray(),
    ],
)
def test_every_kind_of_rows_is_written(make, tmp_path):
    assert written(make(tmp_path), tmp_path / "t") == TABLE
    assert lance.dataset(str(tmp_path / "t")).to_table() == TABLE


def test_frames_are_written(tmp_path):
    frame = TABLE.to_pandas()
    read = written(frame, tmp_path / "pandas")
    assert read.to_pandas().equals(read.to_pandas().__class__(frame))
    polars = pl.from_arrow(TABLE)
    for name, data in {"eager": polars, "lazy": polars.lazy().filter(pl.col("id") > 0)}.items():
        read = written(data, tmp_path / name)
        assert read.column("name").to_pylist() == ["a", None, "c"]
        assert read.column("id").to_pylist() == [1, 2, 3]


def test_numpy_columns_are_written(tmp_path):
    read = written({"x": np.arange(4, dtype=np.float32)}, tmp_path / "t")
    assert read == pa.table({"x": pa.array([0, 1, 2, 3], pa.float32())})


def test_iterables_need_a_schema(tmp_path):
    for data in (iter(TABLE.to_batches()), (b for b in TABLE.to_batches()), []):
        with pytest.raises(ValueError, match="Must provide schema"):
            lancea.write_dataset(data, tmp_path / "none")
    assert written(iter(TABLE.to_batches()), tmp_path / "a", schema=SCHEMA) == TABLE
    assert written([], tmp_path / "b", schema=SCHEMA) == SCHEMA.empty_table()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("data", [3, "rows", b"rows", None, object()])
def test_what_holds_no_rows_is_refused(data, tmp_path):
    with pytest.raises(TypeError, match="pyarrow Table"):
        lancea.write_dataset(data, tmp_path / "t", schema=SCHEMA)


def test_a_schema_orders_and_casts_columns():
    target = pa.schema([("name", pa.large_utf8()), ("id", pa.int16())], {"kind": "cast"})
    expected = pa.table({"name": ["a", None, "c"], "id": [1, 2, 3]}).cast(target)
    for data in (
        TABLE,
        TABLE.to_reader(),
        iter(TABLE.to_batches(max_chunksize=1)),
        TABLE.to_pandas(),
        pl.from_arrow(TABLE),
        TABLE.to_pylist(),
        OnlyStream(),
    ):
        source = to_source(data, target)
        assert source.schema.remove_metadata() == target.remove_metadata()
        read = source if isinstance(source, pa.Table) else source.read_all()
        assert read.replace_schema_metadata(None) == expected.replace_schema_metadata(None)


def test_columns_that_lack_are_null_where_they_may():
    target = SCHEMA.append(pa.field("more", pa.float32()))
    assert to_source(TABLE, target).column("more").null_count == 3
    required = SCHEMA.append(pa.field("more", pa.float32(), nullable=False))
    for data in (TABLE, TABLE.to_reader()):
        with pytest.raises(ValueError, match=r"missing=\['more'\]"):
            to_source(data, required)
        with pytest.raises(ValueError, match=r"unexpected=\['name'\]"):
            to_source(TABLE, pa.schema([("id", pa.int64())]))


def test_values_that_cannot_be_cast_are_refused():
    with pytest.raises(ValueError, match="do not fit the schema"):
        to_source(TABLE, pa.schema([("id", pa.int64()), ("name", pa.int8())]))
    reader = to_source(iter(TABLE.to_batches()), pa.schema([("id", pa.int64()), ("b", pa.int8())]))
    with pytest.raises(ValueError, match=r"unexpected=\['name'\]"):
        reader.read_all()


def test_an_exception_of_an_iterator_comes_through(tmp_path):
    class Trouble(Exception):
        pass

    def rows():
        yield from TABLE.to_batches()
        raise Trouble("half way")

    readers = [rows(), pa.RecordBatchReader.from_batches(SCHEMA, rows())]
    for data in readers:
        with pytest.raises(Trouble, match="half way"):
            lancea.write_dataset(data, tmp_path / "t", schema=SCHEMA)
    assert not list((tmp_path / "t").rglob("*.lance"))
    with pytest.raises(ValueError, match="table"):
        lancea.dataset(tmp_path / "t")
    lancea.write_dataset(TABLE, tmp_path / "t")
    with pytest.raises(Trouble):
        lancea.write_dataset(rows(), tmp_path / "t", schema=SCHEMA, mode="append")
    ds = lancea.dataset(tmp_path / "t")
    assert ds.version == 1
    assert ds.to_table() == TABLE


def test_items_that_are_no_batches_are_refused(tmp_path):
    for item in (3, "row", [1]):
        with pytest.raises(TypeError, match="Expected RecordBatch"):
            lancea.write_dataset(iter([item]), tmp_path / "t", schema=SCHEMA)


def test_models_are_written(tmp_path):
    pydantic = pytest.importorskip("pydantic")

    class Row(pydantic.BaseModel):
        id: int
        name: str | None

    rows = [Row(**row) for row in TABLE.to_pylist()]
    assert written(rows, tmp_path / "t") == TABLE


def test_hugging_face_datasets_are_written(tmp_path):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict(TABLE.to_pydict())
    assert written(data.select([2, 0]), tmp_path / "t").column("id").to_pylist() == [3, 1]
    with pytest.raises(ValueError, match="several datasets"):
        to_source(datasets.DatasetDict({"train": data}))


def test_a_frame_is_read_back_as_it_was(tmp_path):
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]})
    lancea.write_dataset(frame, tmp_path / "t")
    pd.testing.assert_frame_equal(lancea.dataset(tmp_path / "t").to_pandas(), frame)
    pd.testing.assert_frame_equal(lance.dataset(str(tmp_path / "t")).to_table().to_pandas(), frame)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_blobs_of_another_table_are_written_whole(tmp_path, version):
    values = [b"short", None, b"long" * 50_000]
    if version == "2.1":
        field = pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
        table = pa.table([pa.array(values, pa.large_binary())], schema=pa.schema([field]))
    else:
        schema = pa.schema([lancea.blob_field("b")])
        table = pa.table([lancea.blob_array(values)], schema=schema)
    first = lancea.write_dataset(table, tmp_path / "first", data_storage_version=version)
    copy = lancea.write_dataset(first, tmp_path / "copy", data_storage_version=version)
    blobs = lance.dataset(copy.uri).take_blobs("b", indices=[0, 2])
    assert [blob.read() for blob in blobs] == [values[0], values[2]]
    assert copy.schema == first.schema


def test_metadata_must_be_text(tmp_path):
    with pytest.raises(ValueError, match="not valid utf8"):
        lancea.write_dataset(TABLE.replace_schema_metadata({b"k": b"\xff"}), tmp_path / "t")
