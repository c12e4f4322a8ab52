"""An installed Lancea can be used from outside the tree: through CMake, through pkg-config, and by
its command. The program built is examples/cpp, the table is one that pylance wrote."""

import os
import shlex
import subprocess
from pathlib import Path

import lance
import pyarrow as pa
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LANCEA_BUILD_DIR", ROOT / "build/release"))
EXAMPLE = ROOT / "examples/cpp"


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    uri = tmp_path_factory.mktemp("data") / "towns.lance"
    data = pa.table({"town": ["Ystad", "Odense", "Tartu"], "people": [18350, 180760, 97000]})
    lance.write_dataset(data, uri)
    return uri


def prints_the_table(program, table):
    out = run(program, table, "2")
    assert "version 1, 3 rows" in out
    assert "town: string" in out
    assert '"Ystad"' in out
    assert "180760" in out
    assert "Tartu" not in out


def test_find_package_builds_a_program_that_reads(prefix, table, tmp_path):
    run("cmake", "-S", EXAMPLE, "-B", tmp_path, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    prints_the_table(tmp_path / "first_rows", table)


def test_pkg_config_builds_a_program_that_reads(prefix, table, tmp_path):
    where = {**os.environ, "PKG_CONFIG_PATH": str(next(prefix.glob("lib*/**/pkgconfig")))}
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "lancea", env=where))
    program = tmp_path / "first_rows"
    # pkg-config leaves the run path of the library itself to the user, as it does for any prefix.
    libraries = next(prefix.glob("lib*/**/liblancea.so")).parent
    source = EXAMPLE / "first_rows.cc"
    run("g++", "-std=c++20", source, "-o", program, *flags, f"-Wl,-rpath,{libraries}")
    prints_the_table(program, table)


def test_the_installed_command_runs(prefix, table):
    assert run(prefix / "bin/lancea", "count", table).strip() == "3"


def test_every_public_header_is_installed(prefix):
    public = {f.name for f in (ROOT / "include/lancea").glob("*.h")}
    assert {f.name for f in (prefix / "include/lancea").glob("*.h")} == public


def test_an_unknown_arrow_is_refused_by_name(prefix, tmp_path):
    """find_package says which libarrow it looked for when no pyarrow has it."""
    config = next(prefix.glob("lib*/**/LanceaConfig.cmake"))
    text = config.read_text()
    if "libarrow.so." not in text:
        pytest.skip("built against an installed Arrow")
    elsewhere = tmp_path / "prefix"
    run("cp", "-r", prefix, elsewhere)
    broken = elsewhere / config.relative_to(prefix)
    broken.write_text(text.replace("libarrow.so.", "libarrow.so.9"))
    result = subprocess.run(
        ["cmake", "-S", EXAMPLE, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={elsewhere}"],
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert "no pyarrow with libarrow.so.9" in " ".join(result.stderr.split())
