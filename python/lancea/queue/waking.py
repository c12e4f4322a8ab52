"""Waiting for buckets on an event loop: one descriptor per loop, no threads and no polling."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any

from lancea import _lancea


class LoopWaker:
    """Wakes coroutines of one loop when what they wait for holds of a bucket that changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._waker = _lancea.QueueWaker()
        self._waiting: dict[int, tuple[Any, list[tuple[Callable[[], bool], asyncio.Future]]]] = {}
        loop.add_reader(self._waker.descriptor, self._on_readable)

    def _on_readable(self) -> None:
        for token in self._waker.drain():
            core, waiters = self._waiting.pop(token, (None, ()))
            if core is not None:
                # Armed before they are asked: a change meanwhile wakes again.
                core.bucket.wake_once(self._waker, token)
                self._resolve(core, waiters)

    def _resolve(self, core: Any, waiters: Any) -> None:
        left = []
        for condition, future in waiters:
            if future.done():
                continue
            try:
                if condition():
                    future.set_result(None)
                else:
                    left.append((condition, future))
            except Exception as error:
                future.set_exception(error)
        if left:
            known = self._waiting.get(core.token)
            self._waiting[core.token] = (core, left if known is None else known[1] + left)

    def wait_for(self, core: Any, condition: Callable[[], bool]) -> asyncio.Future:
        """A future done once `condition()` holds of a bucket. Cancel it to wait no longer."""
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(core.token)
        if waiting is None:
            waiting = self._waiting[core.token] = (core, [])
            core.bucket.wake_once(self._waker, core.token)
        if condition():
            future.set_result(None)
        else:
            waiting[1].append((condition, future))
        return future


_wakers: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def loop_waker() -> LoopWaker:
    """The waker of the running loop."""
    loop = asyncio.get_running_loop()
    waker = _wakers.get(loop)
    if waker is None:
        waker = _wakers[loop] = LoopWaker(loop)
    return waker
