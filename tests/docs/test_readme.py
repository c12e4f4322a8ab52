"""Every snippet of the README runs as it stands, beside a table `digits.lance`; its links lead
somewhere."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import lance
import pyarrow as pa
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LANCEA_BUILD_DIR", ROOT / "build/release"))
README = (ROOT / "README.md").read_text()


def snippets(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def run(command, folder):
    path = f"{BUILD / 'cli'}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path}
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture
def folder(tmp_path):
    rows = range(100)
    table = pa.table(
        {
            "image": pa.array([[i % 17] * 64 for i in rows], pa.list_(pa.uint8(), 64)),
            "label": pa.array([i % 10 for i in rows], pa.int8()),
            "text": [f"digit {i}" for i in rows],
        }
    )
    lance.write_dataset(table, tmp_path / "digits.lance")
    return tmp_path


COMMANDS = [line for block in snippets("sh") for line in block.splitlines() if "lancea " in line]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_shell_commands_run(command, folder):
    assert run(["sh", "-c", command], folder).strip()


@pytest.mark.parametrize("code", snippets("python"), ids=str.split)
def test_the_python_snippets_run(code, folder):
    assert run([sys.executable, "-c", code], folder).strip()


def test_the_cpp_snippet_compiles_and_runs(folder):
    (code,) = snippets("cpp")
    (folder / "snippet.cc").write_text(
        code + '\nint main() { return PrintSome("digits.lance").ok() ? 0 : 1; }\n'
    )
    arrow = Path(pa.__file__).parent
    library = BUILD / "src/lancea"
    flags = shlex.split(
        f"-std=c++20 -I{ROOT}/include -I{arrow}/include -L{library} -llancea"
        f" -Wl,-rpath,{library} -Wl,-rpath,{arrow} -L{arrow}"
    )
    libarrow = next(arrow.glob("libarrow.so.*00"))
    run(["g++", "snippet.cc", *flags, str(libarrow), "-o", "snippet"], folder)
    assert "100 rows" in run(["./snippet"], folder)


def test_every_link_to_a_file_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken
