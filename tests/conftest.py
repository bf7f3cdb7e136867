"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kit() -> Path:
    """Folder of the real data; the test is skipped where there is none."""
    folder = os.environ.get("NAPARI_TESSERA_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("NAPARI_TESSERA_DATA does not point to the real data")
    return Path(folder)
