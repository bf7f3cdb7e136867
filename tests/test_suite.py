"""The suite says which data it used, and takes no skipped data test for a pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

SKIPS = """
def test_with_data(kit):
    pass
"""

WRITES = """
def test_the_real_data_are_as_they_were(kit_changes):
    assert kit_changes == ()

def test_that_writes_where_it_must_not(kit):
    (kit / "counts.txt").write_text("changed")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Return a folder with this suite's conftest and data of its own."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "counts.txt").write_text("as it was")
    (tmp_path / "suite").mkdir()
    shutil.copy(HERE / "conftest.py", tmp_path / "suite")
    return tmp_path


def run(suite: Path, test: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one test file in a new process, with none of the surrounding variables."""
    (suite / "suite" / "test_it.py").write_text(test)
    kept = {k: v for k, v in os.environ.items() if k not in {"CI", "NAPARI_TESSERA_DATA"}}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "suite"],
        cwd=suite, capture_output=True, text=True, check=False, timeout=60,
        env=kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
    )  # fmt: skip


def test_a_data_test_is_skipped_where_there_are_no_data(suite: Path) -> None:
    done = run(suite, SKIPS)
    assert (done.returncode, "1 skipped" in done.stdout) == (0, True), done.stdout


def test_integration_without_data_skips_too(suite: Path) -> None:
    assert run(suite, SKIPS, CI="true").returncode == 0


def test_integration_fails_where_promised_data_were_not_used(suite: Path) -> None:
    done = run(suite, SKIPS, CI="true", NAPARI_TESSERA_DATA=str(suite / "elsewhere"))
    assert (done.returncode, "data test was skipped" in done.stdout) == (1, True), done.stdout


def test_the_suite_says_which_data_it_used(suite: Path) -> None:
    data = suite / "data"
    assert f"the real data in {data}" in run(suite, SKIPS, NAPARI_TESSERA_DATA=str(data)).stdout


def test_a_test_that_writes_to_the_data_is_found_out(suite: Path) -> None:
    done = run(suite, WRITES, NAPARI_TESSERA_DATA=str(suite / "data"))
    assert (done.returncode, "counts.txt" in done.stdout) == (1, True), done.stdout
