"""One limit on memory for scans, sorts, takes and every change: far below the data's size.

What a process holds is its anonymous pages; mapped pages of files are the system's, which takes
them at will. The peak is measured over what the process held before, and includes what Python and
Arrow need for themselves: threads, batches of the source, what allocators keep of small blocks.
"""

from __future__ import annotations

import shutil
import sys

import lance
import pyarrow as pa
import pytest

import lancea

MIB = 1 << 20
ROWS = 1 << 18
TEXT_BYTES = 1024
DATA = ROWS * TEXT_BYTES
LIMIT = 64 * MIB
#: For what is not rows: see above.
SLACK = 48 * MIB
NUM_FRAGMENTS = 8
BLOBS = 256
BLOB_BYTES = 1 << 20

PROGRAM = """
import re, sys, threading
import pyarrow as pa
import lancea

ROWS, TEXT_BYTES, LIMIT = {rows}, {text_bytes}, {limit}

def anonymous():
    with open("/proc/self/status") as file:
        return int(re.search(r"RssAnon:\\s+(\\d+)", file.read())[1]) * 1024

def text(row):
    return f"{{row:08d}}" * (TEXT_BYTES // 8)

def stream(keys, make, column="text", step=1024):
    schema = pa.schema([("id", pa.int64()), (column, pa.utf8())])
    def batches():
        for start in range(0, len(keys), step):
            part = keys[start:start + step]
            columns = [pa.array(part), pa.array([make(key) for key in part])]
            yield pa.record_batch(columns, schema=schema)
    return pa.RecordBatchReader.from_batches(schema, batches())

ds = lancea.dataset(sys.argv[1], session=lancea.Session(memory_limit=LIMIT))
ds.head(1)
before = peak = anonymous()
done = threading.Event()

def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, anonymous())

watcher = threading.Thread(target=watch)
watcher.start()
answer = None
try:
{action}
finally:
    done.set()
    watcher.join()
print(peak - before, answer)
"""


def program(action: str) -> str:
    body = "\n".join("    " + line for line in action.strip().splitlines())
    return PROGRAM.format(rows=ROWS, text_bytes=TEXT_BYTES, limit=LIMIT, action=body)


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> str:
    """256 MiB of text that is small on disk: what is held, is held decoded."""
    texts = [f"{i:08d}" * (TEXT_BYTES // 8) for i in range(977)]

    def batches():
        for start in range(0, ROWS, 1 << 13):
            rows = range(start, start + (1 << 13))
            yield pa.record_batch({"id": rows, "text": [texts[row % 977] for row in rows]})

    schema = pa.schema([pa.field("id", pa.int64()), pa.field("text", pa.utf8())])
    path = tmp_path_factory.mktemp("limit") / "t.lance"
    rows = pa.RecordBatchReader.from_batches(schema, batches())
    lance.write_dataset(rows, path, max_rows_per_file=ROWS // NUM_FRAGMENTS)
    return str(path)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory) -> str:
    """Rows of 1 MiB each, 256 MiB in small fragments."""
    blob = pa.field("blob", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    schema = pa.schema([pa.field("id", pa.int64()), blob])

    def batches():
        for row in range(BLOBS):
            value = row.to_bytes(8, "little") * (BLOB_BYTES // 8)
            columns = [pa.array([row], pa.int64()), pa.array([value], pa.large_binary())]
            yield pa.record_batch(columns, schema=schema)

    path = tmp_path_factory.mktemp("blobs") / "t.lance"
    rows = pa.RecordBatchReader.from_batches(schema, batches())
    lancea.write_dataset(rows, path, max_rows_per_file=BLOBS // NUM_FRAGMENTS)
    return str(path)


SCAN = """
answer = sum(batch.num_rows for batch in ds.to_batches(batch_size=1 << 17))
"""
FILTERED_SCAN = """
answer = sum(batch.num_rows for batch in ds.to_batches(filter="text LIKE '%' AND id % 4 <> 1"))
"""
SORT = """
last, answer = "", 0
for batch in ds.scanner(order_by=["text"]).to_batches():
    texts = batch.column("text")
    assert last <= texts[0].as_py() <= texts[-1].as_py()
    last = texts[-1].as_py()
    answer += batch.num_rows
"""
TAKE = """
rows = ds.take(list(range(0, ROWS, 64)))
answer = rows.num_rows
"""
UPDATE = """
answer = ds.update({"text": "concat(text, '!')"}, where="id % 4 <> 1")["num_rows_updated"]
"""
MERGE = """
merge = ds.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
stats = merge.execute(stream(range(ROWS // 2, ROWS + ROWS // 2), text))
answer = stats["num_updated_rows"] + stats["num_inserted_rows"]
"""
MERGE_COLUMNS = """
ds.add_columns({"more": "id"})
merge = ds.merge_insert("id").when_matched_update_all().write_mode("rewrite_columns")
answer = merge.execute(stream(range(0, ROWS), text))["num_updated_rows"]
"""
JOIN = """
ds.merge(stream(range(0, ROWS), text, "other"), "id")
answer = ds.count_rows("other IS NOT NULL")
"""
ADD_COLUMN = """
ds.add_columns({"more": "concat(text, '!')"})
answer = ds.count_rows("more IS NOT NULL")
"""
COMPACT = """
ds.delete("id % 8 = 3")
answer = ds.optimize.compact_files().fragments_removed
"""

ACTIONS = {
    "scan": (SCAN, ROWS),
    "filtered scan": (FILTERED_SCAN, ROWS - ROWS // 4),
    "sort": (SORT, ROWS),
    "take": (TAKE, ROWS // 64),
    "update": (UPDATE, ROWS - ROWS // 4),
    "merge": (MERGE, ROWS),
    "merge columns": (MERGE_COLUMNS, ROWS),
    "join": (JOIN, ROWS),
    "add column": (ADD_COLUMN, ROWS),
    "compact": (COMPACT, NUM_FRAGMENTS),
}


def check_peak(run_python, path, name: str, action: str, expected: int) -> None:
    peak, answer = map(int, run_python(program(action), str(path)).split())
    assert answer == expected
    assert peak < LIMIT + SLACK, f"{name}: {peak / MIB:.0f} MiB"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", ACTIONS)
def test_peak_memory_stays_near_the_limit(origin, tmp_path, run_python, name):
    assert DATA >= 2 * (LIMIT + SLACK)
    path = tmp_path / "t.lance"
    shutil.copytree(origin, path)
    check_peak(run_python, path, name, *ACTIONS[name])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_compaction_of_rows_of_a_mebibyte_stays_near_the_limit(blobs, tmp_path, run_python):
    path = tmp_path / "t.lance"
    shutil.copytree(blobs, path)
    check_peak(run_python, path, "compact blobs", COMPACT, NUM_FRAGMENTS)
    rows = lancea.dataset(path).take([0, 100], columns=["id"])
    assert rows["id"].to_pylist() == [0, 114]


def test_a_session_has_a_limit():
    session = lancea.Session(memory_limit=1 << 20)
    assert session.memory_limit == 1 << 20
    assert lancea.Session().memory_limit > 1 << 28  # half of the machine's
    session.memory_limit = 2 << 20
    assert session.memory_limit == 2 << 20
    with pytest.raises(ValueError, match="must be positive"):
        session.memory_limit = 0


def test_the_environment_sets_the_default_limit(run_python, monkeypatch):
    monkeypatch.setenv("LANCEA_MEMORY_LIMIT", "12345678")
    assert run_python("import lancea; print(lancea.Session().memory_limit)").strip() == "12345678"
