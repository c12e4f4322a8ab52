"""The real Pulsing with these backends: the documents' examples, two processes, and pylance."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import lance
import pytest

if importlib.util.find_spec("pulsing") is None:
    pytest.skip("pulsing is not installed", allow_module_level=True)

HERE = Path(__file__).parent
CASES = """the_examples_of_the_document the_examples_with_a_log two_topics_on_one_path_are_refused
           a_blocked_reader_gets_what_is_put_later a_backend_is_a_storage_backend
           our_helpers_go_through_the_actors_of_a_system records_survive_the_system""".split()


def count_rows(path: Path) -> int:
    tables = sorted(path.glob("**/bucket_*/data.lance"))
    return sum(lance.dataset(str(table)).count_rows() for table in tables)


@pytest.mark.parametrize("case", CASES)
def test_in_one_process(tmp_path, case):
    told = subprocess.run(
        [sys.executable, str(HERE / "pulsing_cases.py"), case, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.stdout.endswith("done\n"), told.stdout + told.stderr


@pytest.mark.parametrize("backend", ["lance", "persisting"])
def test_two_processes_share_the_buckets(tmp_path, backend):
    def start(*args: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, str(HERE / "pulsing_node.py"), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def go(process: subprocess.Popen) -> None:
        process.stdin.write("\n")
        process.stdin.flush()

    first = start("first", str(tmp_path), backend)
    nodes = [first]
    try:
        address = first.stdout.readline().strip()
        assert address, first.stderr.read()
        second = start("second", str(tmp_path), backend, address)
        nodes.append(second)
        assert second.stdout.readline().strip(), second.stderr.read()
        go(first)
        go(second)
        expected = list(range(200))
        assert [int(n) for n in second.stdout.readline().split()] == expected
        go(first)
        assert [int(n) for n in first.stdout.readline().split()] == expected
        assert count_rows(tmp_path) == 200
        for node in nodes:
            go(node)
        assert [node.wait(60) for node in nodes] == [0, 0]
    finally:
        for node in nodes:
            node.kill()
            node.wait()
