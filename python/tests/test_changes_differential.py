"""Random changes of random tables, made by pylance and by Lancea, step by step side by side.

Each library changes its own copy. After every step the rows, their ids, the versions that made and
changed them, and the deleted ones are the same; either library opens what the other wrote, and
``validate`` passes. ``LANCEA_DIFFERENTIAL_RUNS`` sets the number of sequences, 6 by default.
"""

from __future__ import annotations

import os
import random
import shutil

import lance
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import lancea

RUNS = int(os.environ.get("LANCEA_DIFFERENTIAL_RUNS", "6"))
STEPS = 12
LINEAGE = ["_rowid", "_row_created_at_version", "_row_last_updated_at_version"]


class Column:
    """A column of random values: its type, its values, and SQL over it."""

    def __init__(self, name: str, kind: str):
        self.name, self.kind = name, kind

    @property
    def type(self) -> pa.DataType:
        return {
            "int": pa.int64(),
            "small": pa.int32(),
            "float": pa.float64(),
            "text": pa.utf8(),
            "bool": pa.bool_(),
            "vector": pa.list_(pa.float32(), 4),
            "list": pa.list_(pa.int32()),
            "struct": pa.struct([("x", pa.int64()), ("name", pa.utf8())]),
        }[self.kind]

    def values(self, rng: random.Random, count: int) -> pa.Array:
        def value():
            if rng.random() < 0.1:
                return None
            number = rng.randrange(-50, 50)
            return {
                "int": number,
                "small": number,
                "float": number / 4,
                "text": f"t{number % 7}" * (number % 3 + 1),
                "bool": number > 0,
                "vector": [float(number + i) for i in range(4)],
                "list": [number] * (number % 4),
                "struct": {"x": number, "name": f"n{number % 5}"},
            }[self.kind]

        return pa.array([value() for _ in range(count)], self.type)

    def condition(self, rng: random.Random) -> str:
        number = rng.randrange(-50, 50)
        return {
            "int": f"{self.name} > {number}",
            "small": f"{self.name} % 5 = {number % 5}",
            "float": f"{self.name} <= {number / 4}",
            "text": f"{self.name} LIKE 't{number % 7}%'",
            "bool": self.name,
            "vector": f"{self.name} IS NULL",
            "list": f"{self.name} IS NOT NULL",
            "struct": f"{self.name}.x < {number}",
        }[self.kind]

    def value_sql(self, rng: random.Random) -> str | None:
        number = rng.randrange(-50, 50)
        return {
            "int": rng.choice([f"{self.name} + {number}", str(number), "NULL", "key * 2"]),
            "small": f"{self.name} - 1",
            "float": f"{self.name} * 2",
            "text": rng.choice([f"concat({self.name}, '!')", "'new'", "NULL"]),
            "bool": f"NOT {self.name}",
        }.get(self.kind)


KINDS = ["int", "small", "float", "text", "bool", "vector", "list", "struct"]


class Sequence:
    """A table twice, and random changes of both."""

    def __init__(self, seed: int, folder):
        self.rng = rng = random.Random(seed)
        self.columns = [Column(f"c{i}", rng.choice(KINDS)) for i in range(rng.randrange(2, 6))]
        self.num_named = len(self.columns)
        self.num_rows = rng.randrange(20, 400)
        self.stable = rng.random() < 0.6
        self.log: list[str] = []
        version = rng.choice(["2.0", "2.1", "2.2"])
        if version == "2.0":  # which has no null structs
            for column in self.columns:
                column.kind = "int" if column.kind == "struct" else column.kind
        self.kinds = [k for k in KINDS if k != "struct" or version != "2.0"]
        path = folder / "ours.lance"
        options = {
            "max_rows_per_file": rng.randrange(10, 150),
            "enable_stable_row_ids": self.stable,
            "data_storage_version": version,
        }
        self.log.append(f"seed {seed}: {self.num_rows} rows, {options}, {self.names()}")
        # Half of the tables begin as files of pylance.
        writer = rng.choice([lancea, lance])
        writer.write_dataset(self.rows(range(self.num_rows)), str(path), **options)
        shutil.copytree(path, folder / "theirs.lance")
        self.ours = lancea.dataset(path)
        self.theirs = lance.dataset(str(folder / "theirs.lance"))

    def names(self) -> list[str]:
        return [f"{c.name} {c.kind}" for c in self.columns]

    def rows(self, keys, columns: list[Column] | None = None) -> pa.Table:
        keys = list(keys)
        arrays = {"key": pa.array(keys, pa.int64())}
        for column in self.columns if columns is None else columns:
            arrays[column.name] = column.values(self.rng, len(keys))
        return pa.table(arrays)

    def run(self) -> None:
        steps = [
            self.delete, self.delete, self.update, self.update, self.merge, self.merge, self.merge,
            self.merge_columns, self.add_sql, self.add_null, self.add_joined, self.drop,
            self.rename, self.widen, self.append,
        ]  # fmt: skip
        for _ in range(STEPS):
            self.rng.choice(steps)()
            self.check()

    def both(self, what: str, call) -> None:
        self.log.append(what)
        call(self.theirs)
        call(self.ours)

    def condition(self) -> str:
        parts = [c.condition(self.rng) for c in self.columns]
        parts.append(f"key % {self.rng.randrange(2, 9)} = 1")
        chosen = self.rng.sample(parts, min(len(parts), self.rng.choice([1, 1, 2])))
        return self.rng.choice([" AND ", " OR "]).join(f"({part})" for part in chosen)

    def delete(self) -> None:
        where = self.condition()
        self.both(f"delete {where}", lambda ds: ds.delete(where))

    def update(self) -> None:
        values = {c.name: c.value_sql(self.rng) for c in self.columns}
        values = {name: sql for name, sql in values.items() if sql is not None}
        if not values:
            return
        chosen = dict(self.rng.sample(sorted(values.items()), self.rng.randrange(len(values)) + 1))
        where = self.rng.choice([None, self.condition(), self.condition()])
        self.both(f"update {chosen} where {where}", lambda ds: ds.update(chosen, where))

    def source_keys(self) -> list[int | None]:
        keys = self.rng.sample(range(-20, self.num_rows + 20), self.rng.randrange(1, 40))
        return [None, *keys] if self.rng.random() < 0.2 else list(keys)

    def merge(self) -> None:
        rng = self.rng
        part = rng.random() < 0.4
        columns = rng.sample(self.columns, rng.randrange(len(self.columns)) + 1 if part else 0)
        rows = self.rows(self.source_keys(), columns if part else None)
        matched = rng.choice(["update", "update", "update if", "delete", "nothing"])
        inserts, deletes = rng.random() < 0.6 or matched == "nothing", rng.random() < 0.2
        if matched == "delete":
            inserts = False
        if part:
            deletes = False
        unmatched = self.condition()
        number = rng.randrange(0, self.num_rows)

        def call(ds):
            merge = ds.merge_insert("key")
            if matched == "update":
                merge = merge.when_matched_update_all()
            elif matched == "update if":
                merge = merge.when_matched_update_all(f"target.key > {number}")
            elif matched == "delete":
                merge = merge.when_matched_delete()
            if inserts:
                merge = merge.when_not_matched_insert_all()
            if deletes:
                merge = merge.when_not_matched_by_source_delete(unmatched)
            merge.execute(rows)

        options = f"{matched}, inserts {inserts}, deletes {deletes} {unmatched}"
        self.both(f"merge {rows.num_rows} of {rows.schema.names}: {options}", call)

    def merge_columns(self) -> None:
        """Updates in place, of some columns."""
        if len(self.columns) < 2:
            return
        columns = self.rng.sample(self.columns, self.rng.randrange(1, len(self.columns)))
        rows = self.rows([k for k in self.source_keys() if k is not None], columns)

        def call(ds):
            merge = ds.merge_insert("key").when_matched_update_all()
            merge.write_mode("rewrite_columns").execute(rows)

        self.both(f"rewrite columns {rows.schema.names} of {rows.num_rows}", call)

    def new_column(self, kind: str) -> Column:
        self.num_named += 1
        return Column(f"c{self.num_named}", kind)

    def add_sql(self) -> None:
        column = self.new_column("int")
        sql = self.rng.choice(["key * 3", "key + 1", "key % 7"])
        self.both(f"add {column.name} = {sql}", lambda ds: ds.add_columns({column.name: sql}))
        self.columns.append(column)

    def add_null(self) -> None:
        column = self.new_column(self.rng.choice([k for k in self.kinds if k != "struct"]))
        schema = pa.schema([pa.field(column.name, column.type)])
        self.both(f"add null {schema}", lambda ds: ds.add_columns(schema))
        self.columns.append(column)

    def add_joined(self) -> None:
        column = self.new_column(self.rng.choice(["float", "text", "list"]))
        keys = self.rng.sample(range(self.num_rows), min(self.num_rows, 30))
        rows = self.rows(keys, [column])
        self.both(f"join {column.name} {column.kind}", lambda ds: ds.merge(rows, "key"))
        self.columns.append(column)

    def drop(self) -> None:
        if len(self.columns) < 2:
            return
        column = self.columns.pop(self.rng.randrange(len(self.columns)))
        self.both(f"drop {column.name}", lambda ds: ds.drop_columns([column.name]))

    def rename(self) -> None:
        column = self.rng.choice(self.columns)
        name = self.new_column("int").name
        change = {"path": column.name, "name": name}
        self.both(f"rename {change}", lambda ds: ds.alter_columns(change))
        column.name = name

    def widen(self) -> None:
        small = [c for c in self.columns if c.kind == "small"]
        if not small:
            return
        column = self.rng.choice(small)
        change = {"path": column.name, "data_type": pa.int64()}
        self.both(f"widen {column.name}", lambda ds: ds.alter_columns(change))
        column.kind = "int"

    def append(self) -> None:
        count = self.rng.randrange(1, 50)
        rows = self.rows(range(self.num_rows, self.num_rows + count))
        rows = rows.select(self.ours.schema.names)
        self.num_rows += count
        self.both(f"append {count}", lambda ds: ds.insert(rows))

    def check(self) -> None:
        expected = self.sorted_rows(self.theirs)
        assert self.sorted_rows(self.ours) == expected, self.log
        crossed = lance.dataset(self.ours.uri), lancea.dataset(self.theirs.uri)
        for opened in (*crossed, self.ours):
            opened.validate()
            assert self.sorted_rows(opened) == expected, self.log
        assert self.deletions(crossed[0]) == self.deletions(self.theirs), self.log
        assert crossed[0].version == self.theirs.version, self.log

    def sorted_rows(self, dataset) -> list[str]:
        columns = [*sorted(dataset.schema.names), *(LINEAGE if self.stable else [])]
        return sorted(map(str, dataset.to_table(columns=columns).to_pylist()))

    def deletions(self, dataset) -> int:
        return sum(fragment.num_deletions for fragment in dataset.get_fragments())


@pytest.mark.parametrize("seed", range(RUNS))
def test_sequences_of_changes_give_pylances_table(tmp_path, seed):
    Sequence(seed, tmp_path).run()


def test_conditions_choose_rows():
    """What the sequences rely on: conditions are neither always false nor always true."""
    rows = Column("c", "int").values(random.Random(1), 100)
    assert 10 < pc.sum(pc.greater(rows, 0)).as_py() < 90
