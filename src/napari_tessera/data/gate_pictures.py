"""What the gate asks of the picture beneath the spots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.data.geometry import affine_of, finest, move, scale_of, systems_of
from napari_tessera.data.pictures import MOST_CHANNELS
from napari_tessera.data.problems import refuse, remark, some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue


def check_image(tissue: Tissue, selection: Selection, xy: NDArray[np.float64]) -> list[Problem]:
    """Ask that picture and spots lie over each other; no pixel is read.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        With defaults filled in.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.
    """
    if selection.image is None:
        systems = {n: systems_of(tissue.sdata[n]) for n in tissue.sdata.images}
        if not systems:
            return []
        listed = "; ".join(f"{n} in {some(s)}" for n, s in systems.items())
        return [remark(
            "image-elsewhere", tissue.title, "images",
            expected=f"a picture in {selection.coordinate_system}", found=listed,
            hint="Choose a coordinate system that spots and picture share to see them together.",
        )]  # fmt: skip
    if selection.image not in tissue.sdata.images:
        return [refuse(
            "image-missing", tissue.title, f"image {selection.image}", expected="one of its images",
            found=some(tissue.sdata.images, 8) or "no images", hint="Choose one of these.",
        )]  # fmt: skip
    if selection.coordinate_system not in systems_of(tissue.sdata[selection.image]):
        return [refuse(
            "image-not-shared", f"image {selection.image}", "coordinate system",
            expected=str(selection.coordinate_system),
            found=some(systems_of(tissue.sdata[selection.image])),
            hint="Choose a coordinate system that spots and picture share.",
        )]  # fmt: skip
    return _channels(tissue, selection.image) or _extent(tissue, selection, xy)


def _extent(tissue: Tissue, selection: Selection, xy: NDArray[np.float64]) -> list[Problem]:
    """Spots lie on the picture."""
    picture = finest(tissue.sdata[str(selection.image)])
    sizes = dict(zip(picture.dims, picture.shape, strict=True))
    affine = affine_of(tissue.sdata[str(selection.image)], str(selection.coordinate_system))
    where = (f"image {selection.image}", str(selection.coordinate_system))
    if not np.isfinite(affine).all() or scale_of(affine) == 0:
        return [refuse(
            "image-flat", *where, expected="a transformation of finite numbers, none of them 0",
            found="another one", hint="Set the transformation of the picture again.",
        )]  # fmt: skip
    own = move(np.asarray(np.linalg.inv(affine), dtype=np.float64), xy)
    size = np.array([sizes["x"], sizes["y"]])
    inside = ((own >= 0) & (own <= size)).all(axis=1)
    if inside.all():
        return []
    code, found = "image-aside", f"{int((~inside).sum())} of {len(xy)} spots beside it"
    if not inside.any():
        code, found = "image-away", "no spot on it"
    return [remark(
        code, *where, expected="spots on the picture", found=found,
        hint="Check unit, --image-scale and the order of x and y.",
    )]  # fmt: skip


def _channels(tissue: Tissue, name: str) -> list[Problem]:
    """Channels of a picture are few; many are often rows taken for channels."""
    picture = finest(tissue.sdata[name])
    sizes = dict(zip(picture.dims, picture.shape, strict=True))
    if sizes.get("c", 0) <= MOST_CHANNELS:
        return []
    return [remark(
        "image-channels", f"image {name}", "c", expected=f"{MOST_CHANNELS} channels or fewer",
        found=f"{sizes['c']}, each of {sizes['y']} x {sizes['x']} pixels",
        hint="If these are rows of the picture, write it again with its axes as (c, y, x).",
    )]  # fmt: skip
