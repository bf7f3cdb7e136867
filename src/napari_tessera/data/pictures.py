"""Pictures of a tissue: found in a table, beside it, or given; and made into RGB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

LARGE = 2048
"""Side in pixels from which a picture is kept as a pyramid."""

MOST_CHANNELS = 32


def pictures_of(adata: AnnData, folder: Path | None) -> list[tuple[str, np.ndarray | Path, float]]:
    """Pictures that a table carries or names.

    Parameters
    ----------
    adata : AnnData
        Looked through: ``uns["spatial"]`` (Space Ranger's layout), ``uns["image"]``.
    folder : Path or None
        Where a named picture may lie.

    Returns
    -------
    list of (name, picture or its file, picture pixels per unit of the coordinates)
    """
    found: list[tuple[str, np.ndarray | Path, float]] = []
    samples = adata.uns.get("spatial")
    for sample in (samples or {}).values() if hasattr(samples, "values") else ():
        images, factors = sample.get("images", {}), sample.get("scalefactors", {})
        for size in ("hires", "lowres"):
            if size in images and f"tissue_{size}_scalef" in factors:
                found.append(
                    (size, np.asarray(images[size]), float(factors[f"tissue_{size}_scalef"]))
                )
                break
    named = adata.uns.get("image")
    if folder is not None and hasattr(named, "get"):
        name = str(named.get("file", named.get("image", "")))
        if name and (folder / name).is_file():
            found.append(("he", folder / name, 1.0))
    return found


def add_picture(
    sdata: SpatialData, picture: Path | np.ndarray, scale: float, *, name: str = "he"
) -> None:
    """Add a picture in its place; large ones as a pyramid.

    Parameters
    ----------
    sdata : SpatialData
        Gets the image, in coordinate system ``global``.
    picture : Path or ndarray, shape (height, width, 3 or 4)
        The picture.
    scale : float
        Picture pixels per unit of the coordinates.
    name : str
        Name of the element.

    Raises
    ------
    InputError
        If the file is not a picture or the scale is not above zero.
    """
    from spatialdata.models import Image2DModel
    from spatialdata.transformations import Identity, Scale

    if not scale > 0:
        msg = f"--image-scale: expected a number above 0, found {scale}."
        raise InputError(msg, "Give picture pixels per unit of the spots' coordinates.")
    pixels = read_picture(picture) if isinstance(picture, Path) else rgb(np.asarray(picture))
    place = Identity() if scale == 1 else Scale([1 / scale, 1 / scale], axes=("x", "y"))
    side = max(pixels.shape[:2])
    factors = [2] * max(0, int(np.ceil(np.log2(side / LARGE)))) if side > LARGE else None
    sdata.images[name] = Image2DModel.parse(
        np.moveaxis(pixels, 2, 0),
        dims=("c", "y", "x"),
        c_coords=["r", "g", "b"],
        scale_factors=factors,
        transformations={"global": place},
    )


def read_picture(path: Path) -> np.ndarray:
    """Read a picture file as RGB; (height, width, 3) uint8.

    Raises
    ------
    InputError
        If the file is missing or not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except FileNotFoundError as error:
        msg = f"--image: expected a picture, found nothing at {path}."
        raise InputError(msg, "Check the spelling of the path.") from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        msg = f"{path}: expected a PNG, JPEG or TIFF picture, found something else ({error})."
        raise InputError(msg, "Convert the picture to one of these.") from error


def rgb(pixels: Any) -> Any:  # noqa: ANN401 - numpy or dask
    """Three channels of 8 bits, with a fixed scale by dtype; lazy stays lazy.

    Parameters
    ----------
    pixels : array, shape (height, width, n_channels)
        1, 2, 3, 4 or more channels; bool, integers, or floats of 0 to 1 or 0 to 255.

    Returns
    -------
    array, shape (height, width, 3), uint8
    """
    n_channels = pixels.shape[2]
    if n_channels == 1:
        pixels = pixels[:, :, [0, 0, 0]]
    elif n_channels == 2:
        pixels = pixels[:, :, [0, 1, 1]]
    else:
        pixels = pixels[:, :, :3]
    kind = pixels.dtype
    if kind == np.uint8:
        return pixels
    if kind.kind == "b":
        return pixels.astype(np.uint8) * 255
    if np.issubdtype(kind, np.integer):
        return (pixels.clip(0, None) // (np.iinfo(kind).max // 255)).astype(np.uint8)
    sample = np.asarray(pixels[:: max(1, pixels.shape[0] // 64), :: max(1, pixels.shape[1] // 64)])
    factor = 255.0 if np.nanmax(sample, initial=0) <= 1.5 else 1.0
    return (pixels * factor).clip(0, 255).astype(np.uint8)
