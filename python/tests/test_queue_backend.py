"""The backend of one bucket, used directly: Pulsing's protocol and what the documents show."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import lance
import pyarrow as pa
import pytest

import lancea
from lancea.queue import LanceBackend, PersistingBackend, RecordError, StorageError

BACKENDS = [LanceBackend, PersistingBackend]


def run(coroutine):
    return asyncio.run(coroutine)


def record(i: int) -> dict:
    return {"id": str(i), "value": i, "vector": [0.5 * i, 1.0, -1.0]}


def numbers(rows) -> list[int]:
    return [row["value"] for row in rows]


async def collect(stream) -> list:
    return [row async for rows in stream for row in rows]


@pytest.mark.parametrize("backend_class", BACKENDS)
def test_puts_are_read_back_buffered_and_persisted(tmp_path, backend_class):
    async def main():
        backend = backend_class(bucket_id=3, storage_path=str(tmp_path / "b"), batch_size=100)
        for i in range(5):
            await backend.put(record(i))
        assert await backend.get(10, 0) == [record(i) for i in range(5)]
        await backend.flush()
        await backend.put_batch([record(i) for i in range(5, 9)])
        assert await backend.get(limit=4, offset=3) == [record(i) for i in range(3, 7)]
        assert await backend.get(limit=10) == [record(i) for i in range(9)]
        assert await backend.get(limit=10, offset=100) == []
        assert backend.total_count() == 9
        stats = await backend.stats()
        expected = {"bucket_id": 3, "total_count": 9, "buffer_count": 4, "buffer_size": 4}
        expected |= {"persisted_count": 5, "storage_path": str(tmp_path / "b")}
        assert {key: stats[key] for key in expected} == expected
        assert stats["backend"] in ("lance", "persisting")
        assert stats["fragments"] == 1
        assert stats["flush_latency"] > 0
        table = lance.dataset(str(tmp_path / "b" / "data.lance"))
        assert table.count_rows() == 5
        backend.close()
        assert lance.dataset(str(tmp_path / "b" / "data.lance")).count_rows() == 9

    run(main())


def test_the_threshold_flushes_by_itself(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path), flush_threshold=500)
        for i in range(600):
            await backend.put(record(i))
        stats = await backend.stats()
        assert (stats["persisted_count"], stats["buffer_count"]) == (500, 100)
        assert lance.dataset(str(tmp_path / "data.lance")).count_rows() == 500
        await backend.put_batch([record(i) for i in range(600, 2000)])
        stats = await backend.stats()
        assert (stats["persisted_count"], stats["buffer_count"]) == (2000, 0)

    run(main())


def test_records_survive_a_restart(tmp_path):
    async def main():
        for round_ in range(3):
            async with LanceBackend(0, str(tmp_path)) as backend:
                assert backend.total_count() == 10 * round_
                await backend.put_batch([record(i) for i in range(10 * round_, 10 * round_ + 10)])
        assert numbers(await LanceBackend(0, str(tmp_path)).get(100, 0)) == list(range(30))

    run(main())


def test_a_stream_ends_or_waits(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put_batch([record(i) for i in range(250)])
        steps = [rows async for rows in backend.get_stream(limit=1000, offset=10)]
        assert all(isinstance(rows, list) for rows in steps)
        assert numbers(row for rows in steps for row in rows) == list(range(10, 250))
        assert numbers(await collect(backend.get_stream(limit=5, offset=0))) == list(range(5))
        assert await collect(backend.get_stream(limit=5, offset=250, wait=True, timeout=0.05)) == []

        async def put_later():
            for i in range(250, 260):
                await asyncio.sleep(0.005)
                await backend.put(record(i))

        task = asyncio.create_task(put_later())
        found = await collect(backend.get_stream(limit=10, offset=250, block=True, timeout=20))
        assert numbers(found) == list(range(250, 260))
        await task

    run(main())


def test_several_readers_wake_on_one_put(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        readers = [
            asyncio.create_task(collect(backend.get_stream(limit=20, offset=0, wait=True)))
            for _ in range(8)
        ]
        await asyncio.sleep(0.01)
        for i in range(20):
            await backend.put(record(i))
        for rows in await asyncio.wait_for(asyncio.gather(*readers), 30):
            assert numbers(rows) == list(range(20))

    run(main())


@pytest.mark.parametrize(
    ("bad", "field", "expected", "found"),
    [
        ({"id": 1, "value": 1}, "id", "string", "int64"),
        ({"id": "1", "value": "one"}, "value", "int64", "string"),
        ({"id": "1", "value": 1.5}, "value", "int64", "double"),
        ({"id": "1", "value": True}, "value", "int64", "bool"),
        ({"id": "1", "value": 1, "more": 2.0}, "more", "no such field", "double"),
        ({"id": "1"}, "value", "int64", "nothing"),
        ({"id": "1", "value": 2**70}, "value", "int64", "does not fit"),
        ("not a dict", "", "a dict", "string"),
    ],
)
def test_a_record_that_does_not_match_is_refused_alone(tmp_path, bad, field, expected, found):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"id": "0", "value": 0})
        with pytest.raises(RecordError) as caught:
            await backend.put(bad)
        assert caught.value.field == field
        assert expected in caught.value.expected
        assert found in caught.value.found
        for text in (field, expected, found):
            assert text in str(caught.value)
        with pytest.raises(RecordError) as caught:
            await backend.put_batch([{"id": "1", "value": 1}, bad, {"id": "2", "value": 2}])
        assert [index for index, *_ in caught.value.refused] == [1]
        assert caught.value.stored == 2
        assert numbers(await backend.get(10, 0)) == [0, 1, 2]
        await backend.flush()
        assert backend.total_count() == 3

    run(main())


def test_a_mismatch_deep_inside_is_named(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"meta": {"tags": ["a", "b"], "size": {"x": 1}}})
        with pytest.raises(RecordError, match=r"meta\.tags\[1\].*string.*int64"):
            await backend.put({"meta": {"tags": ["a", 2], "size": {"x": 1}}})
        with pytest.raises(RecordError, match=r"meta\.size\.x.*int64.*string"):
            await backend.put({"meta": {"tags": [], "size": {"x": "1"}}})
        await backend.put({"meta": {"tags": None, "size": None}})
        assert backend.total_count() == 2

    run(main())


def test_schema_evolution_adds_columns(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path), schema_evolution=True)
        await backend.put({"id": 1})
        await backend.flush()
        await backend.put({"id": 2, "text": "new"})
        await backend.put_batch([{"id": 3}, {"id": 4, "score": 0.5, "text": "x"}])
        expected = [
            {"id": 1, "text": None, "score": None},
            {"id": 2, "text": "new", "score": None},
            {"id": 3, "text": None, "score": None},
            {"id": 4, "text": "x", "score": 0.5},
        ]
        assert await backend.get(10, 0) == expected
        await backend.flush()
        assert await backend.get(10, 0) == expected
        with pytest.raises(RecordError, match="text"):
            await backend.put({"id": 5, "text": 5})
        for module in (lance, lancea):
            assert module.dataset(str(tmp_path / "data.lance")).to_table().to_pylist() == expected

    run(main())


def test_a_null_in_the_first_record_becomes_what_it_turns_out_to_be(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"id": 1, "error": None, "tags": []})
        await backend.put({"id": 2, "error": "late", "tags": ["a"]})
        expected = [
            {"id": 1, "error": None, "tags": []},
            {"id": 2, "error": "late", "tags": ["a"]},
        ]
        assert await backend.get(10, 0) == expected
        await backend.flush()
        assert await backend.get(10, 0) == expected

    run(main())


def test_a_null_column_that_is_persisted_still_gets_its_type(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put({"id": 1, "error": None})
        await backend.flush()
        await backend.put({"id": 2, "error": "late"})
        await backend.flush()
        rows = [{"id": 1, "error": None}, {"id": 2, "error": "late"}]
        assert await backend.get(10, 0) == rows
        assert lance.dataset(str(tmp_path / "data.lance")).to_table().to_pylist() == rows

    run(main())


def test_one_process_has_one_writer_and_any_number_of_readers(tmp_path):
    async def main():
        writer = LanceBackend(0, str(tmp_path))
        await writer.put(record(0))
        other = LanceBackend(0, str(tmp_path))
        assert numbers(await other.get(10, 0)) == [0]
        with pytest.raises(StorageError, match="one writer"):
            await other.put(record(1))
        writer.close()
        await other.put(record(1))
        assert numbers(await other.get(10, 0)) == [0, 1]

    run(main())


def test_a_second_process_reads_but_does_not_write(tmp_path):
    script = """
import asyncio, sys, lancea.queue
async def main():
    backend = lancea.queue.LanceBackend(0, sys.argv[1])
    stream = backend.get_stream(limit=3, wait=True, timeout=60)
    rows = [row async for rows in stream for row in rows]
    assert [row["value"] for row in rows] == [0, 1, 2], rows
    try:
        await backend.put(rows[0])
    except lancea.queue.StorageError as error:
        assert "written by process " + sys.argv[2] in str(error), error
    else:
        raise AssertionError("two writers")
asyncio.run(main())
"""

    async def main():
        other = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(tmp_path), str(os.getpid())
        )
        backend = LanceBackend(0, str(tmp_path))
        for i in range(3):
            await asyncio.sleep(0.05)
            await backend.put(record(i))
            await backend.flush()
        assert await asyncio.wait_for(other.wait(), 120) == 0

    run(main())


def test_unflushed_records_are_flushed_when_the_process_ends(tmp_path):
    script = """
import asyncio, sys, lancea.queue
backend = lancea.queue.LanceBackend(0, sys.argv[1])
asyncio.run(backend.put({"id": 1}))
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=120)
    assert lance.dataset(str(tmp_path / "data.lance")).count_rows() == 1


def test_rows_of_arrow_tables_are_put_as_they_are(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        table = pa.table({"id": pa.array(range(3000)), "text": [f"row {i}" for i in range(3000)]})
        await backend.put_table(table)
        assert backend.get_table().equals(table)
        await backend.flush()
        assert backend.get_table(limit=10, offset=5).equals(table.slice(5, 10))

    run(main())


def test_empty_records_and_batches(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put_batch([])
        assert backend.total_count() == 0
        with pytest.raises(RecordError, match="without fields"):
            await backend.put({})
        await backend.put({"id": 1})
        with pytest.raises(RecordError, match="nothing"):
            await backend.put({})
        await backend.put({"id": None})
        assert await backend.get(10, 0) == [{"id": 1}, {"id": None}]

    run(main())


@pytest.mark.parametrize("backend_class", BACKENDS)
def test_records_of_fifty_megabytes(tmp_path, backend_class):
    async def main():
        backend = backend_class(0, str(tmp_path))
        blobs = [bytes([i]) * (50 << 20) for i in range(3)]
        for i, blob in enumerate(blobs):
            await backend.put({"id": i, "blob": blob})
        await backend.flush()
        for i, blob in enumerate(blobs):
            assert (await backend.get(1, i))[0]["blob"] == blob
        assert lance.dataset(str(tmp_path / "data.lance")).count_rows() == 3

    run(main())


THOUSAND = """
import asyncio, sys, lancea.queue
async def main():
    path = sys.argv[1]
    buckets = [lancea.queue.PersistingBackend(i, f"{path}/bucket_{i}") for i in range(1000)]
    await asyncio.gather(*(bucket.put({"value": i}) for i, bucket in enumerate(buckets)))
    for i, bucket in enumerate(buckets):
        assert await bucket.get(10, 0) == [{"value": i}], i
    for bucket in buckets:
        bucket.close()
asyncio.run(main())
"""


def test_a_thousand_buckets_in_one_process(tmp_path):
    # Thousands of fsyncs are the disk's business, not ours.
    environment = os.environ | {"LANCEA_FSYNC": "0"}
    command = [sys.executable, "-c", THOUSAND, str(tmp_path)]
    subprocess.run(command, check=True, timeout=300, env=environment)
    for i in (0, 500, 999):
        assert lance.dataset(str(tmp_path / f"bucket_{i}" / "data.lance")).count_rows() == 1


def test_a_full_buffer_holds_puts_back(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path), flush_threshold=100, max_buffer_records=300)
        most = 0
        for i in range(50):
            await backend.put_batch([record(i * 100 + k) for k in range(100)])
            most = max(most, backend._bucket.stats()["buffer_rows"])
        assert most <= 400
        assert numbers(await backend.get(10_000, 0)) == list(range(5000))

    run(main())


def test_tensor_calls(tmp_path):
    import numpy as np

    async def main():
        backend = LanceBackend(0, str(tmp_path))
        meta = await backend.put_tensor({"x": np.arange(6.0).reshape(3, 2), "y": np.arange(3)})
        assert meta["global_indexes"] == [0, 1, 2]
        got = await backend.get_meta(["x"], 2, task_name="train")
        assert got["global_indexes"] == [0, 1]
        rows = await backend.get_data(got, fields=["x"])
        assert [list(row["x"]) for row in rows] == [[0, 1], [2, 3]]
        assert (await backend.get_meta(["x"], 5, task_name="train"))["global_indexes"] == [2]
        await backend.reset_consumption("train")
        await backend.clear([1])
        assert (await backend.get_meta(["x"], 5, task_name="train"))["global_indexes"] == [0, 2]

    run(main())


def test_options_that_do_not_exist_are_named(tmp_path):
    with pytest.raises(TypeError, match="flush_treshold"):
        LanceBackend(0, str(tmp_path), flush_treshold=3)
    with pytest.raises(ValueError, match="flush_threshold"):
        LanceBackend(0, str(tmp_path), flush_threshold=0)


def test_two_topics_on_one_path_are_refused(tmp_path):
    LanceBackend(0, str(tmp_path), topic="a")
    LanceBackend(0, str(tmp_path), topic="a")
    with pytest.raises(StorageError, match="two topics"):
        LanceBackend(0, str(tmp_path), topic="b")


def test_the_drop_in_for_persisting(monkeypatch):
    import lancea.persisting

    assert lancea.persisting.queue.LanceBackend is LanceBackend
    monkeypatch.setitem(sys.modules, "persisting", None)
    monkeypatch.setitem(sys.modules, "persisting.queue", None)
    lancea.persisting.install()
    import persisting as pst
    from persisting.queue import PersistingBackend as other

    assert pst.queue.LanceBackend is LanceBackend
    assert other is PersistingBackend
