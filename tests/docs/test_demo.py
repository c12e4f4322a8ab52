"""The demo that a newcomer runs first works from start to end."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "examples/demo/digits.py"


def test_the_demo_writes_and_reads_a_table_that_pylance_reads_too(tmp_path):
    result = subprocess.run([sys.executable, DEMO, tmp_path], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1,797 rows in version 2" in result.stdout
    assert "Yes: the same rows" in result.stdout
