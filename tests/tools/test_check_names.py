"""The check of names passes this tree and names the types that share a name."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def check(root):
    return subprocess.run(
        [sys.executable, ROOT / "tools/check_names.py", root], capture_output=True, text=True
    )


def test_this_tree_is_sound():
    result = check(ROOT)
    assert result.returncode == 0, result.stdout


def test_names_types_that_share_a_name(tmp_path):
    source = "namespace lancea {{\n{}struct Range {{\n  int a;\n}};\n{}}}  // namespace lancea\n"
    unnamed = source.format("namespace {\n", "}  // namespace\n")
    for name, text in {
        "src/lancea/io/a.h": source.format("", ""),
        "src/lancea/io/b.cc": unnamed,
        "src/lancea/io/c.h": "namespace lancea {\nstruct Range;\nclass Range::Impl {\n};\n}\n",
        "src/lancea/io/d.h": source.format("", "").replace("lancea", "other"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert check(tmp_path).returncode == 0
    (tmp_path / "src/lancea/table").mkdir()
    (tmp_path / "src/lancea/table/a.h").write_text(source.format("", ""))
    result = check(tmp_path)
    assert result.returncode == 1
    assert "lancea::Range is defined 2 times" in result.stdout
    assert "io/a.h:2" in result.stdout
    assert "table/a.h:2" in result.stdout
