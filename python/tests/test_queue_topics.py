"""Topics without Pulsing: buckets, writers, readers, in one process and in two."""

from __future__ import annotations

import asyncio
import sys

import lance
import pytest

from lancea.queue import RecordError, StorageError, read_queue, write_queue


def test_the_layout_and_the_examples_of_the_document(tmp_path):
    async def main():
        writer = await write_queue(topic="my_topic", storage_path=tmp_path, num_buckets=1)
        await writer.put({"id": "1", "text": "Hello", "vector": [0.1, 0.2, 0.3]})
        await writer.put({"id": "2", "text": "World", "vector": [0.4, 0.5, 0.6]})
        await writer.flush()
        reader = await read_queue("my_topic", storage_path=tmp_path)
        records = await reader.get(limit=10)
        assert [r["text"] for r in records] == ["Hello", "World"]
        stats = await writer.stats()
        assert (stats["total_count"], stats["buffer_count"], stats["persisted_count"]) == (2, 0, 2)
        assert [r async for r in reader.get_stream(offset=0, limit=100)] == records
        table = lance.dataset(str(tmp_path / "my_topic" / "bucket_0" / "data.lance"))
        assert table.count_rows() == 2

    asyncio.run(main())


def test_records_spread_over_buckets_as_in_pulsing(tmp_path):
    async def main():
        async with await write_queue("t", storage_path=tmp_path, num_buckets=4) as writer:
            await writer.put([{"id": f"key-{i}", "n": i} for i in range(200)])
            await writer.put({"id": "key-0", "n": 200})
            await writer.flush()
        counts = [
            lance.dataset(str(tmp_path / "t" / f"bucket_{i}" / "data.lance")).count_rows()
            for i in range(4)
        ]
        assert sum(counts) == 201
        assert min(counts) > 20
        reader = await read_queue("t", storage_path=tmp_path)
        assert reader.num_buckets == 4
        assert sorted(r["n"] for r in await reader.get(limit=1000)) == list(range(201))
        assert await reader.get(limit=10) == []
        halves = [
            await read_queue("t", storage_path=tmp_path, rank=rank, world_size=2) for rank in (0, 1)
        ]
        found = [await half.get(limit=1000) for half in halves]
        assert sorted(r["n"] for half in found for r in half) == list(range(201))

    asyncio.run(main())


def test_a_reader_waits_for_any_bucket(tmp_path):
    async def main():
        writer = await write_queue("t", storage_path=tmp_path, num_buckets=3)
        reader = await read_queue("t", storage_path=tmp_path)

        async def read():
            return [r["n"] async for r in reader.get_stream(limit=30, block=True, timeout=20)]

        task = asyncio.create_task(read())
        for i in range(30):
            await asyncio.sleep(0.001)
            await writer.put({"id": str(i), "n": i})
        assert sorted(await task) == list(range(30))
        assert await reader.get(wait=True, timeout=0.05) == []

    asyncio.run(main())


def test_a_reader_in_another_process_follows(tmp_path):
    script = """
import asyncio, sys, lancea.queue
async def main():
    reader = await lancea.queue.read_queue("t", storage_path=sys.argv[1], num_buckets=2)
    found = [r["n"] async for r in reader.get_stream(limit=50, block=True, timeout=60)]
    assert sorted(found) == list(range(50)), found
asyncio.run(main())
"""

    async def main():
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(tmp_path))
        writer = await write_queue("t", storage_path=tmp_path, num_buckets=2)
        for i in range(50):
            await writer.put({"id": str(i), "n": i})
            if i % 10 == 9:
                await writer.flush()
                await asyncio.sleep(0.05)
        assert await asyncio.wait_for(other.wait(), 120) == 0

    asyncio.run(main())


def test_a_queue_has_one_number_of_buckets(tmp_path):
    async def main():
        await write_queue("t", storage_path=tmp_path, num_buckets=2)
        with pytest.raises(StorageError, match="num_buckets"):
            await write_queue("t", storage_path=tmp_path, num_buckets=3)
        with pytest.raises(StorageError, match="num_buckets"):
            await read_queue("t", storage_path=tmp_path, num_buckets=3)

    asyncio.run(main())


def test_refused_records_of_several_buckets_are_told_by_their_places(tmp_path):
    async def main():
        writer = await write_queue("t", storage_path=tmp_path, num_buckets=2)
        await writer.put([{"id": str(i), "n": i} for i in range(20)])
        with pytest.raises(RecordError) as caught:
            await writer.put([{"id": str(i), "n": "x" if i in (3, 7) else i} for i in range(10)])
        assert [index for index, *_ in caught.value.refused] == [3, 7]
        assert caught.value.stored == 8
        with pytest.raises(ValueError, match="id"):
            await writer.put({"n": 1})

    asyncio.run(main())


@pytest.mark.parametrize("topic", ["", "..", "a/b", "a\\b"])
def test_topics_are_names_of_folders(tmp_path, topic):
    with pytest.raises(ValueError, match="topic"):
        asyncio.run(write_queue(topic, storage_path=tmp_path))
