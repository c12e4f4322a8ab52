"""Tables in many threads and processes, pickled, and interrupted by Ctrl-C."""

from __future__ import annotations

import json
import multiprocessing
import operator
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from interop.support import assert_same_table, take_of

import lancea

SECONDS = 90  # after which something hangs


@pytest.mark.parametrize("start", ["fork", "forkserver", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:lance is not fork-safe:UserWarning")
def test_tables_are_read_by_other_processes(trips, expected, start):
    assert trips.to_table() == expected  # which starts threads, none of which a fork has
    fragments = trips.get_fragments()
    methods = [operator.methodcaller("to_table"), operator.methodcaller("take", [5, 1])]
    with multiprocessing.get_context(start).Pool(2) as pool:
        whole = pool.apply_async(methods[0], [trips])
        taken = pool.apply_async(methods[1], [trips])
        parts = pool.map_async(methods[0], fragments)
        assert_same_table(whole.get(SECONDS), expected)
        assert_same_table(taken.get(SECONDS), take_of(expected, [5, 1]))
        for part, fragment in zip(parts.get(SECONDS), fragments, strict=True):
            assert_same_table(part, fragment.to_table())


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:lance is not fork-safe:UserWarning")
def test_a_fork_in_the_middle_of_a_scan_reads_on(trips, expected):
    """The child has the memory of its parent, and none of its threads."""
    batches = trips.to_batches(batch_size=10, columns=["id"])
    first = next(batches)
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ids = trips.to_table(["id"])["id"].to_pylist()
            again = lancea.dataset(trips.uri).take([0, 900], ["id"])["id"].to_pylist()
            os.write(sender, json.dumps([len(ids), ids[-1], *again]).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(sender)
    timer = threading.Timer(SECONDS, os.kill, (child, signal.SIGKILL))
    timer.start()
    with os.fdopen(receiver) as file:
        answer = file.read()
    assert os.waitpid(child, 0)[1] == 0
    timer.cancel()
    ids = expected["id"].to_pylist()
    assert json.loads(answer) == [len(ids), ids[-1], ids[0], ids[900]]
    rest = [i for batch in batches for i in batch["id"].to_pylist()]
    assert first["id"].to_pylist() + rest == ids


def test_threads_read_one_table_at_once(trips, expected):
    def read(number: int) -> None:
        columns = [expected.column_names[number % 6], "id"]
        columns = list(dict.fromkeys(columns))
        if number % 3 == 0:
            assert_same_table(trips.to_table(columns), expected.select(columns))
        elif number % 3 == 1:
            rows = [number, 900 - number, number]
            assert_same_table(trips.take(rows, columns), take_of(expected.select(columns), rows))
        else:
            batches = trips.to_batches(columns, batch_size=64, batch_readahead=3)
            assert sum(len(batch) for batch in batches) == len(expected)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(read, number) for number in range(150)]:
            done.result(SECONDS)


def test_threads_open_the_same_table_at_once(trips_path, expected):
    for _ in range(5):
        session = lancea.Session()
        with ThreadPoolExecutor(8) as threads:
            arguments = {"uri": trips_path, "session": session}
            opened = [threads.submit(lancea.dataset, **arguments) for _ in range(16)]
            for done in opened:
                assert done.result(SECONDS).to_table(["id"]) == expected.select(["id"])


def test_one_stream_may_pass_between_threads(trips, expected):
    reader, parts = trips.to_reader(batch_size=50), []
    while True:
        with ThreadPoolExecutor(1) as thread:
            try:
                parts.append(thread.submit(reader.read_next_batch).result(SECONDS))
            except StopIteration:
                break
    assert sum(len(part) for part in parts) == len(expected)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_pickled_comes_back(trips, expected, protocol):
    def again(value):
        return pickle.loads(pickle.dumps(value, protocol))

    ds = again(trips)
    assert (ds.uri, ds.version) == (trips.uri, trips.version)
    assert_same_table(ds.to_table(), expected)
    assert again(trips.checkout_version(1)).version == 1
    fragment = trips.get_fragments()[2]
    assert again(fragment).fragment_id == 2
    assert_same_table(again(fragment).to_table(), fragment.to_table())
    assert again(fragment.metadata) == fragment.metadata
    assert again(trips.lance_schema) == trips.lance_schema
    assert again(trips.stats.data_stats()) == trips.stats.data_stats()
    defaults = lancea.dataset(trips.uri, default_scan_options={"columns": ["id"]})
    assert again(defaults).schema.names == ["id"]


def test_a_scan_is_not_pickled(trips):
    with pytest.raises(TypeError):
        pickle.dumps(trips.scanner())


INTERRUPTED = """
import os, signal, sys, threading, time
import lancea

ds = lancea.dataset(sys.argv[1])
actions = {
    "to_table": lambda: ds.to_table(),
    "to_batches": lambda: [None for _ in ds.to_batches(batch_size=16)],
    "to_reader": lambda: ds.to_reader().read_all(),
    "take": lambda: ds.take(list(range(0, 900, 7))),
    "count": lambda: ds.scanner(limit=500).count_rows(),
    "open": lambda: lancea.dataset(sys.argv[1], session=lancea.Session()),
}
action = actions[sys.argv[2]]
expected = ds.to_table()
slowest = 0.0
for delay in range(40):
    sent = []
    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(delay / 2000, interrupt)
    try:
        timer.start()
        while not sent or time.monotonic() < sent[0] + 20:
            action()
        sys.exit(f"interrupt {delay} got lost")
    except KeyboardInterrupt:
        slowest = max(slowest, time.monotonic() - sent[0])
    timer.join()
assert ds.to_table() == expected
print(f"{slowest:.3f}")
"""


@pytest.mark.parametrize("action", ["to_table", "to_batches", "to_reader", "take", "count", "open"])
def test_ctrl_c_interrupts_whatever_runs_and_is_never_lost(trips_path, run_python, action):
    """Forty interrupts at forty moments; each raises KeyboardInterrupt, and the table works on."""
    assert float(run_python(INTERRUPTED, trips_path, action)) < 10


def test_ctrl_c_ends_a_program_that_does_not_catch_it(trips_path):
    program = (
        "import sys, lancea\n"
        "ds = lancea.dataset(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "while True: ds.to_table()\n"
    )
    command = [sys.executable, "-c", program, trips_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            assert child.stdout.readline() == b"ready\n"
            child.send_signal(signal.SIGINT)
            _, error = child.communicate(timeout=SECONDS)
        finally:
            child.kill()
    assert b"KeyboardInterrupt" in error
    assert child.returncode == -signal.SIGINT


def test_another_handler_of_sigint_stays_in_place(trips_path, run_python):
    program = """
import os, signal, sys, lancea
seen = []
def handler(number, frame): seen.append(number)
signal.signal(signal.SIGINT, handler)
ds = lancea.dataset(sys.argv[1])
ds.to_table()
assert signal.getsignal(signal.SIGINT) is handler
os.kill(os.getpid(), signal.SIGINT)
ds.to_table()
print(len(seen))
"""
    assert run_python(program, trips_path) == "1\n"
