"""The line of the Tissue dock that says how long a unit of the coordinates is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QWidget,
)

from napari_tessera.viewer.legend import short
from napari_tessera.widgets.parts import button, words

if TYPE_CHECKING:
    from napari_tessera.contract.views import TissueView
    from napari_tessera.workbench.scaling import Scaling

_LEAST, _MOST, _DECIMALS = 1e-6, 1e6, 6


class ScaleRow(QWidget):  # type: ignore[misc]  # Qt comes without types
    """What is known of the scale, and a button to say it.

    Parameters
    ----------
    scaling : Scaling
        Keeps it.

    Attributes
    ----------
    dialog : ScaleDialog or None
        The dialog that was opened last.
    """

    def __init__(self, scaling: Scaling) -> None:
        super().__init__()
        self._scaling = scaling
        self.dialog: ScaleDialog | None = None
        self.text = words()
        self.button = button("Scale…", "Say how many micrometres a unit is", self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        scaling.changed.connect(self._on_view)
        scaling.failed.connect(self._on_failed)
        self._on_view(scaling.view)

    def _on_view(self, view: TissueView | None) -> None:
        self.setVisible(view is not None)
        self.text.setText("" if view is None else words_of_scale(view))

    def _on_failed(self, message: str, hint: str) -> None:
        self.text.setText(f"{message} {hint}")

    def _ask(self) -> None:
        view = self._scaling.view
        if view is not None:
            self.dialog = ScaleDialog(view, self)
            self.dialog.accepted.connect(self._on_accepted)
            self.dialog.open()

    def _on_accepted(self) -> None:
        if self.dialog is not None:
            self._scaling.say(self.dialog.micrometres.value())


class ScaleDialog(QDialog):  # type: ignore[misc]  # Qt comes without types
    """Two numbers that say the same: micrometres per unit, and between neighbouring spots.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    parent : QWidget
        Over which it opens.
    """

    def __init__(self, view: TissueView, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Scale")
        self._pitch = None if view.spots is None else view.spots.pitch
        self.micrometres, self.pitch = _number(), _number()
        form = QFormLayout(self)
        form.addRow(f"Micrometres per {view.unit}", self.micrometres)
        if self._pitch is not None:
            form.addRow("Micrometres between spots", self.pitch)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        self.micrometres.valueChanged.connect(self._on_micrometres)
        self.pitch.valueChanged.connect(self._on_pitch)
        self.micrometres.setValue(1.0 if view.scale is None else view.scale.micrometres)
        self._on_micrometres(self.micrometres.value())

    def _on_micrometres(self, value: float) -> None:
        if self._pitch is not None:
            _set(self.pitch, value * self._pitch)

    def _on_pitch(self, value: float) -> None:
        if self._pitch is not None:
            _set(self.micrometres, value / self._pitch)


def words_of_scale(view: TissueView) -> str:
    """Say what is known of the scale.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    """
    if view.scale is None:
        return f"Scale unknown: the scale bar counts in units of {view.unit}."
    return f"1 {view.unit} = {short(view.scale.micrometres)} µm ({view.scale.source})"


def _number() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(_DECIMALS)
    box.setRange(_LEAST, _MOST)
    return box


def _set(box: QDoubleSpinBox, value: float) -> None:
    """Set a number without telling anybody."""
    box.blockSignals(True)  # noqa: FBT003 - Qt's signature
    box.setValue(value)
    box.blockSignals(False)  # noqa: FBT003 - Qt's signature
