"""Random scans of random tables: columns, filters of every form, order, and how it is run."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from interop.random_expressions import (
    FLOATS,
    INTEGERS,
    RULES,
    TEXTS,
    WORDS,
    Expressions,
    random_table,
)
from interop.support import VERSIONS, lance
from lance.dataset import ColumnOrdering

SYSTEM_COLUMNS = ["_rowid", "_rowaddr", "_rowoffset"]
#: Numbers of rows in the first and in the second fragment, and beyond both.
RULES["row_number"] = ["0", "1", "5", "19", "60", "119", "4294967296", "4294967299"]
RULES["system_condition"] = [
    "{_rowid|_rowaddr} {compare} {row_number}",
    "{_rowid|_rowaddr} {|NOT }IN ({row_number}, {row_number}, {row_number})",
    "{_rowid|_rowaddr} BETWEEN {row_number} AND {row_number}",
    "{_rowid|_rowaddr} % 3 = 1",
    "{_row_created_at_version|_row_last_updated_at_version} {=|>|<=} {1|2|4}",
]
SYSTEM_CONDITIONS = ["{system_condition}", "{system_condition} {AND|OR} {condition}"]
VERSION_COLUMNS = ["_row_created_at_version", "_row_last_updated_at_version"]


def write_table(folder: Path, seed: int) -> lance.LanceDataset:
    """A table of several fragments, with deleted, updated and appended rows, written by pylance."""
    rng = random.Random(seed)
    version = VERSIONS[seed % len(VERSIONS)]
    rows = random_table(seed, null_structs=version > "2.0")
    stable = rng.random() < 0.5
    # A table of version 0.1 has one dictionary for all fragments.
    first = 150 if version == "0.1" else 120
    ds = lance.write_dataset(
        rows.slice(0, first),
        folder,
        max_rows_per_file=rng.choice([20, 50, 120]),
        max_rows_per_group=rng.choice([16, 64]),
        data_storage_version=version,
        enable_stable_row_ids=stable,
    )
    if first < rows.num_rows:
        ds = lance.write_dataset(rows.slice(first), folder, mode="append")
    if rng.random() < 0.8:
        ds.delete(f"id % {rng.randrange(5, 30)} = 3")
    if version != "0.1" and rng.random() < 0.5:
        ds.update({"i32": "12", "s": "'updated'"}, where=f"id % {rng.randrange(7, 30)} = 1")
    return lance.dataset(folder)


class ArrowConditions:
    """Conditions as pyarrow has them."""

    def __init__(self, rng: random.Random, schema: pa.Schema):
        self.random = rng
        self.schema = schema

    def condition(self, depth: int = 2) -> pc.Expression:
        if depth <= 0 or self.random.random() < 0.4:
            return self.simple()
        left, right = self.condition(depth - 1), self.condition(depth - 1)
        return self.random.choice([left & right, left | right, ~left])

    def simple(self) -> pc.Expression:
        rng = self.random
        # pylance takes no types that Substrait lacks, as unsigned numbers and large strings.
        name = rng.choice(["i8", "i16", "i32", "i64", "f32", "f64", "s", "b", "d"])
        column = pc.field(name)
        value = self.value_of(name)
        way = rng.randrange(8)
        if way == 0:
            return column.is_null() if rng.random() < 0.5 else column.is_valid()
        if way == 1 and name not in ("b", "ts"):
            return column.isin([self.value_of(name) for _ in range(rng.randint(1, 4))])
        if way == 2 and name in INTEGERS:
            other = rng.choice([column, value])
            sums = [column + other, column - other, column * other]
            return rng.choice(sums) > self.value_of(name)
        return self.compared(column, value)

    def compared(self, left, right) -> pc.Expression:
        ways = [
            left == right,
            left != right,
            left < right,
            left <= right,
            left > right,
            left >= right,
        ]
        return self.random.choice(ways)

    def value_of(self, name: str) -> pa.Scalar:
        rng = self.random
        kind = self.schema.field(name).type
        if name in INTEGERS:
            _, low, high = INTEGERS[name]
            return pa.scalar(rng.choice([v for v in (-7, 0, 1, 5, low, high) if v >= low]), kind)
        if name in FLOATS:
            return pa.scalar(rng.choice([0.0, 1.5, -2.25, 100.0]), kind)
        if name in TEXTS:
            return pa.scalar(rng.choice(WORDS), kind)
        if name == "b":
            return pa.scalar(rng.random() < 0.5)
        return pa.scalar(rng.choice([0, 11016, 18262]), pa.int32()).cast(pa.date32()).cast(kind)


class Scans(Expressions):
    """Options of one random scan after the other."""

    def __init__(self, seed: int, ds: lance.LanceDataset):
        super().__init__(seed)
        self.ds = ds
        self.names = ds.schema.names
        # pylance has none of them in filters over version 0.1, and _rowoffset in none.
        self.has_system_columns = ds.data_storage_version != "0.1"
        self.arrow = ArrowConditions(self.random, ds.schema)

    def scan(self) -> dict:
        """Arguments of ``LanceDataset.scanner``."""
        options = {"filter": self.filter(), **self.columns()}
        if self.chance(0.2):
            # Without row ids, and with limit 0, pylance fails.
            options |= {"order_by": self.order(), "with_row_id": True}
        if self.chance(0.2):
            options["limit"] = self.random.choice([1, 3, 10, 1000])
        if self.chance(0.15):
            options["offset"] = self.random.choice([0, 1, 7, 200])
        if self.chance(0.4):
            options |= self.manner()
        if not self.has_system_columns:
            # Statistics of version 0.1 count no empty texts, which are null when read.
            options["use_stats"] = False
        return {name: value for name, value in options.items() if value is not None}

    def filter(self):
        kind = self.random.random()
        if kind < 0.15:
            return None
        if kind < 0.75:
            return self.condition()
        if kind < 0.85 and self.has_system_columns:
            return self.with_single_lists(self.random.choice(SYSTEM_CONDITIONS), 1)
        return self.arrow.condition()

    def columns(self) -> dict:
        kind = self.random.random()
        if kind < 0.35:
            return {"columns": {"id": "id", "value": self.value()}}
        options = {
            "with_row_id": self.random.choice([True, None]),
            "with_row_address": self.random.choice([True, None, None]),
        }
        if kind < 0.45:
            return options
        names = self.random.sample(self.names, self.random.randint(1, 4))
        if self.chance(0.3):
            names.append(self.random.choice(["st.x", "st.y"]))
            names = [name for name in names if name != "st"]
        if self.chance(0.2):
            system = SYSTEM_COLUMNS + (VERSION_COLUMNS if self.has_system_columns else [])
            return {"columns": [*names, self.random.choice(system)]}
        return {"columns": names, **options}

    def order(self) -> list[ColumnOrdering]:
        """Keys; the last one is unique."""
        sortable = [*INTEGERS, *FLOATS, "s", "ls", "b", "d", "ts", "bin"]
        names = self.random.sample(sortable, self.random.randint(0, 2))
        return [
            ColumnOrdering(name, ascending=self.chance(0.5), nulls_first=self.chance(0.5))
            for name in [*names, "id"]
        ]

    def manner(self) -> dict:
        """What changes how a scan runs, and not what it gives."""
        return self.random.choice(
            [
                {"batch_size": self.random.choice([1, 7, 64])},
                {"batch_size": 10, "strict_batch_size": True},
                {"batch_size_bytes": self.random.choice([100, 5000])},
                {"late_materialization": self.random.choice([True, False])},
                {"late_materialization": ["s", "li"]},
                {"use_stats": False},
                {"prefilter": True},
                {"use_scalar_index": False},
                {"fragment_readahead": 1, "batch_readahead": 1},
                {"io_buffer_size": 1000},
            ]
        )
