"""The import contracts hold, and each of them breaks when somebody does what it forbids."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FORBIDDEN = {
    "imports point down": ("viewer/__init__.py", "import napari_tessera.jobs.job"),
    "methods do not know one another": (
        "methods/stem/losses.py",
        "import napari_tessera.methods.baselines.options",
    ),
    "Qt lives in one room": ("workbench/__init__.py", "import qtpy"),
    "only data knows stores and tables": ("jobs/__init__.py", "import anndata"),
    "torch stays where models are": ("data/__init__.py", "import torch"),
}
"""Per contract, a file and a line that breaks it."""


def lint(folder: Path) -> dict[str, str]:
    """Run import-linter over a copy of the package; give KEPT or BROKEN per contract."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
    )  # fmt: skip
    found = dict(re.findall(r"^(.+?) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package and of its contracts."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(copied: Path) -> None:
    assert lint(copied) == dict.fromkeys(FORBIDDEN, "KEPT")


def test_every_contract_breaks_when_it_should(copied: Path) -> None:
    for name, line in FORBIDDEN.values():
        path = copied / "src" / "napari_tessera" / name
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    assert lint(copied) == dict.fromkeys(FORBIDDEN, "BROKEN")


def test_a_room_without_a_floor_is_refused(copied: Path) -> None:
    attic = copied / "src" / "napari_tessera" / "attic"
    attic.mkdir()
    (attic / "__init__.py").touch()
    assert lint(copied)["imports point down"] == "BROKEN"
