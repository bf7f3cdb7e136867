"""The page that says what the package can do names only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line[:1] == "|"][
    2:
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`((?:tests|docs)/[^`]+)`", row[2])})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_feature_is_claimed_only_with_something_that_shows_it(row: list[str]) -> None:
    assert row[1] in {"yes", "partly", "no"}
    assert row[1] == "no" or "`" in row[2]


@pytest.mark.parametrize("name", NAMED)
def test_what_a_claim_names_is_there(name: str) -> None:
    path, _, test = name.partition("::")
    assert (ROOT / path).is_file()
    assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")
