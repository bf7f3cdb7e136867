"""Which run's composition of the spots domains go by, beside the genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFormLayout, QWidget

from napari_tessera.widgets.parts import combo

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.data.write import RunSummary
    from napari_tessera.workbench.bench import Bench

NONE = "not used"
"""Entry that leaves the composition out."""

TIP = (
    "Also go by the cell types that a run of this tissue found in its spots.\n"
    "Domains then follow the mixture of types too"
)


class CompositionChoice(QWidget):  # type: ignore[misc]  # Qt comes without types
    """A list of the runs of this tissue that composed its spots.

    Parameters
    ----------
    bench : Bench
        Whose runs are offered.
    changed : callable
        Called after another one was chosen, or the chosen one has gone.
    """

    def __init__(self, bench: Bench, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self.box = combo(TIP, lambda _text: changed())
        self.box.setObjectName("tesseraComposition")
        lines = QFormLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        lines.addRow("Composition", self.box)
        self._offer(bench.runs)
        bench.runs_changed.connect(self._on_runs)

    @property
    def chosen(self) -> str:
        """Name of the chosen run; empty for none."""
        return str(self.box.currentData() or "")

    def choose(self, run: str) -> None:
        """Choose a run, or none where it is not among those that are offered."""
        self.box.setCurrentIndex(max(self.box.findData(run), 0))

    def _on_runs(self, runs: tuple[RunSummary, ...]) -> None:
        before = self.chosen
        self._offer(runs)
        if self.chosen != before:
            self._changed()

    def _offer(self, runs: tuple[RunSummary, ...]) -> None:
        """Fill the list; what was chosen stays if it is still there."""
        kept = self.chosen
        self.box.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.box.clear()
        self.box.addItem(NONE, "")
        for run in runs:
            if "composition" in run.answers:
                self.box.addItem(run.name, run.name)
        self.box.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.box.setEnabled(self.box.count() > 1)
        self.choose(kept)
