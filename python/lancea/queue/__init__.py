"""Durable queues on Lance tables, alone or as storage of Pulsing's queues.

With Pulsing (0.1.0 and 0.1.2)::

    from pulsing.streaming import register_backend      # 0.1.0: pulsing.queue
    register_backend("lance", lancea.queue.LanceBackend)
    writer = await write_queue(system, "topic", backend="lance", storage_path="/data/queues")

Without it, in one process or several::

    writer = await lancea.queue.write_queue("topic", storage_path="/data/queues")
    await writer.put({"id": "1", "text": "hello"})
    reader = await lancea.queue.read_queue("topic", storage_path="/data/queues")
    async for records in reader.get_stream(wait=True): ...
"""

from lancea.queue.backend import LanceBackend
from lancea.queue.errors import BucketLockedError, RecordError, StorageError, WALError
from lancea.queue.metrics import metrics_text, serve_metrics
from lancea.queue.persisting import PersistingBackend
from lancea.queue.queue import Queue, QueueReader, QueueWriter, read_queue, write_queue
from lancea.queue.registration import complete_pulsing, register_backend, register_backends

__all__ = [
    "BucketLockedError",
    "LanceBackend",
    "PersistingBackend",
    "Queue",
    "QueueReader",
    "QueueWriter",
    "RecordError",
    "StorageError",
    "WALError",
    "complete_pulsing",
    "metrics_text",
    "read_queue",
    "register_backend",
    "register_backends",
    "serve_metrics",
    "write_queue",
]
