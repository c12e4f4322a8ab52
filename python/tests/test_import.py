"""What importing the package does, and what it does not."""

from __future__ import annotations

import re
import sys

import pytest

#: What pyarrow itself loads, pandas where it is installed, counts as pyarrow's.
LOADED = """
import sys
import pyarrow.dataset, pyarrow.compute
before = set(sys.modules)
{}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(loaded - set(sys.stdlib_module_names)))
"""


def test_importing_loads_no_other_package(run_python):
    program = LOADED.format("import lancea, lancea.file, lancea.arrow")
    assert run_python(program) == "['lancea']\n"


def test_reading_loads_no_other_package(run_python, trips_path):
    program = LOADED.format("""
import lancea
ds = lancea.dataset(sys.argv[1])
ds.to_table(columns=["id", "city"], limit=10)
ds.take([1, 2])
""")
    assert run_python(program, trips_path) == "['lancea']\n"


def test_reading_works_without_pandas(run_python, trips_path):
    program = """
import sys

class NoPandas:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoPandas())
import lancea
ds = lancea.dataset(sys.argv[1])
print(ds.to_table().num_rows, lancea.dataset(sys.argv[1], asof="2999-01-01 00:00:00").version)
try:
    lancea.dataset(sys.argv[1], asof="not a time")
except ValueError as error:
    print(error)
"""
    lines = run_python(program, trips_path).splitlines()
    assert lines[0] == "909 2"
    assert lines[1].startswith("Failed to parse timestamp string not a time")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_importing_starts_no_threads(run_python):
    program = """
import os, threading
import pyarrow, pyarrow.dataset, pyarrow.compute
before = len(os.listdir("/proc/self/task"))
import lancea, lancea.file
print(len(os.listdir("/proc/self/task")) - before, threading.active_count())
"""
    assert run_python(program) == "0 1\n"


def test_importing_prints_and_warns_nothing(run_python):
    assert run_python("import lancea", flags=("-W", "error")) == ""


def test_importing_takes_little_longer_than_pyarrow(run_python, record_property, capsys):
    """Reported, never judged: a timing depends on what else the machine does."""
    program = "import pyarrow.dataset, pyarrow.compute, lancea"
    lines = run_python(program, flags=("-X", "importtime"))
    times = {}
    for line in lines.splitlines():
        found = re.match(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)", line)
        if found:
            times[found[4]] = int(found[1]), int(found[2])
    own = sum(mine for name, (mine, _) in times.items() if name.split(".")[0] == "lancea")
    assert "lancea" in times
    record_property("import_microseconds_own", own)
    record_property("import_microseconds_beyond_pyarrow", times["lancea"][1])
    with capsys.disabled():
        print(f"\nimport lancea beyond pyarrow: {times['lancea'][1] / 1000:.1f} ms", end=" ")


def test_either_package_may_be_imported_first(run_python, trips_path):
    """Types of brain floats are the exception: pylance fails where they are registered."""
    program = """
import sys
for name in sys.argv[2:]: __import__(name)
import lance, lance.arrow, lance.blob
import lancea, lancea.arrow, lancea.blob
print(lance.dataset(sys.argv[1]).to_table() == lancea.dataset(sys.argv[1]).to_table())
"""
    assert run_python(program, trips_path, "lancea", "lance").endswith("True\n")
    assert run_python(program, trips_path, "lance", "lancea").endswith("True\n")


def test_all_names_are_there_and_documented(run_python):
    import lancea

    for name in lancea.__all__:
        value = getattr(lancea, name)
        assert name.startswith("__") or value.__doc__, name
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", lancea.__version__)
    assert lancea.arrow.BFloat16Type
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lancea.nothing  # noqa: B018
