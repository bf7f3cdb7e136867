"""The scale of the tissue on the screen: what the data say, or what a person says.

Everything is read and changed on the window's thread, as in `napari_tessera.workbench.bench`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.workbench.tasks import Tasks
from napari_tessera.workflows.scale import say_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.views import TissueView
    from napari_tessera.workbench.bench import Bench


class Scaling:
    """Keeps what a person says of the scale.

    Parameters
    ----------
    bench : Bench
        Knows the tissue.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    changed : Signal
        Emitted with the view when its scale is another one, and with every view that is opened.
    failed : Signal
        Emitted with what went wrong and what to do.
    """

    changed = Signal(object)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        bench.tissue_opened.connect(lambda view: self.changed.emit(view))

    @property
    def view(self) -> TissueView | None:
        """What is on the screen."""
        return self._bench.view

    def say(self, micrometres: float | None) -> None:
        """Say how many micrometres a unit of the coordinates is; None takes that back.

        Parameters
        ----------
        micrometres : float or None
            Per unit of the coordinates.
        """
        from napari_tessera.workbench.reading import scale_now

        view, tissue, selection = self._bench.view, self._bench.tissue, self._bench.selection
        if view is None or tissue is None:
            return

        def work() -> TissueView:
            say_scale(tissue.path, tissue.title, view.coordinate_system, micrometres)
            return dataclasses.replace(view, scale=scale_now(tissue, selection, view))

        self._tasks.do("Keeping the scale", work, self._take, key="scale")

    def _take(self, view: TissueView) -> None:
        now = self._bench.view
        same = now is not None and now.spots is view.spots and now.title == view.title
        if same:
            self._bench.view = view
            self.changed.emit(view)

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)
