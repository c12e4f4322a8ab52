"""Write the version 2.3 files of this folder with pylance, and beside each what it must read as.

    python make_files.py            # needs pylance 14.0.2; writes NAME.lance and NAME.arrow here
    python make_files.py --show     # also prints which page kinds came out

2.3 has one layout message with two independent halves, structure (dense | sparse) and values
(chunked | zipped | constant | none | indexed). Every pair the writer produces is here, for flat,
struct, list and fixed-size-list columns, with position sequences of every kind (constant, range,
delta, bit-packed, flat). Files are immutable once committed.
"""

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import lance
import pyarrow as pa
from lance.file import LanceFileReader, LanceFileWriter

HERE = Path(__file__).parent
SPARSE = {"lance-encoding:structural-encoding": "sparse"}


def noise(i: int, modulus: int) -> int:
    """A fixed pseudo-random number below modulus."""
    x = (i + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    x ^= x >> 29
    x = x * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (x >> 33) % modulus


def some(values, keep):
    return [v if keep(i) else None for i, v in enumerate(values)]


def lists(n, type_, count, keep=lambda i: True, item=lambda i: i):
    out, next_item = [], 0
    for i in range(n):
        if not keep(i):
            out.append(None)
            continue
        out.append([item(next_item + k) for k in range(count(i))])
        next_item += count(i)
    return pa.array(out, type_)


def shapes(n: int) -> dict:
    """Columns of every nesting, written once as the writer likes and once as sparse."""
    point = pa.struct([("x", pa.int32()), ("y", pa.string())])
    points = [{"x": i, "y": f"p{i}"} for i in range(n)]
    holes = lambda i: noise(i, 10) != 0  # noqa: E731
    return {
        "i64": pa.array(some(range(n), holes), pa.int64()),
        "i16_mostly_null": pa.array(some([i % 1000 for i in range(n)], lambda i: noise(i, 40) == 0), pa.int16()),
        "i32_every_third": pa.array(some(range(n), lambda i: i % 3 == 0), pa.int32()),
        "i32_all_but_every_fifth": pa.array(some(range(n), lambda i: i % 5 != 1), pa.int32()),
        "i32_one_run": pa.array(some(range(n), lambda i: n // 3 <= i < n // 2), pa.int32()),
        "boolean": pa.array(some([noise(i, 2) == 1 for i in range(n)], holes), pa.bool_()),
        "f64": pa.array(some([i / 7 for i in range(n)], holes), pa.float64()),
        "text": pa.array(some([f"row {noise(i, 10**9)}" for i in range(n)], holes), pa.string()),
        "fixed_text": pa.array([f"{i:08}" for i in range(n)], pa.string()),
        "large_binary": pa.array(some([b"b" * noise(i, 12) for i in range(n)], holes), pa.large_binary()),
        "few_words": pa.array(some([f"word-{noise(i, 9)}" for i in range(n)], holes), pa.string()),
        "decimal": pa.array(some([i for i in range(n)], holes), pa.decimal128(20, 0)),
        "uuid": pa.array(some([i.to_bytes(16, "little") for i in range(n)], holes), pa.binary(16)),
        "vector": pa.array(some([[i, i + 1, i + 2] for i in range(n)], holes), pa.list_(pa.float32(), 3)),
        "vector_of_nullable": pa.array(
            some([[i, None if i % 7 == 0 else i + 1] for i in range(n)], holes), pa.list_(pa.int32(), 2)
        ),
        "point": pa.array(some(points, holes), point),
        "point_holes_inside": pa.array(
            [None if noise(i, 9) == 0 else {"x": None if noise(i, 5) == 0 else i, "y": None} for i in range(n)], point
        ),
        "list_of_three": lists(n, pa.list_(pa.int32()), lambda i: 3),
        "list": lists(n, pa.list_(pa.int32()), lambda i: noise(i, 5), holes),
        "list_of_holes": lists(
            n, pa.list_(pa.string()), lambda i: noise(i, 3), holes, lambda i: None if noise(i, 4) == 0 else f"s{i}"
        ),
        "list_mostly_empty": lists(n, pa.large_list(pa.int64()), lambda i: 2 if noise(i, 50) == 0 else 0),
        "list_of_list": pa.array(
            [
                None
                if noise(i, 11) == 0
                else [
                    None if noise(i * 5 + k, 6) == 0 else list(range(noise(i * 7 + k, 4))) for k in range(noise(i, 4))
                ]
                for i in range(n)
            ],
            pa.list_(pa.list_(pa.int32())),
        ),
        "list_of_point": lists(
            n,
            pa.list_(point),
            lambda i: noise(i, 3),
            holes,
            lambda i: None if noise(i, 6) == 0 else {"x": i, "y": None if i % 2 else str(i)},
        ),
        "struct_of_list": pa.array(
            [None if noise(i, 8) == 0 else {"v": None if noise(i, 5) == 0 else [i] * noise(i, 3)} for i in range(n)],
            pa.struct([("v", pa.list_(pa.int32()))]),
        ),
        "map": pa.array(
            [None if noise(i, 9) == 0 else [(f"k{k}", i) for k in range(noise(i, 3))] for i in range(n)],
            pa.map_(pa.string(), pa.int32()),
        ),
    }


def of_fixed_size_lists(n: int) -> dict:
    point = pa.struct([("x", pa.int32()), ("y", pa.string())])
    pair = lambda i: [None if noise(i, 7) == 0 else {"x": i, "y": None if i % 5 == 0 else f"y{i}"}, {"x": None, "y": ""}]  # noqa: E731, E501
    return {
        "pair": pa.array([pair(i) for i in range(n)], pa.list_(point, 2)),
        "pair_holes": pa.array(some([pair(i) for i in range(n)], lambda i: noise(i, 4) != 0), pa.list_(point, 2)),
        "struct_of_pair": pa.array(
            [None if noise(i, 6) == 0 else {"p": None if noise(i, 5) == 0 else pair(i)} for i in range(n)],
            pa.struct([("p", pa.list_(point, 2))]),
        ),
    }


def fixed_size_lists_and_lists(n: int) -> dict:
    point = pa.struct([("x", pa.int32())])  # one field: 14.0.2 fails on its own file when there are two
    return {
        "pair_of_lists": pa.array(
            some(
                [[{"v": [i] * noise(i, 3)}, {"v": None if i % 3 == 0 else []}] for i in range(n)],
                lambda i: noise(i, 4) != 0,
            ),
            pa.list_(pa.struct([("v", pa.list_(pa.int32()))]), 2),
        ),
        "list_of_triple": pa.array(
            [
                None
                if noise(i, 7) == 0
                else [None if noise(i + k, 5) == 0 else [{"x": i}, None, {"x": None if k == 1 else k}] for k in range(noise(i, 4))]
                for i in range(n)
            ],
            pa.list_(pa.list_(point, 3)),
        )
    }


def wide(n: int) -> dict:
    """Values of 256 bytes and more: zipped."""
    long = lambda i: f"{i:06}" + "x" * (260 + i % 50)  # noqa: E731
    return {
        "text": pa.array([long(i) for i in range(n)], pa.string()),
        "text_holes": pa.array(some([long(i) for i in range(n)], lambda i: noise(i, 5) != 0), pa.string()),
        "text_mostly_null": pa.array(some([long(i) for i in range(n)], lambda i: noise(i, 9) == 0), pa.string()),
        "large_binary_every_fourth": pa.array(
            some([long(i).encode() for i in range(n)], lambda i: i % 4 == 2), pa.large_binary()
        ),
        "vector": pa.array([[float(i)] * 80 for i in range(n)], pa.list_(pa.float32(), 80)),
        "vector_mostly_null": pa.array(
            some([[float(i)] * 80 for i in range(n)], lambda i: noise(i, 9) == 0), pa.list_(pa.float32(), 80)
        ),
        "list_of_text": lists(n, pa.list_(pa.string()), lambda i: noise(i, 3), lambda i: noise(i, 5) != 0, long),
        "list_mostly_empty": lists(
            n, pa.list_(pa.string()), lambda i: 2 if noise(i, 9) == 0 else 0, lambda i: noise(i, 5) != 0,
            lambda i: None if noise(i, 3) else long(i),
        ),
        "struct_mostly_null": pa.array(
            [
                None if noise(i, 3) == 0 else {"t": None if noise(i, 5) else long(i), "v": [i] * 70}
                for i in range(n)
            ],
            pa.struct([("t", pa.string()), ("v", pa.list_(pa.int32(), 70))]),
        ),
    }


def wide_requested_sparse(n: int) -> dict:
    columns = wide(n)
    names = ["text_holes", "vector_mostly_null", "list_of_text", "struct_mostly_null"]
    out = {name: columns[name] for name in names}
    out["pair_of_text"] = pa.array(
        some(
            [[{"t": "a" * (300 + i)}, None if i % 3 else {"t": None if i % 2 else "b" * 270}] for i in range(n)],
            lambda i: noise(i, 4) != 0,
        ),
        pa.list_(pa.struct([("t", pa.string())]), 2),
    )
    return out


def indexed(n: int) -> dict:
    """A dictionary of 64 KiB and more under a sparse structure."""
    word = lambda i: f"{i % 80:03}" + "w" * 1024  # noqa: E731
    return {
        "text": pa.array(some([word(i) for i in range(n)], lambda i: i % 11 != 0), pa.string()),
        "binary_in_struct": pa.array(
            [None if i % 7 == 0 else {"b": None if i % 5 == 0 else word(i * 3).encode()} for i in range(n)],
            pa.struct([("b", pa.large_binary())]),
        ),
        "list": lists(n, pa.list_(pa.string()), lambda i: noise(i, 4), lambda i: noise(i, 6) != 0, word),
    }


def constants(n: int) -> dict:
    holes = lambda i: noise(i, 10) != 0  # noqa: E731
    return {
        "seven": pa.array([7] * n, pa.int32()),
        "seven_holes": pa.array(some([7] * n, holes), pa.int64()),
        "yes_holes": pa.array(some([True] * n, holes), pa.bool_()),
        "uuid_holes": pa.array(some([b"0123456789abcdef"] * n, holes), pa.binary(16)),
        "same_text": pa.array(["the same text"] * n, pa.string()),
        "same_text_holes": pa.array(some(["the same text"] * n, holes), pa.string()),
        "list_of_ones": lists(n, pa.list_(pa.int32()), lambda i: noise(i, 4), holes, lambda i: 1),
        "nothing": pa.nulls(n, pa.int32()),
        "no_text": pa.nulls(n, pa.string()),
        "null_type": pa.nulls(n),
        "no_vector": pa.nulls(n, pa.list_(pa.float32(), 4)),
        "no_list": pa.nulls(n, pa.list_(pa.int32())),
        "empty_lists": lists(n, pa.list_(pa.int32()), lambda i: 0, holes),
        "lists_of_nulls": lists(n, pa.list_(pa.string()), lambda i: noise(i, 4), holes, lambda i: None),
        "no_struct": pa.nulls(n, pa.struct([("x", pa.int32()), ("y", pa.list_(pa.string()))])),
    }


def very_sparse(n: int) -> dict:
    """More rows than one chunk has room for levels, with few values."""
    return {
        "list": lists(n, pa.list_(pa.int32()), lambda i: 1 + noise(i, 5) if noise(i, 400) == 0 else 0),
        "list_every_hundredth": lists(n, pa.list_(pa.int64()), lambda i: 4 if i % 100 == 99 else 0, lambda i: i % 2 == 1),
        "list_of_list": pa.array(
            [[[i], [], None, [i, None]] if noise(i, 500) == 0 else None if noise(i, 3) == 0 else [] for i in range(n)],
            pa.list_(pa.list_(pa.int32())),
        ),
        "i32_mostly_null": pa.array(some(range(n), lambda i: noise(i, 700) == 0), pa.int32()),
        "text_mostly_null": pa.array(some([f"t{i}" * 80 for i in range(n)], lambda i: noise(i, 900) == 0), pa.string()),
    }


def sequences(n: int) -> dict:
    """Dense values whose offsets and run lengths become sequences of their own."""
    return {
        "same_length": pa.array([f"{noise(i, 10**6):06}" for i in range(n)], pa.string()),
        "runs": pa.array([i // 97 for i in range(n)], pa.int64()),
        "rising": pa.array([10**12 + 17 * i for i in range(n)], pa.int64()),
        "rising_jitter": pa.array([10**12 + 1000 * i + noise(i, 900) for i in range(n)], pa.int64()),
        "few_large": pa.array([noise(noise(i, 5), 2**62) for i in range(n)], pa.int64()),
        "list_rising_counts": lists(n // 8, pa.list_(pa.int32()), lambda i: i % 4 + 1).take(
            pa.array([i % (n // 8) for i in range(n)])
        ),
        "dictionary": pa.array([f"d{noise(i, 20)}" for i in range(n)]).dictionary_encode(),
        "dictionary_holes": pa.array(some([f"d{noise(i, 20)}" for i in range(n)], lambda i: i % 3 != 0)).dictionary_encode(),
    }


FILES = {
    "dense": (shapes(400), {}),
    "sparse": (shapes(400), SPARSE),
    "dense_fixed_size_list": (of_fixed_size_lists(400), {}),
    "sparse_fixed_size_list": (of_fixed_size_lists(400), SPARSE),
    "fixed_size_list_and_list": (fixed_size_lists_and_lists(500), {}),
    "wide": (wide(50), {}),
    "wide_sparse": (wide_requested_sparse(60), SPARSE),
    "indexed": (indexed(1000), SPARSE),
    "constants": (constants(900), {}),
    "very_sparse": (very_sparse(66_000), {}),
    "sequences": (sequences(1500), {}),
}


def table_of(columns: dict, metadata: dict) -> pa.Table:
    def with_metadata(field: pa.Field) -> pa.Field:
        type_ = field.type
        if pa.types.is_struct(type_):
            type_ = pa.struct([with_metadata(child) for child in type_])
        elif pa.types.is_large_list(type_):
            type_ = pa.large_list(with_metadata(type_.value_field))
        elif pa.types.is_list(type_):
            type_ = pa.list_(with_metadata(type_.value_field))
        elif pa.types.is_fixed_size_list(type_):
            type_ = pa.list_(with_metadata(type_.value_field), type_.list_size)
        return pa.field(field.name, type_, field.nullable, metadata or None)

    schema = pa.schema([with_metadata(pa.field(name, array.type)) for name, array in columns.items()])
    return pa.table([array.cast(f.type) for array, f in zip(columns.values(), schema)], schema=schema)


def read_back(table: pa.Table, path: Path) -> pa.Table:
    """What pylance reads. Its file reader takes the pages' lengths for rows, which they are not under
    fixed-size lists of structs, so those are read through a dataset of the same content."""
    try:
        return LanceFileReader(str(path)).read_all().to_table()
    except ValueError:
        with tempfile.TemporaryDirectory() as directory:
            return lance.write_dataset(table, directory, data_storage_version="2.3").to_table()


def kinds(path: Path) -> Counter:
    seen: Counter = Counter()
    for column in LanceFileReader(str(path)).metadata().columns:
        for page in column.pages:
            words = page.encoding
            structure = "sparse" if "Sparse(" in words else "dense"
            values = re.search(r"ValuePlane \{\s*codec: Some\(\s*(\w+)", words).group(1).lower()
            names = re.findall(r"^\s*(\w+)\($", words, re.M)
            parts = sorted({n for n in names if n[0].isupper() and n not in ("Some", "Sparse", "Dense")})
            seen[f"{structure}+{values}: {' '.join(parts)}"] += 1
    return seen


def main() -> None:
    only = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
    for name, (columns, metadata) in FILES.items():
        if only and name not in only:
            continue
        table = table_of(columns, metadata)
        path = HERE / f"{name}.lance"
        with LanceFileWriter(str(path), table.schema, version="2.3") as writer:
            writer.write_batch(table)
        expected = read_back(table, path)
        expected.validate(full=True)
        same = [c for c in table.column_names if not expected[c].cast(table[c].type).equals(table[c])]
        if same:
            print(name, "reads back different:", same)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(str(HERE / f"{name}.arrow"), expected.schema, options=options) as sink:
            sink.write_table(expected.combine_chunks())
        if "--show" in sys.argv:
            print(name, path.stat().st_size)
            for kind, count in sorted(kinds(path).items()):
                print("   ", count, kind)


if __name__ == "__main__":
    main()
