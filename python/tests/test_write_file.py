"""Single data files written, without a table around them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from lance.file import LanceFileReader as TheirReader

from lancea.file import LanceFileReader, LanceFileWriter

TABLE = pa.table({"a": range(1000), "b": [f"row {i % 7}" for i in range(1000)]})


@pytest.mark.parametrize("version", [None, "2.0", "2.1", "2.2"])
def test_a_file_is_read_by_both(tmp_path, version):
    path = tmp_path / "f.lance"
    with LanceFileWriter(path, TABLE.schema, version=version) as writer:
        for batch in TABLE.to_batches(max_chunksize=300):
            writer.write_batch(batch)
        assert writer.size_bytes is None
    assert writer.closed
    assert writer.size_bytes == path.stat().st_size
    assert LanceFileReader(path).read_all().to_table() == TABLE
    assert TheirReader(str(path)).read_all().to_table() == TABLE
    assert LanceFileReader(path).metadata().num_rows == 1000


def test_the_schema_may_come_with_the_first_batch(tmp_path):
    writer = LanceFileWriter(str(tmp_path / "f.lance"))
    writer.add_schema_metadata("key", "value")
    assert writer.add_global_buffer(b"early") == 1
    writer.write_batch(TABLE)
    assert writer.add_global_buffer(b"late") == 2
    assert writer.close() == 1000
    assert writer.close() is None
    reader = TheirReader(str(tmp_path / "f.lance"))
    assert reader.read_all().to_table().replace_schema_metadata(None) == TABLE
    assert reader.metadata().schema.metadata[b"key"] == b"value"
    assert [bytes(reader.read_global_buffer(i)) for i in (1, 2)] == [b"early", b"late"]


def test_a_file_that_is_given_up_leaves_nothing(tmp_path):
    def write_half():
        with LanceFileWriter(tmp_path / "f.lance", TABLE.schema) as writer:
            writer.write_batch(TABLE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused(tmp_path):
    path = tmp_path / "f.lance"
    with pytest.raises(ValueError, match="Schema is unknown and file cannot be created"):
        with LanceFileWriter(path):
            pass
    with pytest.raises(ValueError):
        LanceFileWriter(path, TABLE.schema, version="9.9")
    with pytest.raises(NotImplementedError):
        LanceFileWriter(path, TABLE.schema, version="0.1")
    writer = LanceFileWriter(path, TABLE.schema)
    with pytest.raises(ValueError, match="a"):
        writer.write_batch(pa.table({"c": [1]}))
    closed = LanceFileWriter(tmp_path / "g.lance", TABLE.schema)
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        closed.write_batch(TABLE)
