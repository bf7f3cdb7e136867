"""Python's search for garbage, kept away from moments in which a person watches."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari_tessera.workbench.bench import Bench

SETTLE_MS = 200
"""Time after a tissue was opened or checked, when the search is made."""


class Settled:
    """Searches for garbage once a tissue is open, and spares what is left from later searches.

    A window with its docks consists of some 400,000 objects. Python looks through all of them every
    now and then, which holds the window up for a fifth of a second, in the middle of a fit as well.

    Parameters
    ----------
    bench : Bench
        Tells when a tissue was opened, and when everything was checked.
    """

    def __init__(self, bench: Bench) -> None:
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(_spare)
        bench.tissue_opened.connect(lambda _: self._anew())
        bench.checked.connect(lambda _: self._timer.start())

    def _anew(self) -> None:
        """Search everything: what belonged to the tissue before may be garbage now."""
        gc.unfreeze()
        self._timer.start()

    def close(self) -> None:
        """Leave Python as it was."""
        self._timer.stop()
        gc.unfreeze()


def _spare() -> None:
    gc.collect()
    gc.freeze()
