"""The backend of one bucket, used directly: Pulsing's protocol and what the documents show."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import lance
import pyarrow as pa
import pytest

import lancea
from lancea.queue import (
    BucketLockedError,
    LanceBackend,
    PersistingBackend,
    RecordError,
    StorageError,
    WALError,
)

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


@pytest.mark.parametrize("option", [{"flush_bytes": 5000}, {"flush_interval": 0.05}])
def test_bytes_and_age_flush_too(tmp_path, option):
    async def main():
        backend = LanceBackend(0, str(tmp_path), **option)
        for i in range(20):
            await backend.put(record(i) | {"text": "x" * 400})
        for _ in range(500):
            if (await backend.stats())["persisted_count"] >= 10:
                break
            await asyncio.sleep(0.01)
        assert lance.dataset(str(tmp_path / "data.lance")).count_rows() >= 10
        assert numbers(await backend.get(100, 0)) == list(range(20))

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


FORK_AND_DIE = """
import asyncio, os, signal, sys, time, lancea.queue
backend = lancea.queue.LanceBackend(0, sys.argv[1])
asyncio.run(backend.put({"value": 0}))
asyncio.run(backend.flush())
if os.fork() == 0:
    os.close(1)
    time.sleep(100)
    os._exit(0)
print("forked", flush=True)
time.sleep(100)
"""


def test_a_child_of_a_writer_that_was_killed_holds_no_lock(tmp_path):
    command = [sys.executable, "-c", FORK_AND_DIE, str(tmp_path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert writer.stdout.readline() == "forked\n"
        with pytest.raises(BucketLockedError, match=f"process {writer.pid}"):
            run(LanceBackend(0, str(tmp_path)).put({"value": 1}))
        writer.kill()
        writer.wait()
        run(LanceBackend(0, str(tmp_path)).put({"value": 1}))
    finally:
        os.killpg(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()


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


def test_a_batch_of_more_bytes_than_the_buffer_holds(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path), max_buffer_bytes=60 << 20)
        blob = bytes(10 << 20)
        # The same bytes again and again: 400 MB of records without so much memory.
        await backend.put_batch([{"id": i, "blob": blob} for i in range(40)])
        assert (await backend.stats())["buffer_bytes"] < 150 << 20
        assert backend.total_count() == 40
        assert [row["id"] for row in await backend.get(3, 37)] == [37, 38, 39]

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


@pytest.mark.parametrize("backend_class", BACKENDS)
def test_tensors_put_at_the_same_time_know_their_places(tmp_path, backend_class):
    import numpy as np

    async def main():
        backend = backend_class(0, str(tmp_path), flush_threshold=7)
        calls = [
            backend.put_tensor({"x": np.full((1 + i % 4, 2), i)})
            if i % 3
            else backend.put({"x": np.full(2, i)})
            for i in range(90)
        ]
        places: list[int] = []
        for i, meta in enumerate(await asyncio.gather(*calls)):
            if meta is None:
                continue
            assert meta["size"] == 1 + i % 4
            places += meta["global_indexes"]
            assert {int(row["x"][0]) for row in await backend.get_data(meta)} == {i}
        assert len(set(places)) == len(places)

    run(main())


def test_a_task_gets_each_record_once_in_little_memory(tmp_path):
    async def main():
        backend = LanceBackend(0, str(tmp_path))
        await backend.put_batch([record(i) for i in range(1000)])
        await backend.mark_consumed("t", [5, 6, 700])
        await backend.clear([0, 9])
        found: list[int] = []
        while got := (await backend.get_meta(["value"], 64, task_name="t"))["global_indexes"]:
            found += got
        assert found == [i for i in range(1000) if i not in (0, 5, 6, 9, 700)]
        await backend.get_meta(["value"], 1, task_name="t")
        assert len(backend._consumed["t"][1]) == 0

    run(main())


def test_a_batch_that_stops_halfway_says_how_much_of_it_is_stored(tmp_path):
    script = """
import asyncio, os, resource, signal, sys, lancea.queue
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
async def main():
    backend = lancea.queue.LanceBackend(0, sys.argv[1], max_buffer_records=10_000)
    await backend.put({"value": 0})
    await backend.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    try:
        await backend.put_batch([{"value": i} for i in range(1, 100_000)])
    except lancea.queue.StorageError as error:
        assert 0 < error.stored < 99_999, error.stored
        rows = await backend.get(1 << 40, 0)
        assert [row["value"] for row in rows] == list(range(error.stored + 1))
        os._exit(7)
asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert told.returncode == 7, told.stderr


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

    # Without Pulsing: what it lacks is not what this is about.
    monkeypatch.setattr(lancea.queue, "complete_pulsing", lambda: None)
    assert lancea.persisting.queue.LanceBackend is LanceBackend
    monkeypatch.setitem(sys.modules, "persisting", None)
    monkeypatch.setitem(sys.modules, "persisting.queue", None)
    lancea.persisting.install()
    import persisting as pst
    from persisting.queue import PersistingBackend as other

    assert pst.queue.LanceBackend is LanceBackend
    assert other is PersistingBackend


def test_a_program_that_names_persisting_runs_unchanged(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        """
import asyncio, sys
import persisting as pst
from persisting.queue import PersistingBackend
async def main():
    backend = pst.queue.LanceBackend(bucket_id=0, storage_path=sys.argv[1], batch_size=10)
    await backend.put({"id": 1})
    await backend.flush()
    print(__name__, await backend.get(10, 0), sys.argv[2:])
asyncio.run(main())
"""
    )
    command = [sys.executable, "-m", "lancea.persisting", str(program), str(tmp_path / "b"), "x"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    assert told == "__main__ [{'id': 1}] ['x']\n"


def test_the_options_of_the_writer_hold_whoever_opened_the_bucket(tmp_path):
    async def main():
        reader = LanceBackend(0, str(tmp_path))
        assert await reader.get(10, 0) == []
        writer = PersistingBackend(0, str(tmp_path), flush_threshold=5)
        for i in range(7):
            await writer.put(record(i))
        assert numbers(await reader.get(10, 0)) == list(range(7))
        stats = await reader.stats()
        assert (stats["persisted_count"], stats["buffer_count"]) == (5, 2)
        assert stats["wal_bytes"] > 0

    run(main())


def test_who_may_not_write_is_told_so(tmp_path):
    async def main():
        first = LanceBackend(0, str(tmp_path / "wal" / "b"))
        await first.put(record(0))
        second = PersistingBackend(0, str(tmp_path / "wal" / "b"))
        with pytest.raises(BucketLockedError, match="LanceBackend of this process") as caught:
            await second.put(record(1))
        assert not isinstance(caught.value, WALError)

    run(main())


READ_ON = """
import asyncio, sys, lancea.queue
async def main():
    backend = lancea.queue.LanceBackend(0, sys.argv[1])
    count = int(sys.argv[2])
    stream = backend.get_stream(limit=count, wait=True, timeout=60)
    found = [row["value"] async for rows in stream for row in rows]
    assert found == list(range(count)), (len(found), count)
    for at in range(0, count, 97):
        rows = await backend.get(5, at)
        assert [row["value"] for row in rows] == list(range(at, min(at + 5, count))), (at, rows)
asyncio.run(main())
"""


def test_readers_of_another_process_go_on_during_compaction(tmp_path):
    """Versions and merged fragments are removed at once: a reader is always late."""

    async def main():
        command = [sys.executable, "-c", READ_ON, str(tmp_path), "3000"]
        others = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
        backend = LanceBackend(0, str(tmp_path), flush_threshold=10, retain_versions=0.0)
        for at in range(0, 3000, 10):
            await backend.put_batch([record(i) for i in range(at, at + 10)])
            await backend.flush()
        assert [await asyncio.wait_for(other.wait(), 120) for other in others] == [0, 0]
        stats = await backend.stats()
        assert stats["merges"] > 10
        assert stats["fragments"] < 60
        assert stats["maintenance_error"] == ""

    run(main())


def test_numbers_that_are_no_times_are_refused(tmp_path):
    async def main():
        with pytest.raises(ValueError, match="wal_sync_interval"):
            PersistingBackend(0, str(tmp_path), wal_sync_interval=-1)
        backend = LanceBackend(0, str(tmp_path), retain_versions=-1)
        with pytest.raises(StorageError, match="retain_versions_seconds"):
            await backend.put(record(0))

    run(main())
