"""Waiting for buckets on an event loop: one descriptor per loop, no threads and no polling."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from lancea import _lancea


class _Waiters:
    """Who waits for one bucket."""

    def __init__(self, core: Any):
        self.core = core
        self.conditions: list[tuple[Callable[[], bool], asyncio.Future]] = []
        # Puts finish in the order in which they were begun: those behind one that has not finished
        # need no look, however many there are.
        self.puts: deque[tuple[Any, asyncio.Future]] = deque()

    def resolve(self) -> bool:
        """Wake those whose time has come. :return: somebody is left"""
        while self.puts and self.puts[0][0].done():
            future = self.puts.popleft()[1]
            if not future.done():
                future.set_result(None)
        left = []
        for condition, future in self.conditions:
            if future.done():
                continue
            try:
                if condition():
                    future.set_result(None)
                else:
                    left.append((condition, future))
            except Exception as error:
                future.set_exception(error)
        self.conditions = left
        return bool(left or self.puts)


class LoopWaker:
    """Wakes coroutines of one loop when what they wait for holds of a bucket that changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._waker = _lancea.QueueWaker()
        self._waiters: dict[int, _Waiters] = {}
        loop.add_reader(self._waker.descriptor, self._on_readable)

    def _on_readable(self) -> None:
        for token in self._waker.drain():
            waiters = self._waiters.get(token)
            if waiters is not None:
                # Armed before they are asked: a change meanwhile wakes again.
                waiters.core.bucket.wake_once(self._waker, token)
                if not waiters.resolve():
                    del self._waiters[token]

    def _of(self, core: Any) -> _Waiters:
        waiters = self._waiters.get(core.token)
        if waiters is None:
            waiters = self._waiters[core.token] = _Waiters(core)
            core.bucket.wake_once(self._waker, core.token)
        return waiters

    def wait_for(self, core: Any, condition: Callable[[], bool]) -> asyncio.Future:
        """A future done once `condition()` holds of a bucket. Cancel it to wait no longer."""
        future = asyncio.get_running_loop().create_future()
        waiters = self._of(core)
        if condition():
            future.set_result(None)
        else:
            waiters.conditions.append((condition, future))
        return future

    def wait_for_put(self, core: Any, put: Any) -> asyncio.Future:
        """The same for a put of the core, to be called in the order of the puts."""
        future = asyncio.get_running_loop().create_future()
        waiters = self._of(core)
        if put.done():
            future.set_result(None)
        else:
            waiters.puts.append((put, future))
        return future


_wakers: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def loop_waker() -> LoopWaker:
    """The waker of the running loop."""
    loop = asyncio.get_running_loop()
    waker = _wakers.get(loop)
    if waker is None:
        waker = _wakers[loop] = LoopWaker(loop)
    return waker
