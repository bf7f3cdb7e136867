"""Real files: all that have coordinates import, and overlays lie where the authors say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest

from napari_tessera.contract.inputs import Selection
from napari_tessera.data.convert import import_tissue
from napari_tessera.data.read import open_tissue
from napari_tessera.data.view import tissue_view

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kit, pytest.mark.filterwarnings("ignore")]


def test_every_table_with_coordinates_imports_and_opens_again(kit: Path, tmp_path: Path) -> None:
    imported = []
    for file in sorted(kit.glob("*/*.h5ad")):
        if "spatial" not in anndata.read_h5ad(file, backed="r").obsm:
            continue
        tissue = import_tissue(file, tmp_path / f"{file.stem}.zarr")
        view = tissue_view(open_tissue(tmp_path / f"{file.stem}.zarr"), Selection())
        assert view.spots is not None
        assert len(view.spots.xy) == tissue.sdata.tables["table"].n_obs
        imported.append(file.stem)
    assert len(imported) >= 10


def test_a_vendors_folder_opens(kit: Path) -> None:
    tissue = open_tissue(kit / "foreign_files" / "visium_folder")
    view = tissue_view(tissue, Selection())
    assert view.spots is not None
    assert len(view.spots.xy) == 100


def test_a_picture_beside_the_table_is_found(kit: Path) -> None:
    view = tissue_view(open_tissue(kit / "her2st" / "her2st_C2.h5ad"), Selection())
    assert [v.levels[0].shape for v in view.images] == [(2477, 2318, 3)]


def test_spots_lie_over_the_picture_within_a_pixel(kit: Path) -> None:
    view = tissue_view(open_tissue(kit / "her2st" / "her2st_A1.zarr"), Selection())
    known = anndata.read_h5ad(kit / "her2st" / "her2st_A1.h5ad")
    assert view.spots is not None
    to_pixel = np.linalg.inv(view.images[0].affine)
    for name in known.obs_names[[0, 100, 300]]:
        xy = view.spots.xy[view.spots.names == name][0]
        pixel = to_pixel[:2, :2] @ xy + to_pixel[:2, 2]
        wanted = known.obsm["spatial"][known.obs_names == name][0]
        assert np.abs(pixel - wanted).max() <= 1
