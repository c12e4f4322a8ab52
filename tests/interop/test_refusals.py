"""What cannot be read is refused with the error type of pylance and a message that says where.

Error types are those that pylance's own tests ask for.
"""

from __future__ import annotations

import struct
from pathlib import Path

import lance
import pyarrow as pa
import pytest
from interop.reading import fresh, refusal

import lancea

FOOTER = struct.Struct("<QHH4s")


@pytest.fixture
def table(tmp_path) -> Path:
    """Two fragments, each with deleted rows."""
    columns = {
        "id": pa.array(range(20)),
        "price": pa.array([i / 2 for i in range(20)]),
        "place": pa.array([{"north": i, "east": {"deep": i}} for i in range(20)]),
    }
    ds = lance.write_dataset(pa.table(columns), tmp_path / "t", max_rows_per_file=10)
    ds.delete("id % 6 = 0")
    return tmp_path / "t"


def manifest_of(path: Path) -> Path:
    return min((path / "_versions").glob("*.manifest"))


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def add_to_manifest(path: Path, field: int, value: int) -> None:
    """Append a varint field to the message; of a field given twice the last counts."""
    data = manifest_of(path).read_bytes()
    position, major, minor, magic = FOOTER.unpack(data[-FOOTER.size :])
    assert (major, minor, magic) == (0, 2, b"LANC")
    (length,) = struct.unpack_from("<I", data, position)
    message = data[position + 4 : position + 4 + length] + varint(field << 3) + varint(value)
    footer = FOOTER.pack(position, major, minor, magic)
    parts = [data[:position], struct.pack("<I", len(message)), message, footer]
    manifest_of(path).write_bytes(b"".join(parts))


READER_FLAGS, WRITER_FLAGS = 9, 10


def test_a_manifest_with_an_added_field_is_still_one(table):
    """So that the next tests test what they say."""
    add_to_manifest(table, READER_FLAGS, 1)
    assert lance.dataset(str(table)).count_rows() == fresh(table).count_rows() == 16


@pytest.mark.parametrize("bit", [17, 20, 40, 63])
def test_an_unknown_reader_feature_is_refused_by_its_number(table, bit):
    add_to_manifest(table, READER_FLAGS, 1 << bit | 1)
    assert refusal(lance.dataset, str(table))
    with pytest.raises(NotImplementedError, match=f"flag.*{1 << bit}.*version 2"):
        fresh(table)
    assert fresh(table, 1).count_rows() == 20


def test_an_unknown_writer_feature_does_not_matter_to_a_reader(table):
    add_to_manifest(table, WRITER_FLAGS, 1 << 40)
    assert fresh(table).count_rows() == lance.dataset(str(table)).count_rows()


@pytest.mark.parametrize("folder", ["data", "_deletions"])
def test_a_missing_file_is_named(table, folder):
    # Each file of the folder in turn: which one is the first to be missed is not said.
    for path in sorted((table / folder).iterdir()):
        content = path.read_bytes()
        path.unlink()
        assert refusal(lance.dataset(str(table)).to_table)
        with pytest.raises(OSError, match=path.name):
            fresh(table).to_table()
        path.write_bytes(content)
    assert fresh(table).to_table().num_rows == 16


@pytest.mark.parametrize("folder", ["data", "_deletions", "_versions"])
@pytest.mark.parametrize("damage", ["empty", "half", "no magic"])
def test_a_damaged_file_is_named(table, folder, damage):
    path = manifest_of(table) if folder == "_versions" else min((table / folder).iterdir())
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "half": content[: len(content) // 2],
        "no magic": content[:-4] + b"....",
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(OSError, match=path.name):
        fresh(table).to_table()


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_where_there_is_no_table_a_value_error_says_so(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no table")
    assert refusal(lance.dataset, str(tmp_path / name)).startswith("ValueError")
    with pytest.raises(ValueError, match=f"no table at .*{name}"):
        lancea.dataset(tmp_path / name)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("pric", "price"),
        ("prices", "price"),
        ("Id", "id"),
        ("place.nort", "place.north"),
        ("place.east.dep", "place.east.deep"),
    ],
)
def test_an_unknown_column_is_refused_naming_the_nearest(table, asked, meant):
    with pytest.raises(ValueError, match=f'no column "{asked}"; did you mean "{meant}"'):
        fresh(table).to_table([asked])
    with pytest.raises(ValueError, match=f'did you mean "{meant}"'):
        fresh(table).take([0], [asked])


def test_an_unknown_column_like_none_is_refused_naming_them_all(table):
    with pytest.raises(ValueError, match=r'no column "qwertyuiop"; columns: id, price, place'):
        fresh(table).to_table(["qwertyuiop"])


#: What both refuse with the same type.
SAME_TYPE = {
    "an unknown column": lambda ds: ds.to_table(["nothing"]),
    "an unknown child": lambda ds: ds.to_table(["place.nothing"]),
    "a child of what has none": lambda ds: ds.to_table(["id.x"]),
    "a column twice": lambda ds: ds.to_table(["id", "id"]),
    "a negative limit": lambda ds: ds.to_table(limit=-1),
    "a negative offset": lambda ds: ds.to_table(offset=-1),
    "batches of no rows": lambda ds: ds.to_table(batch_size=0),
    "deleted rows without ids": lambda ds: ds.scanner(include_deleted_rows=True).to_table(),
    "an unknown way with blobs": lambda ds: ds.scanner(blob_handling="x").to_table(),
    "an unknown option": lambda ds: ds.scanner(no_such_option=1),
    "columns that are numbers": lambda ds: ds.to_table([3]),
    "rows that are no integers": lambda ds: ds.take([1.5]),
    "blobs of a column of numbers": lambda ds: ds.take_blobs("id", indices=[0]),
    "blobs of no rows said": lambda ds: ds.take_blobs("id"),
    "more rows sampled than there are": lambda ds: ds.sample(1000),
    "a slice from a negative row": lambda ds: ds.slice(-1, 3),
    "a slice that ends before it starts": lambda ds: ds.slice(3, 1),
    "a filtered list of fragments": lambda ds: ds.get_fragments(filter=pa.compute.field("id") > 1),
    "a join": lambda ds: ds.join(ds, "id"),
    "another schema": lambda ds: ds.replace_schema(ds.schema),
    "an unknown order of tags": lambda ds: ds.tags.list_ordered("up"),
    "the version of an unknown tag": lambda ds: ds.tags.get_version("none"),
}


@pytest.mark.parametrize("what", SAME_TYPE)
def test_what_is_refused_has_pylances_error_type(table, what):
    kind = refusal(SAME_TYPE[what], lance.dataset(str(table))).partition(":")[0]
    with pytest.raises(Exception) as error:
        SAME_TYPE[what](fresh(table))
    kinds = [cls.__name__ for cls in type(error.value).__mro__]
    assert kind in kinds, f"{error.value!r}, expected {kind}"


#: pylance panics, or raises what nobody would catch for it.
OWN_TYPE = {
    "a row past the end": (lambda ds: ds.take([16]), IndexError, "16.*16 rows"),
    "a row before the start": (lambda ds: ds.take([-1]), IndexError, "-1"),
    "a row past a fragment's end": (
        lambda ds: ds.get_fragments()[1].take([8]),
        IndexError,
        "8.*fragment 1",
    ),
    "a row of a position past the end": (lambda ds: ds.take([2**40]), IndexError, str(2**40)),
    "an unknown column in a take": (lambda ds: ds.take([0], ["nothing"]), ValueError, "nothing"),
    "batches of negative size": (lambda ds: ds.to_table(batch_size=-1), ValueError, "-1"),
}


@pytest.mark.parametrize("what", OWN_TYPE)
def test_what_pylance_refuses_badly_is_refused_well(table, what):
    action, kind, message = OWN_TYPE[what]
    assert refusal(action, lance.dataset(str(table)))
    with pytest.raises(kind, match=message):
        action(fresh(table))


def test_no_fragment_of_an_unknown_id(table):
    assert fresh(table).get_fragment(77) is None is lance.dataset(str(table)).get_fragment(77)


def test_an_error_in_one_scan_leaves_the_next_alone(table):
    mine = fresh(table)
    for _ in range(50):
        with pytest.raises(ValueError, match="nothing"):
            mine.to_table(["nothing"])
    path = min((table / "data").iterdir())
    content = path.read_bytes()
    path.write_bytes(content[:100])
    with pytest.raises(OSError, match=path.name):
        mine.to_table()
    path.write_bytes(content)
    assert mine.to_table().num_rows == 16


def test_two_fragments_of_one_id_are_read_and_nothing_is_committed(tmp_path):
    rows = pa.table({"id": range(30)})
    lance.write_dataset(rows, tmp_path / "t", max_rows_per_file=10)
    path = manifest_of(tmp_path / "t")
    last = b"\x08\x02\x12"  # of the third fragment: id 2, then its files
    bytes_ = path.read_bytes()
    assert bytes_.count(last) == 1
    path.write_bytes(bytes_.replace(last, b"\x08\x01\x12"))
    dataset = fresh(tmp_path / "t")
    assert [f.fragment_id for f in dataset.get_fragments()] == [0, 1, 1]
    assert dataset.to_table() == rows
    assert lance.dataset(tmp_path / "t").to_table() == rows
    with pytest.raises(OSError, match="fragment 1: another has this id too"):
        dataset.validate()
    with pytest.raises((OSError, ValueError), match="two fragments have id 1"):
        lancea.write_dataset(rows, tmp_path / "t", mode="append")
