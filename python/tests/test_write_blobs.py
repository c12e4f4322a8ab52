"""Blobs given by URI, and the files that blobs share."""

import lance
import pyarrow as pa
import pytest

import lancea
from lancea.blob import Blob, blob_array, blob_field

SIZES = [0, 10, 64 << 10, 100_000, (4 << 20) + 1]


def table_of(blobs) -> pa.Table:
    return pa.table({"blob": blob_array(blobs)}, schema=pa.schema([blob_field("blob")]))


def content(size: int) -> bytes:
    return bytes(i % 251 for i in range(min(size, 1000))) + b"x" * max(size - 1000, 0)


@pytest.fixture
def given(tmp_path):
    """Files, and their URIs."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for size in SIZES:
        (folder / f"{size} ü.bin").write_bytes(content(size))
    return [(folder / f"{size} ü.bin").as_uri() for size in SIZES]


def kinds(path) -> list[int]:
    table = lance.dataset(path).to_table()
    return [blob["kind"] for blob in table["blob"].to_pylist()]


def test_blobs_that_are_ingested_are_stored_as_if_given(tmp_path, given):
    ds = lancea.write_dataset(table_of(given), tmp_path / "t", external_blob_mode="ingest")
    lancea.write_dataset(table_of([content(s) for s in SIZES]), tmp_path / "same")
    assert kinds(tmp_path / "t") == kinds(tmp_path / "same")
    for path in (tmp_path / "elsewhere").iterdir():
        path.unlink()
    for dataset in (ds, lance.dataset(tmp_path / "t")):
        blobs = dataset.take_blobs("blob", indices=range(len(SIZES)))
        assert [blob.readall() for blob in blobs] == [content(size) for size in SIZES]


def test_ranges_are_ingested(tmp_path, given):
    blobs = [Blob.from_uri(given[-1], position=7, size=size) for size in (1, 70_000)]
    ds = lancea.write_dataset(table_of(blobs), tmp_path / "t", external_blob_mode="ingest")
    found = [blob.readall() for blob in ds.take_blobs("blob", indices=[0, 1])]
    assert found == [content(SIZES[-1])[7:8], content(SIZES[-1])[7:70_007]]


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (lambda uris: Blob.from_uri(uris[1], position=5, size=6), "pass its end"),
        (lambda uris: uris[1] + ".gone", "gone"),
    ],
)
def test_what_cannot_be_ingested_leaves_nothing(tmp_path, given, blob, message):
    rows = table_of([content(100_000), blob(given)])
    with pytest.raises(OSError, match=message):
        lancea.write_dataset(rows, tmp_path / "t", external_blob_mode="ingest")
    assert [p for p in (tmp_path / "t").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"external_blob_mode": "copy"}, ValueError),
        ({"external_blob_mode": "ingest", "allow_external_blob_outside_bases": True}, OSError),
        ({"blob_pack_file_size_threshold": 0}, OSError),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path, options, kind):
    with pytest.raises(kind, match="blob"):
        lancea.write_dataset(table_of([b"x"]), tmp_path / "t", **options)


@pytest.mark.parametrize("bytes_per_file", [100_000, 250_000, 1 << 30])
def test_blobs_share_files_up_to_a_size(tmp_path, bytes_per_file):
    rows = table_of([content(100_000)] * 5)
    written = {}
    for module in (lance, lancea):
        path = tmp_path / module.__name__
        module.write_dataset(rows, path, blob_pack_file_size_threshold=bytes_per_file)
        written[module] = sorted(p.stat().st_size for p in path.rglob("*.blob"))
        assert max(written[module]) <= bytes_per_file
    assert written[lance] == written[lancea]
    blobs = lance.dataset(tmp_path / "lancea").take_blobs("blob", indices=range(5))
    assert [blob.readall() for blob in blobs] == [content(100_000)] * 5
