"""Landmarks: the map that they make, and the ones that make none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.cli.main import main
from napari_tessera.contract.errors import RefusedError
from napari_tessera.data.landmarks import affine_from_landmarks, misfit, read_landmarks
from napari_tessera.data.pictures import add_picture

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.inputs import PictureScale

PICTURE = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 50.0], [70.0, 30.0]])
TURNED = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]])


def _there(xy: np.ndarray) -> np.ndarray:
    return np.asarray(xy @ TURNED[:, :2].T + TURNED[:, 2])


def test_three_pairs_give_the_map_that_made_them() -> None:
    found = affine_from_landmarks(PICTURE[:3], _there(PICTURE[:3]))
    np.testing.assert_allclose(np.reshape(found, (2, 3)), TURNED, atol=1e-9)


def test_more_pairs_are_met_as_well_as_can_be() -> None:
    noisy = _there(PICTURE) + np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    away = misfit(affine_from_landmarks(PICTURE, noisy), PICTURE, noisy)
    assert (away**2).sum() <= (misfit(tuple(TURNED.ravel()), PICTURE, noisy) ** 2).sum()


def test_pairs_that_fit_leave_no_misfit() -> None:
    found = affine_from_landmarks(PICTURE, _there(PICTURE))
    assert misfit(found, PICTURE, _there(PICTURE)).max() < 1e-9


@pytest.mark.parametrize(
    ("picture", "spots"),
    [
        (PICTURE[:2], PICTURE[:2]),
        (PICTURE[:3], PICTURE),
        (PICTURE, PICTURE * [1, 0]),
        (PICTURE * [1, 0], PICTURE),
        (PICTURE * np.nan, PICTURE),
    ],
    ids=["two", "unpaired", "spots on a line", "pixels on a line", "not a number"],
)
def test_pairs_that_make_no_map_are_refused(picture: np.ndarray, spots: np.ndarray) -> None:
    with pytest.raises(RefusedError, match="expected"):
        affine_from_landmarks(picture, spots)


def test_pairs_are_read_from_a_table(tmp_path: Path) -> None:
    rows = np.column_stack([PICTURE, _there(PICTURE)])
    path = tmp_path / "pairs.csv"
    np.savetxt(path, rows, delimiter=",", header="picture_x,picture_y,x,y", comments="")
    np.testing.assert_allclose(np.reshape(read_landmarks(path), (2, 3)), TURNED, atol=1e-9)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "picture_x,picture_y,x,y\n1,2,3,here\n"])
def test_a_table_without_pairs_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(RefusedError):
        read_landmarks(path)


def test_a_picture_lies_where_its_landmarks_say() -> None:
    import spatialdata
    from spatialdata.transformations import get_transformation

    sdata = spatialdata.SpatialData()
    add_picture(sdata, np.zeros((8, 9, 3), np.uint8), tuple(TURNED.ravel()))
    place = get_transformation(sdata.images["he"], "global")
    place = place.to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(place[:2], TURNED)


def test_the_command_puts_a_picture_where_its_landmarks_say(tmp_path: Path) -> None:
    import anndata
    import spatialdata
    from PIL import Image
    from spatialdata.transformations import get_transformation

    table = anndata.AnnData(np.ones((4, 3), np.float32), obsm={"spatial": _there(PICTURE)})
    table.write_h5ad(tmp_path / "spots.h5ad")
    Image.new("RGB", (60, 60)).save(tmp_path / "he.png")
    rows = np.column_stack([PICTURE, _there(PICTURE)])
    pairs = tmp_path / "pairs.csv"
    np.savetxt(pairs, rows, delimiter=",", header="picture_x,picture_y,x,y", comments="")
    given = ["--image", str(tmp_path / "he.png"), "--image-landmarks", str(pairs)]
    assert main(["import", str(tmp_path / "spots.h5ad"), str(tmp_path / "made.zarr"), *given]) == 0
    place = get_transformation(spatialdata.read_zarr(tmp_path / "made.zarr").images["he"], "global")
    found = place.to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(found[:2], TURNED, atol=1e-9)


@pytest.mark.parametrize("scale", [(1.0,) * 6, (1.0, 0.0), (np.inf, 0.0, 0.0, 0.0, 1.0, 0.0), -1.0])
def test_a_map_that_cannot_be_turned_round_is_refused(scale: PictureScale) -> None:
    import spatialdata

    with pytest.raises(RefusedError):
        add_picture(spatialdata.SpatialData(), np.zeros((8, 9, 3), np.uint8), scale)
