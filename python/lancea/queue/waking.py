"""Waiting for buckets on an event loop: one descriptor per loop, no threads and no polling."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from lancea import _lancea


class LoopWaker:
    """Wakes coroutines of one loop when the bucket they wait for changes."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._waker = _lancea.QueueWaker()
        self._waiters: dict[int, set[asyncio.Future]] = {}
        loop.add_reader(self._waker.descriptor, self._on_readable)

    def _on_readable(self) -> None:
        for token in self._waker.drain():
            for waiter in self._waiters.pop(token, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def waiter(self, core: Any) -> asyncio.Future:
        """A future done at the next change of a bucket. Look at the bucket, then await it."""
        future = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(core.token, set()).add(future)
        core.bucket.wake_once(self._waker, core.token)
        return future

    def drop(self, core: Any, future: asyncio.Future) -> None:
        waiters = self._waiters.get(core.token)
        if waiters is not None:
            waiters.discard(future)
        future.cancel()


_wakers: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def loop_waker() -> LoopWaker:
    """The waker of the running loop."""
    loop = asyncio.get_running_loop()
    waker = _wakers.get(loop)
    if waker is None:
        waker = _wakers[loop] = LoopWaker(loop)
    return waker
