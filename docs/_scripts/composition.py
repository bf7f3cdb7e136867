"""Make the pictures of the page on mixed spots, and print how long drawing takes.

    python docs/_scripts/composition.py docs/_static

Real data are used where ``NAPARI_TESSERA_DATA`` points to them, else the planted tissue.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from explore import open_window, pause, shoot, until  # lies beside this file

import napari_tessera as nt
from napari_tessera.data.sample import find_sample
from napari_tessera.viewer import pies
from napari_tessera.viewer.composition import SpotColour

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 21
WIDE = 44
"""Pixels across a spot in the picture of the pies."""


def milliseconds(work: Callable[[int], object], before: Callable[[int], object]) -> str:
    """Time something several times, not what goes before; median and longest."""
    took = []
    for number in range(TIMES + 1):
        before(number)
        began = time.perf_counter()
        work(number)
        took.append(1000 * (time.perf_counter() - began))
        pause(0.05)
    return f"median {statistics.median(took[1:]):.1f} ms, longest {max(took[1:]):.1f} ms"


def measure(session: Any, viewer: Any) -> None:  # noqa: ANN401 - napari comes without types
    """Print how long all pies, and the bars of a spot, hold the main thread."""
    from napari_tessera.widgets.scale_bar import camera_of

    spots, camera, least = session.bench.view.spots, camera_of(viewer), pies.LEAST_WIDTH
    pies.LEAST_WIDTH = 0.0
    zooms = camera.zoom * np.array([1.0, 0.6])

    def move(number: int) -> None:
        camera.zoom = float(zooms[number % 2])

    told = milliseconds(lambda _: session.canvas.follow_camera(), move)
    print(f"pies of all {spots.names.size} spots: {told}")  # noqa: T201 - what the page quotes
    pies.LEAST_WIDTH = least
    told = milliseconds(
        lambda number: session.canvas.shares.look(*spots.xy[7 * number]), lambda _: None
    )
    print(f"bars of another spot: {told}")  # noqa: T201 - what the page quotes


def tell_a_spot(session: Any, viewer: Any) -> None:  # noqa: ANN401 - napari comes without types
    """Show the bars of the spot in the middle."""
    from napari_tessera.widgets.scale_bar import camera_of

    xy = session.bench.view.spots.xy
    y, x = camera_of(viewer).center[-2:]
    session.canvas.shares.look(*xy[((xy - [x, y]) ** 2).sum(axis=1).argmin()])
    pause(0.5)


def take(session: Any, viewer: Any, out: Path) -> None:  # noqa: ANN401 - napari comes without types
    """Take the pictures."""
    from napari_tessera.widgets.scale_bar import camera_of

    canvas = session.canvas
    name = canvas.current
    canvas.show(name, cells=False, spots=True, spot_colour=SpotColour.LEAD)
    tell_a_spot(session, viewer)
    shoot(viewer, out / "composition_lead.jpg")
    canvas.show(name, spot_colour=SpotColour.BLEND)
    tell_a_spot(session, viewer)
    shoot(viewer, out / "composition_blend.jpg")
    canvas.show(name, spot_colour=SpotColour.LEAD, pies=True)
    measure(session, viewer)
    camera_of(viewer).zoom = WIDE / (2 * float(np.median(session.bench.view.spots.radius)))
    pause(0.5)
    tell_a_spot(session, viewer)
    shoot(viewer, out / "composition_pies.jpg")


def main(out: Path) -> None:
    """Make the pictures."""
    from napari_tessera.widgets.contributions import results_dock
    from napari_tessera.widgets.scale_bar import camera_of
    from napari_tessera.widgets.session import session_of

    folder = Path(tempfile.mkdtemp(prefix="tessera_pictures_"))
    try:
        sample = find_sample(folder)
        nt.map_cells(sample.tissue, sample.reference, method="baseline", out=sample.tissue)
        viewer = open_window(sample.tissue, sample.reference)
        session = session_of(viewer)
        viewer.window.add_dock_widget(results_dock(viewer), name="Results", area="right")
        until(lambda: session.canvas.current)
        pause(1.0)
        viewer.reset_view()
        camera_of(viewer).zoom *= 0.85
        take(session, viewer, out)
        session.close()
        viewer.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
