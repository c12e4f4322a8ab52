"""A stream holds some batches, not the table."""

from __future__ import annotations

import sys

import lance
import numpy as np
import pyarrow as pa
import pytest

import lancea

MIB = 1 << 20
ROWS, ROWS_PER_BATCH = 1 << 19, 8192
#: Decoders' scratch, pages' dictionaries, and what allocators keep of what was given back.
SLACK = 24 * MIB

PROGRAM = """
import re, sys, time
import lancea

def anonymous():
    with open("/proc/self/status") as file:
        return int(re.search(r"RssAnon:\\s+(\\d+)", file.read())[1]) * 1024

ds = lancea.dataset(sys.argv[1])
ds.head(1)
before = peak = anonymous()
total = largest = 0
options = {"io_buffer_size": int(sys.argv[2]), "batch_readahead": int(sys.argv[3])}
filter = sys.argv[5] or None
for batch in ds.to_batches(batch_size=int(sys.argv[4]), filter=filter, **options):
    if filter:
        time.sleep(0.002)  # slower than the scan
    total += batch.nbytes
    largest = max(largest, batch.nbytes)
    peak = max(peak, anonymous())
print(peak - before, largest, total)
"""


@pytest.fixture(scope="module")
def text_path(tmp_path_factory) -> str:
    """256 MiB of text that is small on disk: what a scan holds, it holds decoded."""
    texts = [f"{i:08d}" * 64 for i in range(977)]

    def batches():
        for start in range(0, ROWS, 1 << 14):
            rows = range(start, start + (1 << 14))
            yield pa.record_batch({"text": [texts[row % 977] for row in rows]})

    schema = pa.schema([pa.field("text", pa.utf8())])
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    path = tmp_path_factory.mktemp("memory") / "t"
    lance.write_dataset(reader, path)
    return str(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("filter", ["", "text > '00'"], ids=["all rows", "filtered"])
@pytest.mark.parametrize("readahead", [1, 4])
def test_a_stream_holds_its_buffer_and_the_batches_read_ahead(
    text_path, run_python, readahead, filter
):
    """Mapped pages of the files do not count: they are the system's, which takes them at will."""
    buffer = 16 * MIB
    arguments = (text_path, str(buffer), str(readahead), str(ROWS_PER_BATCH), filter)
    peak, largest, total = map(int, run_python(PROGRAM, *arguments).split())
    assert total > 250 * MIB
    if filter:
        buffer *= 4  # what is looked at comes on top of what is kept; the table takes 16 of them
    assert peak < buffer + (readahead + 4) * largest + SLACK, f"{peak / MIB:.1f} MiB"


PEAK = """
import re, sys
import lancea

def status(key):
    with open("/proc/self/status") as file:
        return int(re.search(key + r":\\s+(\\d+)", file.read())[1]) * 1024

ds = lancea.dataset(sys.argv[1])
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # begins a new peak
before = status("VmRSS")
exec(sys.argv[2])
print(status("VmHWM") - before)
"""


def mebibyte_rows(count: int, metadata: dict[str, str]) -> pa.RecordBatchReader:
    value = pa.field("value", pa.large_binary(), metadata=metadata)
    schema = pa.schema([pa.field("id", pa.int64()), value])

    def batches():
        random = np.random.default_rng(3)
        for row in range(count):
            yield pa.record_batch([[row], [random.bytes(MIB)]], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("metadata", "limit"),
    [({}, 160 * MIB), ({"lance-encoding:blob": "true"}, 64 * MIB)],
    ids=["plain", "blobs"],
)
def test_verified_compaction_takes_some_pages_whatever_the_rows(
    tmp_path, run_python, metadata, limit
):
    """Mapped pages of the old files and of the new one count here: none of them has to stay."""
    path, count = str(tmp_path / "t"), 400
    lancea.write_dataset(mebibyte_rows(count, metadata), path, max_rows_per_file=8)
    peak = int(run_python(PEAK, path, "ds.optimize.compact_files()"))
    assert peak < limit, f"{peak / MIB:.1f} of {count} MiB"
    assert len(lance.dataset(path).get_fragments()) == 1
    assert lance.dataset(path).count_rows() == count


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("metadata", [{}, {"lance-encoding:blob": "true"}], ids=["plain", "blobs"])
def test_verifying_takes_some_pages_whatever_the_rows(tmp_path, run_python, metadata):
    path, count = str(tmp_path / "t"), 400
    lancea.write_dataset(mebibyte_rows(count, metadata), path)
    peak = int(run_python(PEAK, path, "assert ds._ds.verify() == []"))
    assert peak < 96 * MIB, f"{peak / MIB:.1f} of {count} MiB"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_verifying_takes_few_of_the_rows_that_are_large(tmp_path, run_python):
    """What the first rows take says nothing about the last ones; most bytes are repeated."""
    path, count = str(tmp_path / "t"), 3000
    texts = [""] * 40_000 + [chr(ord("a") + i % 26) * (MIB // 8) for i in range(count)]
    lancea.write_dataset(pa.table({"text": pa.array(texts, pa.large_utf8())}), path)
    peak = int(run_python(PEAK, path, "assert ds._ds.verify() == []"))
    assert peak < 160 * MIB, f"{peak / MIB:.1f} of {count // 8} MiB"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_updates_give_back_the_pages_that_their_scan_has_passed(tmp_path, run_python):
    path, rows = str(tmp_path / "t"), 3 << 20
    random = np.random.default_rng(4)
    columns = {f"c{i}": random.random(rows) for i in range(8)}
    lancea.write_dataset(pa.table(columns), path)
    size = 64 * rows
    peak = int(run_python(PEAK, path, "ds.update({'c1': '0'}, 'c0 < 0.01')"))
    assert peak < 0.7 * size, f"{peak / MIB:.1f} of {size / MIB:.1f} MiB"
    ds = lance.dataset(path)
    assert ds.count_rows() == rows
    assert ds.count_rows("c1 = 0") == ds.count_rows("c0 < 0.01") == np.sum(columns["c0"] < 0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "change", ["ds.delete(where)", "ds.update({'id': '7'}, where)"], ids=["delete", "update"]
)
def test_filters_on_large_values_look_at_few_at_a_time(tmp_path, run_python, change):
    path, count = str(tmp_path / "t"), 400
    lancea.write_dataset(mebibyte_rows(count, {}), path)
    where = "where = \"value = X'00'\"\n"
    peak = int(run_python(PEAK, path, where + change))
    assert peak < 200 * MIB, f"{peak / MIB:.1f} of {count} MiB"
    assert lance.dataset(path).count_rows() == count
