"""Pictures of a tissue: found in a table, beside it, or given; and made into RGB."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.claims import GIB, free_memory
from napari_tessera.data.problems import refusal

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import PictureScale

LARGE = 2048
"""Side in pixels from which a picture is kept as a pyramid."""

MOST_CHANNELS = 32

AFFINE = 6
"""Numbers of an affine map of the plane."""

IMAGE_FLAG = "--image"


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
    for sample in _dict(adata.uns.get("spatial")).values():
        images, factors = (_dict(_dict(sample).get(k)) for k in ("images", "scalefactors"))
        for size in ("hires", "lowres"):
            if size in images and f"tissue_{size}_scalef" in factors:
                scale = number_of(factors[f"tissue_{size}_scalef"], f"tissue_{size}_scalef")
                found.append((size, np.asarray(images[size]), scale))
                break
    named = adata.uns.get("image")
    if folder is not None and hasattr(named, "get"):
        name = str(named.get("file", named.get("image", "")))
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
        if name and not inside:
            msg = "uns['image']"
            raise refusal(
                msg,
                name[:100],
                code="picture-outside",
                expected="a picture beside the table",
                found="a path out of its folder",
                hint="Give the picture by hand with --image.",
            )
        if name and (folder / name).is_file():
            found.append(("he", folder / name, 1.0))
    return found


def add_picture(
    sdata: SpatialData, picture: Path | np.ndarray, scale: PictureScale, *, name: str = "he"
) -> None:
    """Add a picture in its place; large ones as a pyramid.

    Parameters
    ----------
    sdata : SpatialData
        Gets the image, in coordinate system ``global``.
    picture : Path or ndarray, shape (height, width, 3 or 4)
        The picture.
    scale : float or tuple of float
        Picture pixels per unit of the coordinates, or the numbers of an affine map.
    name : str
        Name of the element.

    Raises
    ------
    InputError
        If the file is not a picture or the scale is not above zero.
    """
    from spatialdata.models import Image2DModel

    check_scale(scale)
    pixels = read_picture(picture) if isinstance(picture, Path) else rgb(_pixels(picture, name))
    side = max(pixels.shape[:2])
    factors = [2] * max(0, int(np.ceil(np.log2(side / LARGE)))) if side > LARGE else None
    sdata.images[name] = Image2DModel.parse(
        np.moveaxis(pixels, 2, 0),
        dims=("c", "y", "x"),
        c_coords=["r", "g", "b"],
        scale_factors=factors,
        transformations={"global": _place(scale)},
    )


def check_scale(scale: PictureScale) -> None:
    """Refuse a scale, or an affine map, under which a picture has no place.

    Raises
    ------
    RefusedError
        If a scale is not above zero, or a map is not six finite numbers that can be turned round.
    """
    if isinstance(scale, tuple):
        usable = len(scale) == AFFINE and bool(np.isfinite(scale).all())
        usable = usable and scale[0] * scale[4] != scale[1] * scale[3]
    else:
        usable = 0 < scale < math.inf
    if usable:
        return
    msg = "--image-scale"
    raise refusal(
        msg,
        code="picture-scale",
        expected="a number above 0, or landmarks that do not lie on a line",
        found=f"{scale}",
        hint="Give picture pixels per unit of the coordinates, or other landmarks.",
    )


def _place(scale: PictureScale) -> Any:  # noqa: ANN401 - spatialdata comes without types
    """Give the transformation from picture pixels to coordinates."""
    from spatialdata.transformations import Affine, Identity, Scale

    if isinstance(scale, tuple):
        matrix = np.vstack([np.reshape(scale, (2, 3)), [0, 0, 1]])
        return Affine(matrix, input_axes=("x", "y"), output_axes=("x", "y"))
    return Identity() if scale == 1 else Scale([1 / scale, 1 / scale], axes=("x", "y"))


def _dict(value: Any) -> dict[str, Any]:  # noqa: ANN401 - uns holds anything
    """Take a mapping, or an empty one."""
    return dict(value) if hasattr(value, "keys") else {}


def number_of(value: Any, name: str) -> float:  # noqa: ANN401 - uns holds anything
    """One number of a table's scale factors.

    Raises
    ------
    RefusedError
        If it is not a finite number above 0.
    """
    try:
        number = float(np.asarray(value, dtype=np.float64).item())
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        msg = "uns['spatial']"
        raise refusal(
            msg,
            name,
            code="picture-factor",
            expected="a number above 0",
            found=f"{value!r}",
            hint="Mend the scale factors, or remove the picture.",
        )
    return number


def _pixels(picture: np.ndarray, name: str) -> np.ndarray:
    """Picture as rows, columns, channels.

    Raises
    ------
    RefusedError
        If it is none.
    """
    pixels = np.asarray(picture)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if pixels.ndim != 3 or 0 in pixels.shape or pixels.dtype.kind not in "biuf":
        found = f"an array of shape {pixels.shape}, type {pixels.dtype}"
        msg = f"picture {name}"
        raise refusal(
            msg,
            code="picture-shape",
            found=found,
            expected="rows, columns and channels of numbers",
            hint="Give the picture by hand with --image, or leave it out.",
        )
    if pixels.shape[0] in (3, 4) and pixels.shape[2] > MOST_CHANNELS:
        msg = f"picture {name}"
        raise refusal(
            msg,
            code="picture-axes",
            found=f"shape {pixels.shape}",
            expected="rows, columns, channels",
            hint="Move the first axis to the end (numpy.moveaxis).",
        )
    if not np.isfinite(pixels).all():
        msg = f"picture {name}"
        raise refusal(
            msg,
            code="picture-nan",
            expected="finite pixels",
            found=f"{int((~np.isfinite(pixels)).sum())} that are not",
            hint="Replace them, or leave the picture out.",
        )
    return pixels


def read_picture(path: Path) -> np.ndarray:
    """Read a picture file as RGB; (height, width, 3) uint8.

    Raises
    ------
    RefusedError
        If the file is missing, larger than the memory, damaged or not a picture.
    """
    if not path.exists():
        raise refusal(
            IMAGE_FLAG,
            code="picture-missing",
            expected="a picture",
            found=f"nothing at {path}",
            hint="Check the spelling of the path.",
        )
    if path.is_dir():
        raise refusal(
            IMAGE_FLAG,
            code="picture-folder",
            expected="a picture",
            found=f"the folder {path}",
            hint="Choose the file inside it.",
        )
    _check_start(path)
    try:
        return _decoded(path)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise refusal(
            path,
            code="picture-damaged",
            expected="a whole picture",
            found=f"one that is damaged or cut off ({error})",
            hint="Copy or export it again.",
        ) from error


def _decoded(path: Path) -> np.ndarray:
    """Pixels of a picture whose claimed size fits into the memory."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            claimed, free = picture.width * picture.height * 8, free_memory()
            if claimed > free:
                raise refusal(
                    path,
                    code="picture-too-large",
                    expected=f"a picture that fits into {free / GIB:.1f} GiB",
                    found=f"{picture.width} x {picture.height} pixels, {claimed / GIB:,.0f} GiB",
                    hint="Save a smaller version.",
                )
            return _as_rgb(picture)
    except UnidentifiedImageError as error:
        raise refusal(
            path,
            code="picture-other",
            expected="a PNG, JPEG or TIFF picture",
            found="something else",
            hint="Convert it to one of these.",
        ) from error
    except Image.DecompressionBombError as error:
        raise refusal(
            path,
            code="picture-bomb",
            expected="a picture of usual size",
            found=f"one that is suspiciously large ({error})",
            hint="Save a smaller version.",
        ) from error


def _check_start(path: Path) -> None:
    """Refuse a file that is empty or only points to a picture."""
    with path.open("rb") as file:
        start = file.read(32)
    if not start:
        raise refusal(
            path,
            code="picture-empty",
            expected="a picture",
            found="an empty file",
            hint="Copy or export it again.",
        )
    if start.startswith(b"version https://git-lfs"):
        raise refusal(
            path,
            code="picture-lfs",
            expected="a picture",
            found="a Git LFS pointer",
            hint="Run git lfs pull.",
        )


def _as_rgb(picture: Any) -> np.ndarray:  # noqa: ANN401 - a Pillow picture
    """Three channels of 8 bits; 16-bit grey is scaled, which Pillow would cut off."""
    if picture.mode.startswith("I;16"):
        return np.asarray(rgb(np.asarray(picture)[:, :, None]))
    return np.asarray(picture.convert("RGB"))


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
