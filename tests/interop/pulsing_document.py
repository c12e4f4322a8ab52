"""The examples of the document "Lance backend", word for word but for folders and the end of a
stream that waits. Run by ``python -m lancea.persisting pulsing_document.py FOLDER``: what they name
is there, in the Pulsing that is installed.
"""

import asyncio
import os
import sys

import persisting as pst
import pulsing as pul

FOLDER = sys.argv[1]


async def basic_use(system):
    # Register the backend.
    pul.queue.register_backend("lance", pst.queue.LanceBackend)

    # Make a writer.
    writer = await pul.queue.write_queue(
        system,
        topic="my_topic",
        backend="lance",
        storage_path=FOLDER,
    )

    # Write.
    await writer.put({"id": "1", "text": "Hello", "vector": [0.1, 0.2, 0.3]})
    await writer.put({"id": "2", "text": "World", "vector": [0.4, 0.5, 0.6]})

    # Flush to persist.
    await writer.flush()

    # Read.
    reader = await pul.queue.read_queue(system, "my_topic")
    records = await reader.get(limit=10)
    assert sorted(record["text"] for record in records) == ["Hello", "World"]
    assert os.path.isdir(f"{FOLDER}/my_topic")
    return writer


async def configuration(system):
    writer = await pul.queue.write_queue(
        system,
        topic="configured_topic",
        backend="lance",
        storage_path=FOLDER,
        batch_size=100,
        backend_options={
            "flush_threshold": 500,
        },
    )
    # The first record says what the schema is.
    await writer.put(
        {
            "id": "1",
            "text": "Hello",
            "value": 42,
            "vector": [0.1, 0.2, 0.3],
        }
    )
    # Later records must match it.
    await writer.put(
        {
            "id": "2",
            "text": "World",
            "value": 100,
            "vector": [0.4, 0.5, 0.6],
        }
    )


async def buffering(system):
    writer = await pul.queue.write_queue(system, "buffered", backend="lance", storage_path=FOLDER)
    # Records are buffered.
    for i in range(100):
        await writer.put({"id": str(i), "value": i})

    # An explicit flush persists them.
    await writer.flush()


async def automatic_flush(system):
    writer = await pul.queue.write_queue(
        system,
        "topic",
        backend="lance",
        storage_path=FOLDER,
        num_buckets=1,
        backend_options={"flush_threshold": 500},
    )

    # After 500 records there is a flush.
    for i in range(600):
        await writer.put({"id": str(i), "value": i})

    stats = await writer.stats()
    print(f"total: {stats['total_count']}")
    print(f"buffered: {stats['buffer_count']}")
    print(f"persisted: {stats['persisted_count']}")


async def streams(system, writer):
    reader = await pul.queue.read_queue(system, "my_topic")
    found = []

    # A stream that ends.
    async for record in reader.get_stream(offset=0, limit=100):
        found.append(record["text"])
    assert sorted(found) == ["Hello", "World"]

    # One that waits.
    async def put_later():
        await asyncio.sleep(0.1)
        await writer.put({"id": "3", "text": "Later", "vector": [0.0, 0.0, 0.0]})

    later = asyncio.create_task(put_later())
    async for record in reader.get_stream(block=True):
        assert record["text"] == "Later"
        break
    await later


async def main():
    system = await pul.actor_system()
    writer = await basic_use(system)
    await configuration(system)
    await buffering(system)
    await automatic_flush(system)
    await streams(system, writer)
    await system.shutdown()


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(), 120))
    print("done", flush=True)
    # Pulsing's threads may abort the interpreter while it ends, whatever the backend.
    os._exit(0)
