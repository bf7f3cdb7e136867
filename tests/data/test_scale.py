"""How long a unit of the coordinates is, as far as the data say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata
import numpy as np
import pandas as pd
import pytest

from napari_tessera.contract.inputs import Selection
from napari_tessera.data.convert import import_tissue
from napari_tessera.data.read import open_tissue
from napari_tessera.data.view import tissue_view

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_tessera.contract.views import Scale

PITCH = 137.0


def hexagonal() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns as on a Visium slide: only where their sum is even."""
    row, column = np.divmod(np.arange(20 * 20), 20)
    even = (row + column) % 2 == 0
    return row[even], column[even]


def table_of(*, numbered: bool = False, square: bool = False, **uns: Any) -> anndata.AnnData:  # noqa: ANN401 - uns holds anything
    row, column = np.divmod(np.arange(200), 20) if square else hexagonal()
    x = column * PITCH if square else column * PITCH / 2
    y = row * PITCH if square else row * PITCH * np.sqrt(3) / 2
    obs = pd.DataFrame(index=[f"s{i}" for i in range(row.size)])
    if numbered:
        obs["array_row"], obs["array_col"] = row, column
    made = anndata.AnnData(X=np.ones((row.size, 3), np.float32), obs=obs)
    made.obsm["spatial"] = np.column_stack([x, y]).astype(float)
    made.uns.update(uns)
    return made


def scale_of(source: object) -> Scale | None:
    return tissue_view(open_tissue(source), Selection()).scale


VISIUM = {"V1": {"scalefactors": {"spot_diameter_fullres": 89.4}}}


def test_visium_is_known_by_its_numbered_rows_and_columns() -> None:
    scale = scale_of(table_of(numbered=True))
    assert scale is not None
    assert scale.micrometres == pytest.approx(100 / PITCH, rel=1e-3)
    assert "Visium" in scale.source


def test_visium_is_known_by_its_scale_factors() -> None:
    scale = scale_of(table_of(spatial=VISIUM))
    assert scale is not None
    assert scale.micrometres == pytest.approx(100 / PITCH, rel=1e-3)


def test_what_the_import_found_stays_in_the_store_that_it_makes(tmp_path: Path) -> None:
    table_of(spatial=VISIUM).write_h5ad(tmp_path / "v.h5ad")
    import_tissue(tmp_path / "v.h5ad", tmp_path / "v.zarr")
    scale = scale_of(tmp_path / "v.zarr")
    assert scale is not None
    assert scale.micrometres == pytest.approx(100 / PITCH, rel=1e-3)


def test_a_pixel_whose_size_is_told_is_believed() -> None:
    factors = {"scalefactors": {"microns_per_pixel": 0.25, "spot_diameter_fullres": 8.0}}
    scale = scale_of(table_of(square=True, spatial={"HD": factors}))
    assert scale is not None
    assert scale.micrometres == 0.25


def test_a_pitch_that_is_told_is_believed() -> None:
    scale = scale_of(table_of(square=True, image={"spot_pitch_um": 200.0}))
    assert scale is not None
    assert scale.micrometres == pytest.approx(200 / PITCH)


@pytest.mark.parametrize("wrong", ["much", 0, -1, float("nan")])
def test_a_number_that_is_none_is_not_believed(wrong: object) -> None:
    assert scale_of(table_of(square=True, image={"spot_pitch_um": wrong})) is None


def test_a_square_lattice_is_no_visium_slide() -> None:
    assert scale_of(table_of(square=True, numbered=True)) is None


def test_a_hexagonal_lattice_alone_says_nothing() -> None:
    assert scale_of(table_of()) is None


@pytest.mark.kit
def test_the_pitch_of_a_real_visium_section_is_found(kit: Path) -> None:
    scale = scale_of(kit / "dlpfc" / "dlpfc_151673.h5ad")
    assert scale is not None
    assert scale.micrometres == pytest.approx(0.73, abs=0.01)
