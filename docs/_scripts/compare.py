"""Make the picture of the page on comparing: drive the real window and take it.

    python docs/_scripts/compare.py docs/_static

Real data are used where ``NAPARI_TESSERA_DATA`` points to them, else the planted tissue.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from explore import open_window, pause, shoot, until  # lies beside this file

import napari_tessera as nt
from napari_tessera.data.sample import find_sample


def main(out: Path) -> None:
    """Make the picture."""
    from napari_tessera.widgets.compare_dialog import CompareDialog
    from napari_tessera.widgets.contributions import results_dock

    folder = Path(tempfile.mkdtemp(prefix="tessera_pictures_"))
    try:
        sample = find_sample(folder)
        for smoothing in (0.5, 2.0):
            nt.map_cells(
                sample.tissue, sample.reference, method="baseline", out=sample.tissue,
                options=nt.BaselineOptions(smoothing=smoothing),
            )  # fmt: skip
        viewer = open_window(sample.tissue, sample.reference)
        dock = results_dock(viewer)
        viewer.window.add_dock_widget(dock, name="Results", area="right")
        dialog = dock.findChild(CompareDialog)
        dialog.choose(dock.list.names()[0])
        until(lambda: dialog.compare.isEnabled())
        dialog.compare.click()
        until(lambda: dialog.canvas.on)
        viewer.window.add_dock_widget(dialog, name="Compare", area="right")
        pause(2.0)
        shoot(viewer, out / "compare.jpg")
        dialog.close()
        viewer.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
