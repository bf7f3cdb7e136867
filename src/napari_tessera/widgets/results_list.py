"""The runs of a tissue as a list: two lines each, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QSizePolicy

from napari_tessera.viewer.legend import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_tessera.data.write import RunSummary

LEAST_HEIGHT, MOST_HEIGHT = 60, 170
"""Height of the list in pixels: one run; four, further ones are scrolled to."""

_NAME = Qt.ItemDataRole.UserRole
_SCORES = {
    "held_out_distance_pitch": "held-out",
    "held_out_distance": "held-out",
    "held_out_pcc": "held-out correlation",
    "held_out_accuracy": "held-out accuracy",
    "explained": "explained",
}
"""Scores that the list shows, the first that a run has."""

_UNITS = {"held_out_distance_pitch": " spot distances"}


class RunList(QListWidget):  # type: ignore[misc]  # Qt comes without types
    """List of runs, one of which is chosen.

    Attributes
    ----------
    chosen : Signal
        Emitted with the name of the run that is chosen now; empty for none.
    opened : Signal
        Emitted with the name of a run that was double-clicked.
    """

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("tesseraRuns")
        self.setToolTip("Runs in this tissue, newest first. Double-click to show one.")
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(LEAST_HEIGHT)
        self.setSpacing(2)
        self.currentItemChanged.connect(lambda *_: self.chosen.emit(self.name))
        self.itemActivated.connect(lambda item: self.opened.emit(item.data(_NAME)))

    @property
    def name(self) -> str:
        """Name of the chosen run; empty where none is."""
        item = self.currentItem()
        return "" if item is None else str(item.data(_NAME))

    def names(self) -> list[str]:
        """Names of all runs in the list, top to bottom."""
        return [str(self.item(row).data(_NAME)) for row in range(self.count())]

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """List these runs; the chosen one stays chosen while it is there.

        Parameters
        ----------
        runs : sequence of RunSummary
            Newest first.
        """
        before = self.name
        self.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.clear()
        for run in runs:
            item = QListWidgetItem(run_text(run))
            item.setData(_NAME, run.name)
            item.setToolTip(run_tip(run))
            self.addItem(item)
        self.blockSignals(False)  # noqa: FBT003 - Qt's signature
        names = [run.name for run in runs]
        rows = sum(self.sizeHintForRow(row) + 2 * self.spacing() for row in range(len(names)))
        self.setFixedHeight(min(max(rows + 6, LEAST_HEIGHT), MOST_HEIGHT))
        if names:
            self.setCurrentRow(names.index(before) if before in names else 0)
        self.chosen.emit(self.name)

    def choose(self, name: str) -> None:
        """Choose the run of that name, if it is listed."""
        names = self.names()
        if name in names:
            self.setCurrentRow(names.index(name))


def run_text(run: RunSummary) -> str:
    """Two lines: name and date; method and held-out score beside the baseline's."""
    return f"{run.name}   {run.created[:16].replace('T', ' ')}\n{score_text(run)}"


def score_text(run: RunSummary) -> str:
    """Say the method with its held-out score and the baseline's on the same spots or genes."""
    for name, words in _SCORES.items():
        score, baseline = _number(run.scores, name), _number(run.baseline, name)
        if score is None:
            continue
        alone = baseline is None or run.method == run.baseline.get("method")
        beside = "" if alone or baseline is None else f", baseline {short(baseline)}"
        return f"{run.method}: {words} {short(score)}{beside}{_UNITS.get(name, '')}"
    return str(run.method)


def run_tip(run: RunSummary) -> str:
    """Say what the list has no room for."""
    return (
        f"{run.name}: {run.n_cells:,} cells, {run.n_spots:,} spots.\n"
        "Held-out: distance from a spot that was kept out to where its pseudo-cells are placed, "
        "mean, in distances of neighbouring spots; the baseline was scored on the same spots."
    )


def _number(values: Mapping[str, object], name: str) -> float | None:
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else None
