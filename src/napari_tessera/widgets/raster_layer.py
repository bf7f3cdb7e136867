"""A layer that shows a crowd as a picture of what the camera sees, and tells dots under the mouse.

It is napari's own layer of pictures: only where it is, how far it reaches and what it tells differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_tessera.viewer.raster import frame_affine
from napari_tessera.viewer.tiles import box_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from napari_tessera.viewer.raster import Dots
    from napari_tessera.viewer.scatter import Frame


class RasterLayer(Image):  # type: ignore[misc]  # napari comes without types
    """Picture of the part of a crowd that is in view.

    Parameters
    ----------
    dots : Dots
        The crowd.
    find : callable
        Takes world x and y, gives the row of the dot there or None; called from any thread.
    stop : callable
        Has nothing more painted.

    Attributes
    ----------
    stop_painting : callable
        As `stop`.
    words : callable
        Takes a row, gives what is told of it, by name; called from any thread, may be exchanged.
    frame : Frame or None
        Part of the plane that the picture shows; None before the first one.
    """

    def __init__(
        self,
        dots: Dots,
        find: Callable[[float, float], int | None],
        stop: Callable[[], None],
    ) -> None:
        self.stop_painting = stop
        self.words: Callable[[int], Mapping[str, object]] = dots.words
        self.frame: Frame | None = None
        self._find = find
        self._box = box_of(dots.xy)[:, ::-1]
        super().__init__(
            np.zeros((1, 1, 4), dtype=np.uint8),
            rgb=True,
            blending="translucent",
            interpolation2d="nearest",
            **dots.arguments,
        )

    def show(self, pixels: NDArray[np.uint8], frame: Frame) -> None:
        """Show another picture with one redrawing.

        Parameters
        ----------
        pixels : ndarray, shape (height, width, 4), uint8
            The picture.
        frame : Frame
            Where it lies.
        """
        self.frame = frame
        with self._block_refresh():
            self.data = pixels
            self.affine = frame_affine(frame)
        self.refresh(extent=False, highlight=False)

    def get_status(self, position: Any = None, **how: Any) -> dict[str, str]:  # noqa: ANN401 - napari's shape
        """Add what is known of the dot under the mouse, as napari's points do."""
        status: dict[str, str] = super().get_status(position, **how)
        told = self._told(position, **how)
        if told:
            status["coordinates"] += "; " + ", ".join(told)
            status["value"] += "; " + ", ".join(told)
        return status

    def _get_tooltip_text(self, position: Any, **how: Any) -> str:  # noqa: ANN401 - napari's shape
        return "\n".join(self._told(position, **how))

    def _told(self, position: Any, **how: Any) -> list[str]:  # noqa: ANN401 - napari's shape
        row = None if position is None else self.get_value(position, **how)
        return (
            [] if row is None else [f"{name}: {word!s}" for name, word in self.words(row).items()]
        )

    def _get_value(self, position: Any) -> int | None:  # noqa: ANN401 - napari's shape
        """Row of the dot at a place of the picture."""
        affine: Any = self.affine
        y, x = affine(np.asarray(position, dtype=float)[-2:])
        return self._find(float(x), float(y))

    @property
    def _extent_data(self) -> NDArray[np.float64]:
        """Reach of the whole crowd, whatever part of it is shown, so that *Home* finds it."""
        affine: Any = self.affine
        return np.array([affine.inverse(corner) for corner in self._box])

    @property
    def _extent_data_augmented(self) -> NDArray[np.float64]:
        """The same: half a pixel more would change with every move of the camera."""
        return self._extent_data

    @property
    def _type_string(self) -> str:
        """What napari takes a copy for, and the file that a person saves: a picture."""
        return "image"
