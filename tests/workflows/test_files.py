"""Tables and figures as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from matplotlib.figure import Figure

from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.workflows.files import FIGURES, check_file, save_figure, save_table

if TYPE_CHECKING:
    from pathlib import Path


def test_an_ending_of_any_case_is_taken(tmp_path: Path) -> None:
    check_file(tmp_path / "a.SVG", "--figure", FIGURES)
    check_file(tmp_path / "anything", "--csv")


def test_another_ending_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--figure: expected .* \.svg, \.png or \.pdf.*a\.bmp"):
        check_file(tmp_path / "a.bmp", "--figure", FIGURES)
    with pytest.raises(InputError, match="folder to write into"):
        check_file(tmp_path / "none" / "a.csv", "--csv")


def test_a_table_comes_back_and_a_folder_is_no_file(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]})
    save_table(table, tmp_path / "t.csv")
    assert pd.read_csv(tmp_path / "t.csv")["a"].tolist() == [1, 2]
    with pytest.raises(StoreError, match="can be written"):
        save_table(table, tmp_path)


@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_a_figure_is_what_its_ending_says(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"f{ending}"
    save_figure(Figure(), path)
    assert path.read_bytes().startswith(start)
