"""``lancea queue stat|tail|verify``: a look at buckets while somebody writes them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lancea.queue import PersistingBackend, write_queue

COMMAND = Path(sys.executable).with_name("lancea")


@pytest.fixture(autouse=True)
def _command():
    if not COMMAND.exists():
        pytest.skip("the command lancea is not beside this Python")


def lancea_queue(*args: object, code: int = 0) -> str:
    told = subprocess.run(
        [str(COMMAND), "queue", *map(str, args)], capture_output=True, text=True, timeout=60
    )
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout + told.stderr


def test_stat_tail_and_verify_of_a_bucket_being_written(tmp_path):
    async def main():
        backend = PersistingBackend(0, str(tmp_path))
        await backend.put_batch([{"n": i, "text": f"row {i}"} for i in range(20)])
        await backend.flush()
        await backend.put({"n": 20, "text": "logged"})
        text = lancea_queue("stat", tmp_path)
        assert "20 records" in text
        assert "1 record not in the table" in text
        assert f"process {os.getpid()}" in text
        stat = json.loads(lancea_queue("stat", tmp_path, "--json"))
        assert (stat["persisted_count"], stat["wal_count"]) == (20, 1)
        assert stat["writer_process"] == os.getpid()
        rows = [json.loads(line) for line in lancea_queue("tail", tmp_path, "-n", 2).splitlines()]
        assert rows == [{"n": 18, "text": "row 18"}, {"n": 19, "text": "row 19"}]
        assert "sound" in lancea_queue("verify", tmp_path)

        follower = subprocess.Popen(
            [str(COMMAND), "queue", "tail", str(tmp_path), "-n", "0", "-f"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            await backend.flush()
            await backend.put({"n": 21, "text": "late"})
            await asyncio.sleep(0.3)
            await backend.flush()
            loop = asyncio.get_running_loop()
            while True:
                line = await asyncio.wait_for(
                    loop.run_in_executor(None, follower.stdout.readline), 60
                )
                if json.loads(line)["n"] == 21:
                    break
        finally:
            follower.kill()
            follower.wait()

    asyncio.run(main())


def test_verify_names_damage(tmp_path):
    script = """
import asyncio, os, sys, lancea.queue
async def main():
    backend = lancea.queue.PersistingBackend(0, sys.argv[1])
    for i in range(10): await backend.put({"n": i, "text": "x" * 100})
    os._exit(0)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)
    (segment,) = (tmp_path / "wal").glob("*.log")
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    segment.write_bytes(bytes(damaged))
    text = lancea_queue("verify", tmp_path, code=1)
    assert segment.name in text
    assert "at byte" in text


def test_all_buckets_of_a_topic(tmp_path):
    async def main():
        async with await write_queue("t", storage_path=tmp_path, num_buckets=3) as writer:
            await writer.put([{"id": str(i)} for i in range(60)])

    asyncio.run(main())
    text = lancea_queue("stat", tmp_path)
    assert text.count("bucket  ") == 3
    assert "60 records persisted" in text
    assert lancea_queue("verify", tmp_path / "t").count("sound") == 3
    lancea_queue("tail", tmp_path / "t", code=2)
    lancea_queue("stat", tmp_path / "nothing", code=3)
