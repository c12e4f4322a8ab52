"""The verbs that write: what they make of files, what they print, and with which code they end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("LANCE_LOG", "error")

import lance
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

LANCEA = Path(sys.executable).with_name("lancea")
DONE, DEFECTS, USAGE, NOT_FOUND, CORRUPT, UNSUPPORTED, FAILED = range(7)
INTERRUPTED = 130

ROWS = 1000
TABLE = pa.table({"id": range(ROWS), "name": [f"row {i}" for i in range(ROWS)]})


def run(*arguments, **options) -> subprocess.CompletedProcess:
    options = {"capture_output": True, "timeout": 60} | options
    return subprocess.run([str(LANCEA), *map(str, arguments)], check=False, **options)


def output(*arguments, **options) -> str:
    done = run(*arguments, **options)
    assert done.returncode == DONE, done.stderr
    assert done.stderr == b""
    return done.stdout.decode()


def write(path: Path) -> Path:
    """The rows as a file of the format its name says."""
    if path.suffix == ".parquet":
        pa.parquet.write_table(TABLE, path, row_group_size=300)
    elif path.suffix == ".csv":
        pa.csv.write_csv(TABLE, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_pylist()))
    elif path.suffix == ".arrow":
        pa.feather.write_feather(TABLE, path)
    else:
        with pa.ipc.new_stream(path, TABLE.schema) as stream:
            stream.write_table(TABLE)
    return path


@pytest.mark.parametrize("name", ["r.parquet", "r.csv", "r.jsonl", "r.arrow", "r.arrows"])
def test_files_of_every_format_become_tables(tmp_path, name):
    printed = output("import", write(tmp_path / name), tmp_path / "t.lance")
    assert printed.startswith(f"1,000 rows written to {tmp_path / 't.lance'}: version 1, ")
    assert lance.dataset(str(tmp_path / "t.lance")).to_table() == TABLE


def test_modes_and_several_files(tmp_path):
    files = [write(tmp_path / "a.parquet"), write(tmp_path / "b.csv")]
    table = tmp_path / "t.lance"
    assert "2,000 rows" in output("import", *files, table)
    assert "version 2" in output("write", table, "--from", files[0], "--mode", "append")
    assert lance.dataset(str(table)).to_table() == pa.concat_tables([TABLE] * 3)
    output("import", files[0], table, "--mode", "overwrite", "--message", "why", "--quiet")
    ds = lance.dataset(str(table))
    assert (ds.version, ds.count_rows()) == (3, ROWS)
    assert ds.read_transaction(3).transaction_properties == {"__lance_commit_message": "why"}


def test_options_reach_the_files(tmp_path):
    arguments = ["--storage-version", "2.1", "--max-rows-per-file", "400", "--compact"]
    output("import", write(tmp_path / "a.parquet"), tmp_path / "t", *arguments, "--no-checksums")
    ds = lance.dataset(str(tmp_path / "t"))
    assert ds.data_storage_version == "2.1"
    assert [f.count_rows() for f in ds.get_fragments()] == [400, 400, 200]
    assert ds.to_table() == TABLE


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.arrows"])
def test_rows_come_from_standard_input(tmp_path, name):
    kind = {"r.arrows": "arrow"}.get(name, name.partition(".")[2])
    rows = write(tmp_path / name).read_bytes()
    output("write", tmp_path / "t", "--from", "-", "--format", kind, input=rows)
    assert lance.dataset(str(tmp_path / "t")).to_table() == TABLE


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "{a}", "{t}"], USAGE, "Dataset already exists"),
        (["import", "{other}", "{t}", "--mode", "append"], USAGE, "different schema"),
        (["import", "{a}", "{other}", "{new}"], USAGE, "has other columns than"),
        (["import", "{t}/nothing.parquet", "{new}"], FAILED, "nothing.parquet"),
        (["import", "{t}", "{new}"], USAGE, "cannot tell the format"),
        (["import", "{broken}", "{new}"], None, "broken.parquet"),
        (["import", "{a}", "{new}", "--storage-version", "9"], USAGE, "data storage version"),
        (["import", "{a}", "{new}", "--storage-version", "0.1"], UNSUPPORTED, "0.1"),
        (["import", "{a}", "{new}", "--max-rows-per-file", "0"], USAGE, ""),
        (["import", "{a}", "{new}", "--storage-option", "x"], USAGE, "KEY=VALUE"),
        (["import", "{a}"], USAGE, ""),
        (["write", "{new}"], USAGE, "--from"),
        (["write", "{new}", "--from", "-", "--format", "parquet"], USAGE, "standard input"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, arguments, code, message):
    places = {name: tmp_path / name for name in ("t", "new")}
    places["a"] = write(tmp_path / "a.parquet")
    places["other"] = tmp_path / "other.parquet"
    pa.parquet.write_table(pa.table({"x": [1.5]}), places["other"])
    places["broken"] = tmp_path / "broken.parquet"
    places["broken"].write_bytes(b"PAR1 this is none PAR1")
    output("import", places["a"], places["t"])
    done = run(*(argument.format(**places) for argument in arguments))
    assert done.returncode == code if code is not None else done.returncode != DONE
    assert message in done.stderr.decode()
    assert not list(tmp_path.glob("new/data/*"))
    assert lance.dataset(str(places["t"])).version == 1


def test_a_terminal_shows_progress_and_a_pipe_does_not(tmp_path):
    rows = pa.table({"x": pa.array(range(200_000)), "s": ["some text"] * 200_000})
    pa.parquet.write_table(rows, tmp_path / "a.parquet", row_group_size=2000)
    leader, follower = pty.openpty()
    command = [
        LANCEA,
        "import",
        tmp_path / "a.parquet",
        tmp_path / "t",
        "--max-rows-per-file",
        "99",
    ]
    with subprocess.Popen(command, stderr=follower, stdout=subprocess.PIPE) as child:
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 4096):
                shown += part
        except OSError:  # how a pseudo-terminal ends
            pass
        assert b"200,000 rows written" in child.stdout.read()
    os.close(leader)
    assert b" rows  " in shown
    assert b"/s" in shown
    assert b" %" in shown
    assert b"[" in shown


def test_ctrl_c_takes_the_files_away(tmp_path):
    command = [LANCEA, "write", tmp_path / "t", "--from", "-", "--format", "jsonl"]
    command += ["--max-rows-per-file", "100"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        rows = b"".join(b'{"id": %d, "name": "%s"}\n' % (i, b"x" * 1000) for i in range(1000))
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("t/data/*.lance")) and time.monotonic() < deadline:
            child.stdin.write(rows)
        child.send_signal(signal.SIGINT)
        # It stops between two batches; one more lets it see.
        try:
            while child.poll() is None and time.monotonic() < deadline:
                child.stdin.write(rows)
        except BrokenPipeError:
            pass
        child.stdin.close()
        assert child.wait(timeout=30) in (INTERRUPTED, -signal.SIGINT)
    assert not list(tmp_path.glob("t/data/*"))


def test_verify_names_orphans(tmp_path):
    output("import", write(tmp_path / "a.parquet"), tmp_path / "t")
    assert "orphan" not in output("verify", tmp_path / "t")
    lance.fragment.write_fragments(TABLE, str(tmp_path / "t"))
    printed = output("verify", tmp_path / "t")
    assert "no version refers to it" in printed
    assert "1 orphan file, " in printed
    assert "sound: version 1" in printed
    assert output("verify", tmp_path / "t", "--quiet") == ""
