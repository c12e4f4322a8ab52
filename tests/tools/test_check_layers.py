"""The layer check passes this tree and names the line that breaks a rule."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(root):
    return subprocess.run(
        [sys.executable, ROOT / "tools/check_layers.py", root], capture_output=True, text=True
    )


def test_this_tree_is_sound():
    result = check(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "header", "complaint"),
    [
        ("src/lancea/io/a.cc", "lancea/table/manifest.h", "table stands above it"),
        ("src/lancea/encoding/a.h", "lancea/encoding/compress/b.h", "stands above it"),
        ("src/lancea/file/a.cc", "lancea/nowhere/b.h", "neither public nor in a layer"),
        ("src/lancea/drawer/a.cc", "lancea/util/b.h", "not in the list of layers"),
        ("cli/a.cc", "lancea/util/b.h", "public headers only"),
        ("python/src/a.cc", "lancea/absent.h", "public headers only"),
    ],
)
def test_names_the_include_that_breaks_a_rule(tmp_path, file, header, complaint):
    (tmp_path / "include/lancea").mkdir(parents=True)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f'// A file.\n#include "{header}"\n')
    result = check(tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{file}:")
    assert complaint in result.stdout


@pytest.mark.parametrize(
    ("file", "header"),
    [
        ("src/lancea/file/a.cc", "lancea/encoding/v2_0/b.h"),
        ("src/lancea/util/a.cc", "lancea/util/b.h"),
        ("src/lancea/util/a.cc", "lancea/dataset.h"),
        ("cli/a.cc", "lancea/dataset.h"),
    ],
)
def test_accepts_lower_layers_and_public_headers(tmp_path, file, header):
    (tmp_path / "include/lancea").mkdir(parents=True)
    (tmp_path / "include/lancea/dataset.h").write_text("")
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"#include <{header}>\n")
    assert check(tmp_path).returncode == 0
