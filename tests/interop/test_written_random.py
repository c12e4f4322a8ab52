"""Random tables with random encodings, written by lancea, read by pylance as written.

``LANCEA_EXAMPLES=20`` runs twenty times as many, with new ones each time.
"""

from __future__ import annotations

import tempfile
from collections import Counter

import lance
import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interop.support import Refused, assert_same_table, oracle, take_of
from interop.test_random import FACTOR, tables

import lancea


def check(version: str, table: pa.Table, rows_per_file: int, compact: bool, folder: str) -> None:
    path = folder + "/t"
    options = {"encoding": "compact"} if compact else {}
    try:
        lancea.write_dataset(
            table,
            path,
            data_storage_version=version,
            max_rows_per_file=rows_per_file,
            **options,
        )
    except (NotImplementedError, ValueError, OSError) as error:
        # What lancea refuses, pylance must refuse too.
        try:
            oracle(
                lance.write_dataset, table, folder + "/theirs", data_storage_version=version
            ).to_table()
        except Refused:
            raise Refused(f"both: {error}") from None
        raise
    assert_same_table(lancea.dataset(path).to_table(), table, "read by lancea")
    theirs = lance.dataset(path)
    theirs.validate()
    assert_same_table(theirs.to_table(), table)
    rows = np.random.default_rng(len(table)).integers(0, len(table), 20).tolist()
    assert_same_table(theirs.take(rows), take_of(table, rows), f"take {rows}")


def test_pylance_reads_random_tables_as_written():
    outcomes = Counter()

    @settings(
        max_examples=int(60 * FACTOR),
        deadline=None,
        derandomize=FACTOR == 1,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(tables(), st.booleans())
    def run(drawn, compact):
        version, table, rows_per_file = drawn
        if version == "0.1":
            return
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(version, table, rows_per_file, compact, folder)
                outcomes["equal"] += 1
            except Refused as error:
                outcomes[f"refused: {str(error)[:200]}"] += 1

    run()
    print(outcomes)
    assert outcomes["equal"] > 0.6 * sum(outcomes.values()), outcomes
