"""The Python door."""

from __future__ import annotations

import subprocess
import sys

import pytest

import napari_tessera


def python(code: str) -> str:
    """Run code in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_names_of_the_door_are_sorted() -> None:
    assert napari_tessera.__all__ == sorted(napari_tessera.__all__)


@pytest.mark.parametrize("name", napari_tessera.__all__)
def test_every_name_of_the_door_opens(name: str) -> None:
    assert getattr(napari_tessera, name) is not None


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        napari_tessera.nonsense  # noqa: B018 - reading it is the point


def test_importing_the_package_loads_neither_numpy_nor_torch() -> None:
    code = "import sys, napari_tessera; print(sorted({'numpy', 'torch', 'scipy'} & {*sys.modules}))"
    assert python(code) == "[]"


def test_importing_the_package_costs_less_than_a_tenth_of_a_second() -> None:
    clock = "time.process_time()"
    code = f"import time; t = {clock}; import napari_tessera; print({clock} - t)"
    assert min(float(python(code)) for _ in range(3)) < 0.1
