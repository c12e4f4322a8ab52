"""What test_pulsing.py has run in a process of its own: ``pulsing_cases.py CASE FOLDER``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import lance
import pulsing
import pytest

import lancea.persisting as pst
import lancea.queue
from lancea.queue.registration import pulsing_queues


def run_in_system(work) -> None:
    async def main():
        system = await pulsing.actor_system()
        try:
            await asyncio.wait_for(work(system), 120)
        finally:
            await system.shutdown()

    asyncio.run(main())


def count_rows(path: Path) -> int:
    tables = sorted(path.glob("**/bucket_*/data.lance"))
    return sum(lance.dataset(str(table)).count_rows() for table in tables)


def the_examples_of_the_document(tmp_path, name="lance"):
    queues = pulsing_queues()
    queues.register_backend("lance", pst.queue.LanceBackend)
    queues.register_backend("persisting", pst.queue.PersistingBackend)
    assert name in queues.list_backends()

    async def work(system):
        writer = await queues.write_queue(
            system,
            topic="my_topic",
            backend=name,
            storage_path=str(tmp_path / "queues"),
            batch_size=100,
            backend_options={"flush_threshold": 500},
        )
        await writer.put({"id": "1", "text": "Hello", "vector": [0.1, 0.2, 0.3]})
        await writer.put({"id": "2", "text": "World", "vector": [0.4, 0.5, 0.6]})
        await writer.flush()
        assert count_rows(tmp_path) == 2
        # The wrong type: refused, and told to the caller, who goes on.
        with pytest.raises(Exception, match=r"vector.*expected.*found"):
            await writer.put({"id": "1", "text": "Hello", "vector": "none"})
        await writer.put(
            [{"id": str(i), "text": "t", "vector": [1.0, 2.0, 3.0]} for i in range(600)]
        )
        await writer.flush()
        stats = (await writer.queue.stats())["buckets"]
        assert sum(bucket["total_count"] for bucket in stats.values()) == 602
        assert sum(bucket["persisted_count"] for bucket in stats.values()) == 602
        for number, bucket in stats.items():
            assert bucket["bucket_id"] == number
            assert {"buffer_size", "buffer_count", "storage_path", "backend"} <= set(bucket)
        # As the document has it. Pulsing would make buckets that nobody wrote to of its own kind.
        reader = await queues.read_queue(system, "my_topic")
        records = await reader.get(limit=1000)
        assert len(records) == 602
        assert {"Hello", "World"} <= {record["text"] for record in records}
        assert count_rows(tmp_path) == 602

    run_in_system(work)


def the_examples_with_a_log(tmp_path):
    the_examples_of_the_document(tmp_path, "persisting")


def a_blocked_reader_gets_what_is_put_later(tmp_path):
    async def work(system):
        options = {"backend": "lance", "storage_path": str(tmp_path), "num_buckets": 1}
        lancea.queue.register_backends()
        writer = await pulsing_queues().write_queue(system, "t", **options)
        reader = await pulsing_queues().read_queue(system, "t", **options)

        async def later():
            await asyncio.sleep(0.2)
            await writer.put({"id": "1", "n": 1})

        task = asyncio.create_task(later())
        assert await reader.get(limit=1, wait=True, timeout=30) == [{"id": "1", "n": 1}]
        await task

    run_in_system(work)


def our_helpers_go_through_the_actors_of_a_system(tmp_path):
    async def work(system):
        writer = await lancea.queue.write_queue(system, topic="my_topic", storage_path=tmp_path)
        await writer.put_batch([{"id": str(i), "value": i} for i in range(100)])
        await writer.flush()
        stats = await writer.stats()
        assert (stats["total_count"], stats["persisted_count"], stats["buffer_count"]) == (
            100,
            100,
            0,
        )
        reader = await lancea.queue.read_queue(system, "my_topic", storage_path=tmp_path)
        assert len(await reader.get(limit=10, offset=0)) == 10
        found = [record["value"] async for record in reader.get_stream(offset=0, limit=100)]
        assert sorted(found) == list(range(100))
        found = [r["value"] async for r in reader.get_stream(block=True, timeout=0.2)]
        assert found == []
        assert (tmp_path / "my_topic" / "bucket_0" / "data.lance").is_dir()
        assert count_rows(tmp_path / "my_topic") == 100

    run_in_system(work)


def a_backend_is_a_storage_backend(tmp_path):
    module = pulsing_queues()
    assert isinstance(lancea.queue.LanceBackend(0, str(tmp_path / "a")), module.StorageBackend)
    assert isinstance(lancea.queue.PersistingBackend(0, str(tmp_path / "b")), module.StorageBackend)


def two_topics_on_one_path_are_refused(tmp_path):
    async def work(system):
        lancea.queue.register_backends()
        options = {"backend": "lance", "storage_path": str(tmp_path), "num_buckets": 1}
        first = await pulsing_queues().write_queue(system, "a", **options)
        await first.put({"id": "1"})
        second = await pulsing_queues().write_queue(system, "b", **options)
        with pytest.raises(Exception, match="two topics"):
            await second.put({"id": "2"})
        await first.flush()
        assert count_rows(tmp_path) == 1

    run_in_system(work)


def records_survive_the_system(tmp_path):
    lancea.queue.register_backends()
    options = {"backend": "persisting", "storage_path": str(tmp_path), "num_buckets": 2}

    for round_ in range(3):

        async def work(system, round_=round_):
            writer = await pulsing_queues().write_queue(system, "t", **options)
            for i in range(10):
                await writer.put({"id": str(i), "n": 10 * round_ + i})
            reader = await pulsing_queues().read_queue(system, "t", **options)
            found = sorted(record["n"] for record in await reader.get(limit=100))
            assert found == list(range(10 * round_ + 10))

        run_in_system(work)


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
    print("done", flush=True)
    # Pulsing's threads may abort the interpreter while it ends, whatever the backend.
    os._exit(0)
