"""Structs of no fields, written by either side and read by both."""

from __future__ import annotations

import lance
import pyarrow as pa
import pytest
from interop.support import assert_same_table

import lancea

EMPTY = pa.struct([])
BESIDE = pa.struct([("x", pa.int32()), ("e", EMPTY)])
TABLES = {
    "alone": pa.table({"e": pa.array([{}] * 5, EMPTY)}),
    "behind a column": pa.table({"id": range(5), "e": pa.array([{}] * 5, EMPTY)}),
    "in a struct": pa.table({"s": pa.array([{"x": i, "e": {}} for i in range(5)], BESIDE)}),
    "the only field": pa.table({"s": pa.array([{"e": {}}] * 5, pa.struct([("e", EMPTY)]))}),
}
IN_LISTS = pa.table({"l": pa.array([[{}, {}], None, [], [{}], [{}]], pa.list_(EMPTY))})


def assert_reads(dataset, table: pa.Table) -> None:
    assert_same_table(dataset.to_table(), table)
    assert_same_table(dataset.take([4, 0, 4]), table.take([4, 0, 4]))
    assert_same_table(dataset.to_table(limit=2, offset=1), table.slice(1, 2))


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3"])
@pytest.mark.parametrize("name", TABLES)
def test_both_write_what_both_read(tmp_path, name, version):
    table = TABLES[name]
    lance.write_dataset(table, tmp_path / "theirs", data_storage_version=version)
    assert_reads(lancea.dataset(tmp_path / "theirs"), table)
    mine = lancea.write_dataset(table, tmp_path / "mine", data_storage_version=version)
    assert_reads(mine, table)
    mine.validate()
    assert_reads(lance.dataset(tmp_path / "mine"), table)


# pylance reads the column behind one as nulls, whoever wrote it.
@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3"])
def test_a_column_behind_one_keeps_its_values(tmp_path, version):
    table = pa.table({"e": pa.array([{}] * 5, EMPTY), "id": range(5)})
    for write in (lance.write_dataset, lancea.write_dataset):
        write(table, tmp_path / write.__module__, data_storage_version=version)
        assert_reads(lancea.dataset(tmp_path / write.__module__), table)


def test_files_of_2_0_have_them_in_lists(tmp_path):
    lance.write_dataset(IN_LISTS, tmp_path / "theirs", data_storage_version="2.0")
    assert_reads(lancea.dataset(tmp_path / "theirs"), IN_LISTS)
    lancea.write_dataset(IN_LISTS, tmp_path / "mine", data_storage_version="2.0")
    assert_reads(lance.dataset(tmp_path / "mine"), IN_LISTS)


@pytest.mark.parametrize("version", ["2.1", "2.2"])
@pytest.mark.parametrize(
    "table",
    [
        pa.table({"e": pa.array([{}, None], EMPTY)}),
        pa.table({"s": pa.array([{"x": 1, "e": {}}, None], BESIDE)}),
        IN_LISTS,
    ],
    ids=["null", "below null", "in lists"],
)
def test_both_refuse_what_no_file_can_say(tmp_path, table, version):
    for write in (lance.write_dataset, lancea.write_dataset):
        with pytest.raises((ValueError, OSError, NotImplementedError)):
            write(table, tmp_path / write.__module__, data_storage_version=version)
