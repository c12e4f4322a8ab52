"""Real data, written and read by Lancea: scikit-learn's 1,797 handwritten digits.

    .venv/bin/python examples/demo/digits.py [FOLDER]     default: build/demo

The table stays in FOLDER, to play with: `lancea head build/demo/digits.lance`.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
from sklearn.datasets import load_digits

import lancea

ROOT = Path(__file__).resolve().parents[2]
NAMES = "zero one two three four five six seven eight nine".split()
SHADES = " ░▒▓█"
BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def title(text):
    print(f"\n{BOLD}── {text} {'─' * (92 - len(text))}{PLAIN}")


def write(uri):
    """Two versions: 1,000 digits, then the rest appended; a tag names the second."""
    digits = load_digits()
    images = pa.array(digits.data.astype(np.uint8).reshape(-1), pa.uint8())
    table = pa.table(
        {
            "id": pa.array(range(len(digits.target)), pa.int32()),
            "image": pa.FixedSizeListArray.from_arrays(images, 64),
            "label": pa.array(digits.target, pa.int8()),
            "text": [f"a handwritten {NAMES[label]}" for label in digits.target],
        }
    )
    shutil.rmtree(uri, ignore_errors=True)
    lancea.write_dataset(table.slice(0, 1000), uri)
    dataset = lancea.write_dataset(table.slice(1000), uri, mode="append")
    dataset.tags.create("complete", dataset.version)
    return table


def as_matrix(column):
    """fixed_size_list<uint8>[64] column -> [num_rows, 64], row-major; values 0..16."""
    return np.concatenate([chunk.flatten().to_numpy() for chunk in column.chunks]).reshape(-1, 64)


def draw(images, captions):
    """Print 8 x 8 images side by side, five to a line."""
    for first in range(0, len(images), 5):
        line_of = images[first : first + 5]
        for row in range(8):
            pixels = [image[row * 8 :][:8] for image in line_of]
            print("  " + "  ".join("".join(SHADES[int(v) // 4] * 2 for v in row) for row in pixels))
        print(DIM + "  " + "  ".join(f"{c:^16}" for c in captions[first : first + 5]) + PLAIN)


def show_schema(dataset):
    title("The table")
    print(f"  {dataset.count_rows():,} rows in version {dataset.version}, ", end="")
    print(f"{len(dataset.get_fragments())} fragments, storage {dataset.data_storage_version}")
    first = lancea.dataset(dataset.uri, version=1)
    print(f"  {first.count_rows():,} rows in version 1, still there\n")
    for field in dataset.schema:
        print(f"    {field.name:<8} {field.type}")


def show_digits(dataset):
    title("Ten rows, taken by position")
    rows = dataset.take([1796, 3, 1000, 42, 999, 7, 1234, 77, 1500, 640])
    captions = [text.removeprefix("a handwritten ") for text in rows["text"].to_pylist()]
    draw(as_matrix(rows["image"]), captions)


def show_labels(table):
    title("How many of each")
    labels = table["label"].to_numpy()
    for label, count in enumerate(np.bincount(labels)):
        print(f"  {label}  {'█' * (count // 4)} {count}")
    title("The average of each, from a scan of two columns")
    images = as_matrix(table["image"])
    draw([images[labels == label].mean(axis=0) for label in range(10)], NAMES)


def show_nearest(table):
    title("Do the pixels mean anything?")
    images = as_matrix(table["image"]).astype(np.float32)
    labels = table["label"].to_numpy()
    known, asked = images[:1500], images[1500:]
    squared = (asked**2).sum(1)[:, None] + (known**2).sum(1) - 2 * asked @ known.T
    right = int((labels[squared.argmin(axis=1)] == labels[1500:]).sum())
    print(f"  The nearest of the first 1,500 digits names the last {len(asked)}: ", end="")
    print(f"{right} right, {len(asked) - right} wrong ({right / len(asked):.1%})")


def show_file(uri):
    title("One data file, as `lancea file` sees it")
    file = sorted((uri / "data").glob("*.lance"))[0]
    command = [Path(sys.prefix) / "bin/lancea", "file", file]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print("\n".join("  " + line.replace(f"{ROOT}/", "") for line in out.rstrip().splitlines()))


def best(calls, seconds=1.0):
    """The fastest run of each call, in seconds; the calls take turns, so that both meet the same
    machine."""
    fastest = [float("inf")] * len(calls)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            fastest[i] = min(fastest[i], time.perf_counter() - start)
    return fastest


def show_times(uri):
    title("How fast (best of interleaved runs, warm)")
    ours, theirs = lancea.dataset(uri), lance.dataset(uri)
    table, copy = ours.to_table(), uri.with_name("copy.lance")

    def module_of(dataset):
        return lancea if dataset is ours else lance

    hundred = np.random.default_rng(1).integers(0, 1797, 100).tolist()
    tasks = {
        "take 1 row": lambda ds: ds.take([1234]),
        "take 100 rows": lambda ds: ds.take(hundred),
        "read it all": lambda ds: ds.to_table(),
        "read one column": lambda ds: ds.to_table(columns=["label"]),
        "open and count": lambda ds: module_of(ds).dataset(uri).count_rows(),
        "write it": lambda ds: module_of(ds).write_dataset(table, copy, mode="overwrite"),
    }
    print(f"  {'':<18}{'lancea':>12}{'pylance':>12}   faster")
    for name, task in tasks.items():
        fast, slow = best([lambda: task(ours), lambda: task(theirs)])  # noqa: B023
        print(f"  {name:<18}{fast * 1e6:>9,.0f} µs{slow * 1e6:>9,.0f} µs   {slow / fast:>5.1f}×")
    shutil.rmtree(copy)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/demo"
    folder.mkdir(parents=True, exist_ok=True)
    uri = folder / "digits.lance"
    written = write(uri)
    print(f"{BOLD}Lancea {lancea.__version__}{PLAIN} wrote a table and reads it back.")

    dataset = lancea.dataset(uri)
    show_schema(dataset)
    show_digits(dataset)
    table = dataset.to_table()
    show_labels(dataset.to_table(columns=["image", "label"]))
    show_nearest(table)
    show_file(uri)
    show_times(uri)

    title("Equal to the last bit?")
    theirs = lance.dataset(uri, version="complete")
    theirs.validate()
    if not (table.equals(theirs.to_table()) and table.equals(written)):
        sys.exit("  No: Lancea and pylance read different rows. That is a bug worth reporting.")
    print(f"  Yes: the same rows that pylance {lance.__version__} reads and that were written.\n")
    print(f"  Yours to explore: .venv/bin/lancea --help, and the table in {uri}")


if __name__ == "__main__":
    main()
