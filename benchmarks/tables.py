"""The tables that are measured: made from a seed, the same each time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

WORDS = (
    "sly careful express quick bold final blithe regular even ironic silent pending special "
    "unusual daring brave dogged requests accounts deposits packages theodolites instructions "
    "foxes ideas pinto beans excuses sleep wake are cajole haggle nag use boost affix detect "
    "integrate among"
).split()


def choices(rng: np.random.Generator, values: list[str], rows: int) -> pa.Array:
    return pa.array(values).take(pa.array(rng.integers(0, len(values), rows)))


def text(rng: np.random.Generator, rows: int, low: int, high: int) -> pa.Array:
    """Between ``low`` and ``high`` words, frequent ones more often than rare ones."""
    counts = rng.integers(low, high, rows)
    vocabulary = np.array([*WORDS, *(f"{a}{b}" for a in WORDS for b in WORDS)])
    picked = vocabulary[(rng.pareto(1.1, counts.sum()) * 20).astype(int) % len(vocabulary)]
    ends = np.cumsum(counts)
    return pa.array(" ".join(picked[end - n : end]) for end, n in zip(ends, counts, strict=True))


def lineitem(rows: int) -> pa.Table:
    """What TPC-H's table of that name looks like."""
    rng = np.random.default_rng(1)
    ship = 8036 + rng.integers(0, 2526, rows).astype(np.int32)
    quantity = rng.integers(1, 51, rows)
    cents = pa.array(rng.integers(0, 9, rows)).cast(pa.decimal128(21, 2))
    return pa.table(
        {
            "orderkey": np.sort(rng.integers(1, rows, rows)),
            "partkey": rng.integers(0, 200_000, rows).astype(np.int32),
            "suppkey": rng.integers(0, 10_000, rows).astype(np.int32),
            "linenumber": rng.integers(1, 8, rows).astype(np.int32),
            "quantity": quantity.astype(np.int32),
            "extendedprice": np.round(quantity * rng.uniform(900, 2900, rows), 2),
            "discount": rng.integers(0, 11, rows) / 100,
            "tax": cents.cast(pa.decimal128(15, 2)),
            "returnflag": choices(rng, ["A", "N", "R"], rows),
            "linestatus": choices(rng, ["O", "F"], rows),
            "shipdate": pa.array(ship).cast(pa.date32()),
            "commitdate": pa.array(
                ship + rng.integers(-60, 61, rows).astype(np.int32), pa.date32()
            ),
            "shipmode": choices(rng, "AIR,FOB,MAIL,RAIL,REG AIR,SHIP,TRUCK".split(","), rows),
            "comment": text(rng, rows, 2, 8),
        }
    )


def vectors(rows: int) -> pa.Table:
    rng = np.random.default_rng(2)
    values = rng.standard_normal(rows * 128, dtype=np.float32)
    return pa.table(
        {"id": np.arange(rows), "vector": pa.FixedSizeListArray.from_arrays(pa.array(values), 128)}
    )


def documents(rows: int) -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table({"id": np.arange(rows), "body": text(rng, rows, 80, 220)})


def nested(rows: int) -> pa.Table:
    """Orders with a list of items, some null and some empty."""
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 9, rows)
    total = int(counts.sum())
    items = pa.StructArray.from_arrays(
        [
            pa.array(rng.integers(0, 100_000, total).astype(np.int32)),
            pa.array(rng.uniform(1, 500, total).astype(np.float32), mask=rng.random(total) < 0.05),
            choices(rng, [f"SKU-{i:04}" for i in range(500)], total),
        ],
        names=["sku", "price", "code"],
    )
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    lists = pa.ListArray.from_arrays(offsets, items, mask=pa.array(rng.random(rows) < 0.02))
    return pa.table({"id": np.arange(rows), "items": lists})


def blobs(rows: int) -> pa.Table:
    """Incompressible values of 64 KiB on average."""
    rng = np.random.default_rng(5)
    values = [rng.bytes(int(size)) for size in rng.integers(2 << 10, 126 << 10, rows)]
    return pa.table({"id": np.arange(rows), "blob": pa.array(values, pa.large_binary())})


def wide(columns: int) -> pa.Table:
    rng = np.random.default_rng(6)
    return pa.table({f"c{i}": rng.standard_normal(1000) for i in range(columns)})


#: rows at scale 1
TABLES = {
    "lineitem": (lineitem, 600_000),
    "vectors": (vectors, 100_000),
    "documents": (documents, 20_000),
    "nested": (nested, 50_000),
    "blobs": (blobs, 2_000),
}
