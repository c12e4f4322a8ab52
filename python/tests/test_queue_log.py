"""The write-ahead log and metrics of PersistingBackend."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import urllib.request

import pytest

import lancea.queue
from lancea.queue import PersistingBackend, StorageError, WALError


def numbers(rows) -> list[int]:
    return [row["n"] for row in rows]


def crash_after(path, script: str, *args: str) -> None:
    """Run a script whose main ends by os._exit: nothing is flushed or closed."""
    code = f"import asyncio, os, sys, lancea.queue\npath = sys.argv[1]\n{script}"
    subprocess.run([sys.executable, "-c", code, str(path), *args], check=True, timeout=120)


PUT_100 = """
async def main():
    backend = lancea.queue.PersistingBackend(0, path, compression=sys.argv[2], flush_threshold=30)
    for i in range(50): await backend.put({"n": i, "text": "x" * i})
    await backend.put_batch([{"n": i, "text": "x" * i} for i in range(50, 100)])
    os._exit(0)
asyncio.run(main())
"""


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd", "snappy"])
def test_what_was_put_survives_the_process(tmp_path, compression):
    crash_after(tmp_path, PUT_100, compression)

    async def main():
        for _ in range(2):
            backend = PersistingBackend(0, str(tmp_path))
            assert numbers(await backend.get(1000, 0)) == list(range(100))
            backend.close()

    asyncio.run(main())


def test_a_backend_without_a_log_takes_what_another_left_in_it(tmp_path):
    crash_after(tmp_path, PUT_100, "none")

    async def main():
        backend = lancea.queue.LanceBackend(0, str(tmp_path))
        await backend.put({"n": 100, "text": ""})
        assert numbers(await backend.get(1000, 0)) == list(range(101))
        backend.close()
        assert not (tmp_path / "wal").exists()

    asyncio.run(main())


def test_an_interval_loses_at_most_what_was_put_in_it(tmp_path):
    script = """
async def main():
    backend = lancea.queue.PersistingBackend(0, path, wal_sync_interval=0.05)
    for i in range(100): await backend.put({"n": i})
    for i in (100, 101):  # the second sync to end began after all of the hundred
        syncs = (await backend.stats())["wal_syncs"]
        await backend.put({"n": i})
        while (await backend.stats())["wal_syncs"] == syncs: await asyncio.sleep(0.01)
    for i in range(102, 200): await backend.put({"n": i})
    os._exit(0)
asyncio.run(main())
"""
    crash_after(tmp_path, script)

    async def main():
        found = numbers(await PersistingBackend(0, str(tmp_path)).get(1000, 0))
        assert found == list(range(len(found)))
        assert len(found) >= 100

    asyncio.run(main())


def test_puts_at_once_share_fsyncs(tmp_path):
    async def main():
        backend = PersistingBackend(0, str(tmp_path))
        await backend.put({"n": 0})
        before = (await backend.stats())["wal_syncs"]
        await asyncio.gather(*(backend.put({"n": i}) for i in range(1, 1001)))
        assert (await backend.stats())["wal_syncs"] - before < 500
        assert numbers(await backend.get(2000, 0)) == list(range(1001))

    asyncio.run(main())


def test_damage_is_reported_and_what_is_sound_can_be_had(tmp_path):
    script = """
async def main():
    backend = lancea.queue.PersistingBackend(0, path)
    for i in range(20): await backend.put({"n": i, "text": "payload " * 20})
    os._exit(0)
asyncio.run(main())
"""
    crash_after(tmp_path, script)
    (segment,) = (tmp_path / "wal").glob("*.log")
    sound = segment.read_bytes()

    # A torn tail: the last put, cut short.
    segment.write_bytes(sound[:-5])
    shutil.copytree(tmp_path, tmp_path / "torn")
    backend = PersistingBackend(0, str(tmp_path / "torn"))
    assert numbers(asyncio.run(backend.get(100, 0))) == list(range(19))
    backend.close()

    damaged = bytearray(sound)
    damaged[len(sound) // 2] ^= 0x10
    segment.write_bytes(bytes(damaged))
    with pytest.raises(WALError, match=segment.name):
        PersistingBackend(0, str(tmp_path))
    assert segment.read_bytes() == bytes(damaged)
    backend = PersistingBackend(0, str(tmp_path), salvage_wal=True)
    found = numbers(asyncio.run(backend.get(100, 0)))
    assert len(found) == 19
    assert found == sorted(set(found))
    asyncio.run(backend.put({"n": 20, "text": ""}))
    backend.close()
    backend = PersistingBackend(0, str(tmp_path))
    assert numbers(asyncio.run(backend.get(100, 0))) == [*found, 20]


def test_a_full_disk_fails_the_put_and_loses_nothing_before(tmp_path):
    # The limit of file sizes is what a process can have of a full disk without being root.
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
async def main():
    backend = lancea.queue.PersistingBackend(0, path, flush_threshold=10**6)
    put = 0
    try:
        for i in range(1000):
            await backend.put({"n": i, "text": "x" * 1000})
            put = i + 1
    except lancea.queue.WALError as error:
        assert "large" in str(error) or "space" in str(error), error
    assert 100 < put < 1000, put
    rows = await backend.get(10_000, 0)
    assert [row["n"] for row in rows] == list(range(put))
    print(put)
    sys.stdout.flush()
    os._exit(0)
asyncio.run(main())
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    code = f"import asyncio, os, sys, lancea.queue\npath = sys.argv[1]\n{script}"
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    put = int(told.stdout)
    backend = PersistingBackend(0, str(tmp_path))
    assert numbers(asyncio.run(backend.get(10_000, 0))) == list(range(put))


def test_the_log_is_bounded(tmp_path):
    async def main():
        backend = PersistingBackend(
            0, str(tmp_path), max_wal_size=100_000, flush_threshold=10**6, wal_sync_interval=0.001
        )
        for i in range(200):
            await backend.put_batch([{"n": i, "text": "x" * 100}] * 100)
        for _ in range(500):
            if (await backend.stats())["flush_count"] > 0:
                break
            await asyncio.sleep(0.01)
        assert (await backend.stats())["flush_count"] > 0  # nobody asked for it
        await backend.flush()
        assert sum(f.stat().st_size for f in (tmp_path / "wal").iterdir()) < 1_000_000
        assert backend.total_count() == 20_000

    asyncio.run(main())


def test_another_process_is_named_when_it_has_the_lock(tmp_path):
    async def main():
        backend = PersistingBackend(0, str(tmp_path))
        await backend.put({"n": 1})
        script = """
import asyncio, sys, lancea.queue
backend = lancea.queue.PersistingBackend(0, sys.argv[1])
try:
    asyncio.run(backend.put({"n": 2}))
except lancea.queue.StorageError as error:
    assert "process " + sys.argv[2] in str(error), error
    sys.exit(7)
"""
        code = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), str(os.getpid())], timeout=120
        ).returncode
        assert code == 7

    asyncio.run(main())


def test_metrics_as_text_and_over_http(tmp_path):
    async def main():
        backend = PersistingBackend(5, str(tmp_path), enable_metrics=True)
        await backend.put_batch([{"n": i} for i in range(10)])
        await backend.flush()
        metrics = backend.get_metrics()
        assert (metrics["put_count"], metrics["flush_count"]) == (10, 1)
        assert (await backend.stats())["metrics"]["put_count"] == 10
        server = lancea.queue.serve_metrics()
        try:
            url = f"http://127.0.0.1:{server.server_port}/metrics"
            text = urllib.request.urlopen(url, timeout=20).read().decode()
        finally:
            server.shutdown()
        labels = f'bucket="5",path="{tmp_path}"'
        assert f"lancea_queue_put_records_total{{{labels}}} 10\n" in text
        assert f"lancea_queue_persisted_records{{{labels}}} 10\n" in text
        assert "# TYPE lancea_queue_wal_bytes gauge" in text

    asyncio.run(main())


def test_a_bucket_is_one_series_however_many_backends_have_it(tmp_path):
    async def main():
        backends = [PersistingBackend(0, str(tmp_path)) for _ in range(3)]
        await backends[0].put({"n": 1})
        text = lancea.queue.metrics_text()
        assert text.count(f'lancea_queue_records{{bucket="0",path="{tmp_path}"}} 1\n') == 1

    asyncio.run(main())


def test_many_puts_wait_side_by_side_in_order(tmp_path):
    async def main():
        backend = PersistingBackend(0, str(tmp_path), flush_threshold=100)
        tasks = [asyncio.create_task(backend.put({"n": i})) for i in range(500)]
        await asyncio.sleep(0)
        for task in tasks[1::7]:
            task.cancel()  # the caller stops waiting; the record may be stored all the same
        done = await asyncio.gather(*tasks, return_exceptions=True)
        stored = numbers(await backend.get(1000, 0))
        assert stored == sorted(stored)
        assert {i for i, error in enumerate(done) if error is None} <= set(stored)

    asyncio.run(main())


def test_errors_are_storage_errors():
    assert issubclass(lancea.queue.BucketLockedError, StorageError)
    assert issubclass(WALError, StorageError)
    assert issubclass(StorageError, OSError)
