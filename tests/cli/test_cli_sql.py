"""``lancea sql``: statements over tables, run by DuckDB's library, and ``lancea explain``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

os.environ.setdefault("LANCE_LOG", "error")

import lance
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

LANCEA = Path(sys.executable).with_name("lancea")
LIBRARY = Path(
    os.environ.get("LANCEA_DUCKDB_LIBRARY")
    or Path(sys.executable).parent.parent / "duckdb/libduckdb.so"
)
needs_duckdb = pytest.mark.skipif(
    not LIBRARY.exists(), reason="DuckDB's library is not there: tools/bootstrap.sh fetches it"
)
ROWS = 50_000


def run(*arguments, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, "LANCEA_DUCKDB_LIBRARY": str(LIBRARY)} | options.pop("env", {})
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    command = [str(LANCEA), *map(str, arguments)]
    return subprocess.run(command, check=False, env=environment, **options)


def output(*arguments, **options) -> str:
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trips(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sql") / "trips.lance"
    numbers = np.arange(ROWS)
    data = pa.table(
        {
            "id": numbers,
            "city": [None if i % 10 == 7 else f"city {i % 23}" for i in numbers],
            "fare": numbers / 4,
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.repeat(numbers, 16), pa.float32()), 16
            ),
        }
    )
    lance.write_dataset(data, path, max_rows_per_file=20_000)
    lance.write_dataset(data.slice(0, 10), path, mode="append")
    return path


@needs_duckdb
def test_rows_come_as_a_table_csv_jsonl_arrow_and_parquet(trips, tmp_path):
    query = f"SELECT city, count(*) AS n FROM '{trips}' WHERE id < 100 GROUP BY city ORDER BY city"
    expected = lance.dataset(trips).to_table(["city"], filter="id < 100")
    expected = expected.group_by("city").aggregate([([], "count_all")]).sort_by("city")
    rows = [{"city": r["city"], "n": r["count_all"]} for r in expected.to_pylist()]
    shown = output("sql", query)
    assert "city 3" in shown
    assert "n" in shown.split("\n")[0]
    lines = output("sql", query, "-f", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert output("sql", query, "-f", "csv").splitlines()[0] == "city,n"
    for name, read in [
        ("t.parquet", pa.parquet.read_table),
        ("t.arrow", lambda p: pa.ipc.open_file(p).read_all()),
    ]:
        assert output("sql", query, "-o", tmp_path / name) == ""
        assert read(tmp_path / name).to_pylist() == rows
    stream = run("sql", query, "-f", "arrow", text=False).stdout
    assert pa.ipc.open_stream(stream).read_all().to_pylist() == rows


@needs_duckdb
def test_columns_and_conditions_reach_the_scan(trips):
    def scans(query):
        done = run("sql", query, "--scans", "-f", "csv")
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    rows, said = scans(f"SELECT sum(fare) AS s FROM '{trips}' WHERE id BETWEEN 10 AND 19")
    assert rows == f"s\n{sum(i / 4 for i in range(10, 20))}\n"
    assert "[fare, id]" in said or "[id, fare]" in said
    assert f": 10 rows of {ROWS + 10:,}" in said
    assert "where" in said


@needs_duckdb
def test_tables_are_registered_by_name_joined_and_versioned(trips, tmp_path):
    names = pa.table({"city": [f"city {i}" for i in range(23)], "rank": range(23)})
    lance.write_dataset(names, tmp_path / "names")
    query = "SELECT max(rank) AS r FROM trips JOIN dataset USING (city) WHERE trips.id < 20"
    assert output("sql", "-t", f"trips={trips}", "-t", tmp_path / "names", query, "-f", "csv") == (
        "r\n19\n"
    )
    old = f"SELECT count(*) AS n FROM lance_scan('{trips}', version := 1)"
    assert output("sql", old, "-f", "csv") == f"n\n{ROWS}\n"


@needs_duckdb
def test_a_statement_that_is_wrong_is_wrong_usage():
    done = run("sql", "SELEC 1")
    assert done.returncode == 2
    assert "syntax error" in done.stderr
    assert run("sql", "SELECT 1 AS x", "-f", "parquet").returncode == 2


def test_absent_duckdb_is_said_with_what_to_do():
    done = run("sql", "SELECT 1", env={"LANCEA_DUCKDB_LIBRARY": "/nowhere/libduckdb.so"})
    assert done.returncode == 3
    assert "DuckDB" in done.stderr
    assert "/nowhere/libduckdb.so" in done.stderr
    empty = {"LANCEA_DUCKDB_LIBRARY": "", "HOME": "/nowhere", "CONDA_PREFIX": ""}
    done = run("sql", "SELECT 1", env=empty, cwd="/")
    assert done.returncode == 0 or "LANCEA_DUCKDB_LIBRARY" in done.stderr


@needs_duckdb
def test_ctrl_c_ends_a_statement():
    query = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"
    command = [str(LANCEA), "sql", "--duckdb", str(LIBRARY), query]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT


@needs_duckdb
def test_rows_stream_to_who_reads_them():
    command = [str(LANCEA), "sql", "--duckdb", str(LIBRARY), "-f", "csv"]
    command.append("SELECT * FROM range(100000000000)")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        lines = [process.stdout.readline() for _ in range(1000)]
        process.kill()
    assert lines[:3] == [b"range\n", b"0\n", b"1\n"]


def tree_of(*arguments) -> dict:
    return json.loads(output("explain", *arguments, "--json"))


def test_explain_gives_the_tree_as_text_and_as_data(trips):
    arguments = [trips, "--where", "id < 10", "-c", "id,vector"]
    text = output("explain", *arguments)
    names = [line.strip().split(":")[0] for line in text.splitlines()]
    assert names == ["ProjectionExec", "Take", "LanceRead"]
    tree = tree_of(*arguments)
    assert tree["name"] == "ProjectionExec"
    assert tree["inputs"][0]["inputs"][0]["details"]["num_fragments"] == "4"
    assert "metrics" not in tree


def test_analyze_tells_what_each_step_did(trips):
    tree = tree_of(trips, "--where", "id < 10", "-c", "id,vector", "--analyze")
    assert tree["name"] == "AnalyzeExec"
    project = tree["inputs"][0]
    take = project["inputs"][0]
    read = take["inputs"][0]
    assert project["metrics"]["output_rows"] == 20
    assert take["metrics"]["output_rows"] == 20
    assert read["metrics"]["output_rows"] == 20
    assert read["metrics"]["rows_scanned"] == ROWS + 10
    assert read["metrics"]["fragments_scanned"] == 4
    assert read["metrics"]["fragments_skipped"] == 0
    assert 20 * 64 <= take["metrics"]["bytes_read"] < ROWS * 16
    for name in ("bytes_read", "iops", "requests", "elapsed_ns"):
        assert read["metrics"][name] > 0, name
    assert read["metrics"]["cache_hits"] + read["metrics"]["cache_misses"] > 0


class Page(HTMLParser):
    """The tags of a page that must be closed, and its text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("ul", "div", "table", "style", "b", "h3", "svg", "title"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_explain_draws_a_page(trips):
    html = output("explain", trips, "--where", "id < 10 AND city <> '<b>'", "--analyze", "--html")
    page = Page(html)
    assert page.open == []
    assert "LanceRead" in page.text
    assert "rows_scanned" in page.text
    assert "<b>'" not in html.replace("&lt;b&gt;", "")
    assert html.count("class=bar") >= 2
