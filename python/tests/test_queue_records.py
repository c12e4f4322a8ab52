"""What Python values become, and that they come back."""

from __future__ import annotations

import asyncio
import datetime
import decimal

import lance
import numpy as np
import pyarrow as pa
import pytest

from lancea.queue import LanceBackend, RecordError
from lancea.queue.records import infer_schema

UTC = datetime.timezone.utc

VALUES = {
    "bool": (True, False, pa.bool_()),
    "int": (7, -(2**63), pa.int64()),
    "large int": (2**63, 5, pa.uint64()),
    "float": (1.5, 2, pa.float64()),
    "str": ("häuser", "", pa.string()),
    "bytes": (b"\0\xff", bytearray(b"x"), pa.binary()),
    "list": ([1, 2], [], pa.list_(pa.int64())),
    "mixed numbers": ([1, 2.5], [3], pa.list_(pa.float64())),
    "nested list": ([[1], [2, 3]], [[], [4]], pa.list_(pa.list_(pa.int64()))),
    "dict": (
        {"a": 1, "b": "x"},
        {"a": None, "b": None},
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
    ),
    "list of dicts": ([{"a": 1}], [{"a": 2}, {"a": 3}], pa.list_(pa.struct([("a", pa.int64())]))),
    "datetime": (
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime.datetime(1, 1, 1),
        pa.timestamp("us"),
    ),
    "aware datetime": (
        datetime.datetime(2026, 1, 2, tzinfo=UTC),
        datetime.datetime(1999, 1, 2, tzinfo=UTC),
        pa.timestamp("us", "UTC"),
    ),
    "date": (datetime.date(2026, 1, 2), datetime.date(1, 1, 1), pa.date32()),
    "time": (datetime.time(1, 2, 3, 4), datetime.time(0), pa.time64("us")),
    "timedelta": (datetime.timedelta(seconds=1.5), datetime.timedelta(0), pa.duration("us")),
    "decimal": (decimal.Decimal("1.25"), decimal.Decimal("-3.50"), pa.decimal128(38, 2)),
    "numpy scalar": (np.int16(3), np.int16(-4), pa.int16()),
    "numpy float": (np.float32(0.5), 0.25, pa.float32()),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back(tmp_path, name):
    first, second, kind = VALUES[name]

    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"v": first})
        await backend.put_batch([{"v": second}, {"v": None}])
        expected = [{"v": first}, {"v": second}, {"v": None}]
        assert backend.get_table().schema.field("v").type == kind
        assert await backend.get(10, 0) == expected
        await backend.flush()
        assert await backend.get(10, 0) == expected
        table = lance.dataset(str(tmp_path / "data.lance")).to_table()
        assert table.schema.field("v").type == kind
        assert table.equals(backend.get_table().cast(table.schema))

    asyncio.run(main())


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "int8", "int64", "uint16", "bool", "float16"]
)
@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 2)])
def test_numpy_arrays_come_back_as_arrays(tmp_path, dtype, shape):
    rng = np.random.default_rng(3)
    arrays = [(rng.random(shape) * 10).astype(dtype) for _ in range(4)]

    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"x": arrays[0]})
        await backend.put_batch([{"x": arrays[1]}, {"x": np.asfortranarray(arrays[2])}])
        await backend.flush()
        await backend.put({"x": arrays[3]})
        rows = await backend.get(10, 0)
        assert len(rows) == 4
        for row, array in zip(rows, arrays, strict=True):
            assert row["x"].dtype == array.dtype
            np.testing.assert_array_equal(row["x"], array)
        if len(shape) > 1:
            with pytest.raises(RecordError, match="shape"):
                await backend.put({"x": np.zeros((9, 9), dtype)})
        with pytest.raises(RecordError):
            await backend.put({"x": "no array"})
        with pytest.raises(RecordError):
            await backend.put({"x": np.zeros(shape, "complex64")})
        assert backend.total_count() == 4

    asyncio.run(main())


def test_arrays_of_another_type_are_refused(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"x": np.zeros(3, "float32")})
        with pytest.raises(RecordError, match=r"float.*double"):
            await backend.put({"x": np.zeros(3, "float64")})
        await backend.put({"x": [1.0, 2.0, 3.0]})
        assert [list(row["x"]) for row in await backend.get(5, 0)] == [[0, 0, 0], [1, 2, 3]]

    asyncio.run(main())


def test_fixed_size_vectors_when_asked(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path), fixed_size_vectors=True)
        await backend.put({"id": 1, "vector": [0.1, 0.2, 0.3], "tags": ["a"]})
        schema = backend.get_table().schema
        assert schema.field("vector").type == pa.list_(pa.float32(), 3)
        assert schema.field("tags").type == pa.list_(pa.string())
        with pytest.raises(RecordError, match=r"vector.*\[3\].*2 items"):
            await backend.put({"id": 2, "vector": [0.1, 0.2], "tags": []})
        await backend.put({"id": 3, "vector": np.array([1, 2, 3], "float32"), "tags": []})
        await backend.flush()
        table = lance.dataset(str(tmp_path / "data.lance")).to_table()
        assert table.schema.field("vector").type == pa.list_(pa.float32(), 3)
        assert table["vector"].to_pylist()[1] == [1, 2, 3]

    asyncio.run(main())


def test_named_vectors_keep_their_type():
    record = {"a": [1.0, 2.0], "b": [1.0, 2.0]}
    schema = infer_schema([record], {"a": 2}, "float64")
    assert schema.field("a").type == pa.list_(pa.float64(), 2)
    assert schema.field("b").type == pa.list_(pa.float64())
    with pytest.raises(TypeError, match="expected 3 items"):
        infer_schema([record], {"a": 3})


def test_torch_tensors_come_back(tmp_path):
    torch = pytest.importorskip("torch")

    async def main():
        backend = LanceBackend(0, str(tmp_path))
        tensors = [torch.arange(6, dtype=torch.float32).reshape(2, 3) + i for i in range(3)]
        for tensor in tensors:
            await backend.put({"x": tensor})
        await backend.flush()
        for row, tensor in zip(await backend.get(5, 0), tensors, strict=True):
            assert torch.equal(row["x"], tensor)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"x": object()}, "object"),
        ({"x": {}}, "empty dict"),
        ({"x": {1: 2}}, "no text"),
        ({"x": [1, "a"]}, "different types"),
        ({1: 2}, "no text"),
        ({"x": {"y": {1, 2}}}, "set"),
        ({"x": np.array([object()])}, "object"),
    ],
)
def test_what_cannot_be_stored_says_so(tmp_path, record, why):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        with pytest.raises(RecordError, match=why):
            await backend.put(record)
        assert backend.total_count() == 0
        await backend.put({"id": 1})

    asyncio.run(main())


def test_a_system_column_is_no_field(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        with pytest.raises(OSError, match="_rowid"):
            await backend.put({"_rowid": 1})
        await backend.put({"id": 1})

    asyncio.run(main())
