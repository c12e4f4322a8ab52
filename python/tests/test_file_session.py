"""A folder of a store."""

import lance.file
import pyarrow as pa
import pytest

import lancea
from lancea.file import LanceFileSession

TABLE = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})


@pytest.fixture
def session(tmp_path):
    return LanceFileSession(tmp_path / "folder ü")


def write(session, path):
    with session.open_writer(path) as writer:
        writer.write_batch(TABLE)


def test_files_are_read_back(session, tmp_path):
    write(session, "one.lance")
    write(session, "deep/er/two.lance")
    assert session.open_reader("deep/er/two.lance").read_all().to_table() == TABLE
    assert session.open_reader("one.lance", ["b"]).read_all().to_table() == TABLE.select(["b"])
    theirs = lance.file.LanceFileSession(str(tmp_path / "folder ü"))
    assert theirs.open_reader("one.lance").read_all().to_table() == TABLE


def test_listings_are_those_of_pylance(session, tmp_path):
    for path in ("b.lance", "a.lance", "d/c.lance", "d/e/f.lance"):
        write(session, path)
    theirs = lance.file.LanceFileSession(str(tmp_path / "folder ü"))
    for path in (None, "d", "d/e", "nothing"):
        assert session.list(path) == sorted(theirs.list(path))
        expected = theirs.list_with_delimiter(path)
        found = session.list_with_delimiter(path)
        assert found.common_prefixes == sorted(expected.common_prefixes)
        assert found.objects == sorted(expected.objects)


def test_files_of_any_kind_come_and_go(session, tmp_path):
    (tmp_path / "local").write_bytes(b"0123456789")
    session.upload_file(tmp_path / "local", "some/where.bin")
    assert session.contains("some/where.bin")
    assert session.read_range("some/where.bin", 2, 3) == b"234"
    session.download_file("some/where.bin", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"0123456789"
    session.delete_file("some/where.bin")
    assert not session.contains("some/where.bin")


@pytest.mark.parametrize(
    "call",
    [
        lambda s, local: s.delete_file("nothing"),
        lambda s, local: s.read_range("nothing", 0, 1),
        lambda s, local: s.read_range("there", 5, 100),
        lambda s, local: s.download_file("nothing", local / "copy"),
        lambda s, local: s.upload_file(local / "nothing", "there too"),
    ],
)
def test_what_is_not_there_is_an_error(session, tmp_path, call):
    (tmp_path / "local").write_bytes(b"0123456789")
    session.upload_file(tmp_path / "local", "there")
    with pytest.raises(OSError):
        call(session, tmp_path)
    assert not (tmp_path / "copy").exists()
    assert not session.contains("there too")


def test_the_stable_version_is_that_of_pylance(tmp_path):
    assert lancea.file.stable_version() == lance.file.stable_version()
    lancea.write_dataset(TABLE, tmp_path / "t")
    assert lancea.dataset(tmp_path / "t").data_storage_version == lancea.file.stable_version()
