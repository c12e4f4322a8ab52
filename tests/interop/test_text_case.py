"""upper and lower of every character there is, and of words: as pylance maps them."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from interop.support import lance

import lancea

WORDS = (
    "Straße ﬁnal ŉ ǆ ǅ Ǆ ᾳ ᾼ ΐ ԵՒ և İstanbul ıI Größe 日本ÀÉÎ 𐐀𐐨 ΟΔΟΣ ΣΑΣ Σ ΑΣ. ΑΣΑ Σ' x́Σ ΑΣ́ ΑΣ1 1Σ"
).split()


def is_known(text: str) -> bool:
    """Not of a later Unicode than Python's, whose cases Arrow's tables may not have either."""
    return all(unicodedata.category(character) != "Cn" for character in text or "")


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    characters = [chr(c) for c in range(0x20000) if not 0xD800 <= c < 0xE000]
    path = tmp_path_factory.mktemp("case") / "t"
    lance.write_dataset(pa.table({"s": [*WORDS, *characters, None]}), path)
    return str(path)


@pytest.mark.parametrize("function", ["upper", "lower"])
def test_case_is_changed_as_pylance_changes_it(path, function):
    columns = {"s": "s", "x": f"{function}(s)"}
    mine = lancea.dataset(path).to_table(columns=columns)
    theirs = lance.dataset(path).to_table(columns=columns)
    columns = [mine["s"].to_pylist(), mine["x"].to_pylist(), theirs["x"].to_pylist()]
    differ = [answer for answer in zip(*columns, strict=True) if answer[1] != answer[2]]
    assert [answer for answer in differ if all(map(is_known, answer))] == []
