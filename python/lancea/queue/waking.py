"""Waiting for a bucket on an event loop: one descriptor per loop, no threads and no polling."""

from __future__ import annotations

import asyncio
import weakref

from lancea import _lancea


class LoopWaker:
    """Wakes coroutines of one loop when a bucket that is subscribed to changes."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._waker = _lancea.QueueWaker()
        self._waiters: set[asyncio.Future] = set()
        self._loop = weakref.ref(loop)
        loop.add_reader(self._waker.descriptor, self._on_readable)

    @property
    def native(self):
        return self._waker

    def _on_readable(self) -> None:
        self._waker.drain()
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def waiter(self) -> asyncio.Future:
        """A future done at the next change. Look at the bucket after making it, then await it."""
        future = asyncio.get_running_loop().create_future()
        self._waiters.add(future)
        self._waker.arm()
        return future

    def drop(self, future: asyncio.Future) -> None:
        self._waiters.discard(future)
        future.cancel()


_wakers: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def loop_waker() -> LoopWaker:
    """The waker of the running loop."""
    loop = asyncio.get_running_loop()
    waker = _wakers.get(loop)
    if waker is None:
        waker = _wakers[loop] = LoopWaker(loop)
    return waker
