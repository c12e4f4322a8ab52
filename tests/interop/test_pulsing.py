"""The real Pulsing with these backends: the documents' examples, two processes, and pylance."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import lance
import pytest

if importlib.util.find_spec("pulsing") is None:
    pytest.skip("pulsing is not installed", allow_module_level=True)

HERE = Path(__file__).parent
# What tools/bootstrap.sh puts beside the newest release; its queues are in pulsing.queue.
OLD = HERE.parents[1] / ".venv/pulsing-0.1.0"
CASES = """the_examples_of_the_document the_examples_with_a_log two_topics_on_one_path_are_refused
           a_blocked_reader_gets_what_is_put_later a_backend_is_a_storage_backend
           our_helpers_go_through_the_actors_of_a_system records_survive_the_system""".split()
RELEASES = [
    "installed",
    pytest.param(
        "0.1.0",
        marks=pytest.mark.skipif(not OLD.is_dir(), reason="pulsing 0.1.0 is not in .venv"),
    ),
]


def count_rows(path: Path) -> int:
    tables = sorted(path.glob("**/bucket_*/data.lance"))
    return sum(lance.dataset(str(table)).count_rows() for table in tables)


def environment(release: str) -> dict[str, str]:
    if release == "installed":
        return dict(os.environ)
    paths = [str(OLD), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("case", CASES)
def test_in_one_process(tmp_path, case, release):
    told = subprocess.run(
        [sys.executable, str(HERE / "pulsing_cases.py"), case, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment(release),
    )
    assert told.stdout.endswith("done\n"), told.stdout + told.stderr


def test_the_document_word_for_word(tmp_path):
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "lancea.persisting",
            str(HERE / "pulsing_document.py"),
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    expected = "total: 600\nbuffered: 100\npersisted: 500\ndone\n"
    assert told.stdout == expected, told.stdout + told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "buffered",
        "configured_topic",
        "my_topic",
        "topic",
    ]
    assert count_rows(tmp_path / "my_topic") >= 2
    assert count_rows(tmp_path / "buffered") == 100
    assert count_rows(tmp_path / "topic") >= 500


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("backend", ["lance", "persisting"])
def test_two_processes_share_the_buckets(tmp_path, backend, release):
    def start(*args: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, str(HERE / "pulsing_node.py"), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(release),
        )

    def hear(process: subprocess.Popen) -> list[str]:
        for line in process.stdout:
            if line.startswith("told "):
                return line.split()[1:]
        raise AssertionError(process.stderr.read())

    def go(process: subprocess.Popen) -> None:
        process.stdin.write("\n")
        process.stdin.flush()

    first = start("first", str(tmp_path), backend)
    nodes = [first]
    try:
        (address,) = hear(first)
        second = start("second", str(tmp_path), backend, address)
        nodes.append(second)
        hear(second)
        go(first)
        go(second)
        expected = list(range(200))
        assert [int(n) for n in hear(second)] == expected
        go(first)
        assert [int(n) for n in hear(first)] == expected
        assert count_rows(tmp_path) == 200
        for node in nodes:
            go(node)
        assert [node.wait(60) for node in nodes] == [0, 0]
    finally:
        for node in nodes:
            node.kill()
            node.wait()
