"""Legends that layers carry with them: those of docks that draw for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.viewer.legend import Legend

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.utils.events import Event
    from napari.viewer import Viewer

LEGEND = "tessera_legend"
"""Key of ``layer.metadata`` under which a layer carries what its colours say."""


class GuestLegends:
    """Finds the legends of visible layers, and says when they may have changed.

    A layer gets its legend before it is put into the list, and another one before it is renamed.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are looked at.
    changed : callable
        Called when a layer that carries a legend comes, is hidden, shown or renamed.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        self._viewer, self._changed = viewer, changed
        viewer.layers.events.inserted.connect(self._on_inserted)

    def legends(self) -> list[Legend]:
        """Legends of what is seen, topmost layer first."""
        carried = [
            layer.metadata.get(LEGEND) for layer in reversed(self._viewer.layers) if layer.visible
        ]
        return [legend for legend in carried if isinstance(legend, Legend)]

    def _on_inserted(self, event: Event) -> None:
        if LEGEND in event.value.metadata:
            for name in ("visible", "name"):
                getattr(event.value.events, name).connect(self._on_change)
            self._changed()

    def _on_change(self, event: object = None) -> None:  # noqa: ARG002 - napari's events
        self._changed()
