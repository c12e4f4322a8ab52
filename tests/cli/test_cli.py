"""The command: what each verb prints, and with which code it ends.

pylance writes the tables and says what is in them.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("LANCE_LOG", "error")

import lance
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

LANCEA = Path(sys.executable).with_name("lancea")

DONE, DEFECTS, USAGE, NOT_FOUND, CORRUPT, UNSUPPORTED, FAILED = range(7)
INTERRUPTED = 130


def run(*arguments, **options) -> subprocess.CompletedProcess:
    command = [str(LANCEA), *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    return subprocess.run(command, check=False, **options)


def output(*arguments) -> str:
    done = run(*arguments)
    assert done.returncode == DONE, done.stderr
    assert done.stderr == ""
    return done.stdout


def failure(code: int, *arguments, **options) -> str:
    """The message of a run that must fail."""
    done = run(*arguments, **options)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("lancea: "), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Two versions, a tag and a branch; ten of a hundred rows are deleted in the second."""
    path = tmp_path_factory.mktemp("cli") / "photos.lance"
    rows = 100
    data = pa.table(
        {
            "id": np.arange(rows),
            "caption": [None if i % 7 == 3 else f'a "{i}", b' for i in range(rows)],
            "size": [{"width": i, "height": i / 4} for i in range(rows)],
            "tags": [[f"t{i % 3}"] * (i % 3) for i in range(rows)],
        }
    )
    ds = lance.write_dataset(data, path, max_rows_per_file=40)
    ds.delete("id % 10 = 5")
    ds.tags.create("first", 1)
    ds.create_branch("trial")
    return path


@pytest.fixture(scope="module")
def theirs(table) -> lance.LanceDataset:
    return lance.dataset(table)


def test_the_versions_are_those_of_the_package():
    import lancea

    assert lancea.__version__ in output("--version")


def test_count_counts_live_and_deleted_rows(table):
    assert output("count", table) == "90\n"
    assert output("count", table, "--deleted") == "10\n"
    assert output("count", table, "--version", "1") == "100\n"
    assert output("count", table, "--tag", "first") == "100\n"
    assert output("count", table, "--branch", "trial") == "90\n"


def test_info_says_what_pylance_says(table, theirs):
    info = json.loads(output("info", table, "--json"))
    assert info["version"] == theirs.version
    assert info["rows"] == theirs.count_rows()
    assert info["fragments"] == len(theirs.get_fragments())
    text = output("info", table)
    assert "90" in text
    assert "first" in text
    assert "trial" in text
    assert theirs.data_storage_version in text


def test_versions_are_listed_oldest_first(table, theirs):
    lines = [json.loads(line) for line in output("versions", table, "--json").splitlines()]
    assert [line["version"] for line in lines] == [v["version"] for v in theirs.versions()]
    assert len(output("versions", table).splitlines()) >= 2


def test_the_schema_names_columns_and_types(table, theirs):
    fields = json.loads(output("schema", table, "--json"))
    assert [field["name"] for field in fields] == theirs.schema.names
    text = output("schema", table)
    for word in ("caption", "string", "width", "int64"):
        assert word in text


def test_cat_writes_csv_jsonl_and_arrow(table, theirs):
    expected = theirs.to_table()
    lines = output("cat", table, "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == expected.to_pylist()

    text = output("cat", table, "-c", "id,caption").encode()
    read = pa.csv.read_csv(
        io.BytesIO(text), convert_options=pa.csv.ConvertOptions(strings_can_be_null=True)
    )
    assert read["id"].to_pylist() == expected["id"].to_pylist()
    assert read["caption"].to_pylist() == expected["caption"].to_pylist()

    done = run("cat", table, "--format", "arrow", text=False)
    assert done.returncode == DONE
    assert pa.ipc.open_stream(done.stdout).read_all().equals(expected)


def test_cat_windows_and_nested_columns(table, theirs):
    lines = output(
        "cat", table, "--format", "jsonl", "-c", "size.width,id", "--offset", 5, "--limit", 3
    )
    expected = theirs.to_table(["size.width", "id"], offset=5, limit=3)
    assert [json.loads(line) for line in lines.splitlines()] == expected.to_pylist()


def test_head_is_for_eyes(table):
    text = output("head", table, "-n", 3, "-c", "id,caption")
    assert 'a "0", b' in text
    assert 'a "2", b' in text
    assert 'a "4", b' not in text


def test_take_gives_rows_in_the_order_asked(table, theirs):
    text = output("take", table, "--rows", "7,3,7", "--format", "jsonl")
    assert [json.loads(line) for line in text.splitlines()] == theirs.take([7, 3, 7]).to_pylist()
    row_ids = theirs.to_table([], with_row_id=True)["_rowid"].to_pylist()
    text = output("take", table, "--row-ids", f"{row_ids[50]},{row_ids[2]}", "-f", "jsonl")
    assert [json.loads(line)["id"] for line in text.splitlines()] == [
        theirs.to_table(["id"])["id"][50].as_py(),
        theirs.to_table(["id"])["id"][2].as_py(),
    ]


def test_file_shows_columns_pages_and_encodings(table):
    data = sorted((table / "data").glob("*.lance"))[0]
    described = json.loads(output("file", data, "--json"))
    assert described["rows"] in (20, 40)
    size = data.stat().st_size
    for column in described["columns"]:
        for page in column["pages"]:
            for begin, length in page["buffers"]:
                assert 0 <= begin <= begin + length <= size
    text = output("file", data, "--pages")
    assert "caption" in text
    assert "miniblock" in text


@pytest.mark.parametrize("extension", ["parquet", "csv", "jsonl", "arrow"])
def test_export_writes_a_file_others_read(table, theirs, tmp_path, extension):
    target = tmp_path / f"out.{extension}"
    columns = ["id", "caption"]
    output("export", table, target, "-c", ",".join(columns))
    expected = theirs.to_table(columns)
    if extension == "parquet":
        assert pa.parquet.read_table(target).to_pylist() == expected.to_pylist()
    elif extension == "jsonl":
        assert [
            json.loads(line) for line in target.read_text().splitlines()
        ] == expected.to_pylist()
    elif extension == "arrow":
        assert pa.ipc.open_file(target).read_all().to_pylist() == expected.to_pylist()
    else:
        assert pa.csv.read_csv(target)["id"].to_pylist() == expected["id"].to_pylist()


def test_export_does_not_replace_a_file_unasked(table, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("precious")
    assert "out.csv" in failure(USAGE, "export", table, target)
    assert target.read_text() == "precious"
    output("export", table, target, "--overwrite")
    assert target.read_text() != "precious"


def test_verify_finds_what_is_wrong(table, tmp_path):
    assert run("verify", table).returncode == DONE
    copy = tmp_path / "copy.lance"
    subprocess.run(["cp", "-r", table, copy], check=True)
    victim = sorted((copy / "data").glob("*.lance"))[1]
    content = bytearray(victim.read_bytes())
    content[-30] ^= 0xFF
    victim.write_bytes(content)
    done = run("verify", copy)
    assert done.returncode == DEFECTS
    assert victim.name in done.stdout + done.stderr
    victim.unlink()
    done = run("verify", copy, "--quiet")
    assert done.returncode == DEFECTS
    assert victim.name in done.stdout + done.stderr


def test_mistakes_have_their_codes(table, tmp_path):
    assert "nowhere" in failure(NOT_FOUND, "count", tmp_path / "nowhere.lance")
    assert "99" in failure(NOT_FOUND, "count", table, "--version", 99)
    assert "second" in failure(NOT_FOUND, "count", table, "--tag", "second")
    assert '"caption"' in failure(NOT_FOUND, "cat", table, "-c", "captoin")
    assert "1000" in failure(USAGE, "take", table, "--rows", "1000")
    for usage in (
        ["frobnicate"],
        ["cat", table, "--format", "xml"],
        ["cat", table, "--limit", "-1"],
        ["take", table],
        ["count", table, "--version", "1", "--tag", "first"],
        ["export", table, tmp_path / "out.xls"],
        ["count"],
    ):
        done = run(*usage)
        assert done.returncode == USAGE, usage
        assert done.stderr or done.stdout


def test_what_is_no_table_or_file_is_said_to_be_none(tmp_path):
    note = tmp_path / "note.lance"
    note.write_text("not a data file, whatever its name says")
    assert "note.lance" in failure(CORRUPT, "file", note)
    (tmp_path / "empty.lance").mkdir()
    assert "empty.lance" in failure(NOT_FOUND, "count", tmp_path / "empty.lance")


def test_a_full_disk_is_a_failure(table):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "w") as full:
        done = run("cat", table, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == FAILED
    assert "No space left" in done.stderr
    with open("/dev/full", "w") as full:
        done = run("info", table, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == FAILED
    assert "No space left" in done.stderr


def test_a_reader_that_goes_away_is_no_failure(table):
    command = f"'{LANCEA}' cat '{table}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "id,caption,size,tags\n"
    assert done.stderr == ""


def test_ctrl_c_ends_it(tmp_path):
    path = tmp_path / "long.lance"
    lance.write_dataset(pa.table({"x": np.arange(3_000_000)}), path)
    process = subprocess.Popen(
        [LANCEA, "cat", path, "--format", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()  # it has begun, and now waits for us to read on
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    process.communicate(timeout=30)
    assert process.returncode in (INTERRUPTED, -signal.SIGINT)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(
    "verb",
    "info schema head cat count take versions file verify export import write".split(),
)
def test_every_verb_explains_itself(verb):
    text = output(verb, "--help")
    assert "Usage:" in text
    assert "Exit codes" in text
    assert "Examples" in text
