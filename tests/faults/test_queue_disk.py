"""Queues on a disk that is really full: a small file system in memory, where one may be mounted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess

import lance
import pytest

from lancea.queue import LanceBackend, PersistingBackend, StorageError, WALError

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    told = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True
    )
    if told.returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def numbers(rows) -> list[int]:
    return [row["n"] for row in rows]


def noise(n: int, size: int) -> bytes:
    return os.urandom(size - 8) + n.to_bytes(8, "little")


@pytest.mark.parametrize("size", [700, 30_000, 400_000])
@pytest.mark.parametrize("backend_class", [LanceBackend, PersistingBackend])
def test_a_full_disk_loses_nothing_and_is_got_over(small_disk, backend_class, size):
    """Puts until nothing goes any more, then space, then more puts."""
    path = small_disk / "bucket"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3 * MEGABYTE))

    async def main():
        backend = backend_class(
            0, str(path), flush_threshold=20, max_buffer_bytes=2 * MEGABYTE, retain_versions=0.0
        )
        stored: list[int] = []
        errors: list[StorageError] = []
        for n in range(40_000):
            try:
                await backend.put({"n": n, "x": noise(n, size)})
                stored.append(n)
            except StorageError as error:
                errors.append(error)
                if len(errors) > 3:
                    break
        assert len(errors) > 3
        assert all("space" in str(error) for error in errors), errors
        if backend_class is LanceBackend:
            assert not any(isinstance(error, WALError) for error in errors)
        assert len(stored) > 5
        assert numbers(await backend.get(1 << 40, 0)) == stored
        with contextlib.suppress(StorageError):
            await backend.flush()
        assert numbers(await backend.get(1 << 40, 0)) == stored

        ballast.unlink()
        # The first may still be told of the flush that failed before; it has it tried again.
        for _ in range(100):
            try:
                await backend.put({"n": 40_000, "x": b""})
                break
            except StorageError:
                await asyncio.sleep(0.05)
        stored.append(40_000)
        for n in range(40_001, 40_020):
            await backend.put({"n": n, "x": noise(n, 100)})
            stored.append(n)
        await backend.flush()
        assert numbers(await backend.get(1 << 40, 0)) == stored
        backend.close()
        rows = lance.dataset(str(path / "data.lance")).to_table(columns=["n"])["n"].to_pylist()
        assert rows == stored
        again = backend_class(0, str(path))
        assert numbers(await again.get(1 << 40, 0)) == stored
        again.close()

    asyncio.run(main())
