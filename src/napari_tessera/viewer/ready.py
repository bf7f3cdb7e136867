"""What would hold the window up if it were left to the window: done beforehand, in a thread."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_tessera.contract.views import ImageView, TissueView

MOST_BYTES = 96 << 20
"""Picture levels up to this size are read once and kept; larger ones stay lazy."""


def ready_view(view: TissueView, *, most_bytes: int = MOST_BYTES) -> TissueView:
    """Read the small levels of every picture, and let the library of units load itself.

    napari asks for units with the first layer of a session, and for the coarsest level of a picture
    whenever a layer is made; both take some tenths of a second, and so does the pitch of very many
    spots.

    Parameters
    ----------
    view : TissueView
        With lazy pictures.
    most_bytes : int
        Bytes per level above which a level stays lazy.

    Returns
    -------
    TissueView
        The same, with small levels as arrays in memory.
    """
    _load_units()
    if view.spots is not None:
        _ = view.spots.pitch  # kept from now on
    images = tuple(_read_small(image, most_bytes) for image in view.images)
    return dataclasses.replace(view, images=images)


def _read_small(image: ImageView, most_bytes: int) -> ImageView:
    levels = tuple(
        np.asarray(level) if _size(level) <= most_bytes else level for level in image.levels
    )
    return dataclasses.replace(image, levels=levels)


def _size(level: Any) -> int:  # noqa: ANN401 - any array-like
    return int(np.prod(level.shape)) * int(np.dtype(level.dtype).itemsize)


def _load_units() -> None:
    from pint import application_registry

    _ = application_registry.pixel
