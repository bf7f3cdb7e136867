"""A form for the options of a method, generated from their one declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import create_widget
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget
from superqt import QCollapsible

if TYPE_CHECKING:
    from napari_tessera.contract.options import OptionField, Options

from napari_tessera.contract.options import option_fields

WIDE = 10**9
"""Bound of a spin box where an option declares none."""


class OptionRow(QWidget):  # type: ignore[misc]  # Qt comes without types
    """One option: its editor, and a box for ``auto`` where None is allowed.

    Parameters
    ----------
    field : OptionField
        The option.
    """

    def __init__(self, field: OptionField) -> None:
        super().__init__()
        self.field = field
        self.editor = _editor(field)
        self.auto = QCheckBox(field.declaration.none_means)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.editor.native, 1)
        tip = field.declaration.help
        self.setToolTip(tip)
        self.editor.native.setToolTip(tip)
        if field.optional:
            row.addWidget(self.auto)
            self.auto.setToolTip(f"{field.declaration.none_means}: {tip}")
            self.auto.toggled.connect(lambda on: self.editor.native.setEnabled(not on))
        self.set_value(field.default)

    def value(self) -> Any:  # noqa: ANN401 - the value's type is the field's kind
        """Value as the form shows it; the dataclass judges it."""
        if self.field.optional and self.auto.isChecked():
            return None
        value = self.editor.value
        return self.field.kind(value) if self.field.kind is not bool else bool(value)

    def set_value(self, value: Any) -> None:  # noqa: ANN401 - as above
        """Show a value."""
        if self.field.optional:
            self.auto.setChecked(value is None)
        if value is not None:
            self.editor.value = str(value) if self.field.choices else value


class OptionsForm(QWidget):  # type: ignore[misc]  # Qt comes without types
    """All options of a method; the usual ones first, the rest folded.

    Parameters
    ----------
    options_type : type
        Subclass of `Options`.
    """

    def __init__(self, options_type: type[Options]) -> None:
        super().__init__()
        self._type = options_type
        self.rows = {field.name: OptionRow(field) for field in option_fields(options_type)}
        usual, advanced = QFormLayout(), QFormLayout()
        for name, row in self.rows.items():
            declared = row.field.declaration
            unit = f" ({declared.unit})" if declared.unit else ""
            label = name.replace("_", " ").capitalize() + unit
            (advanced if declared.advanced else usual).addRow(label, row)
        for form in (usual, advanced):
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
            form.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(usual)
        fold = QCollapsible("More options")
        inside = QWidget()
        inside.setLayout(advanced)
        fold.addWidget(inside)
        column.addWidget(fold)

    def options(self) -> Options:
        """Options as the form shows them.

        Raises
        ------
        OptionError
            If one is out of bounds.
        """
        return self._type(**{name: row.value() for name, row in self.rows.items()})


def _editor(field: OptionField) -> Any:  # noqa: ANN401 - a magicgui widget
    """Editor for one option; bounds help the hand, the dataclass judges."""
    declared = field.declaration
    if field.choices:
        return create_widget(
            value=str(field.default), widget_type="ComboBox", options={"choices": field.choices}
        )
    if field.kind is bool:
        return create_widget(value=bool(field.default), widget_type="CheckBox")
    if field.kind is str:
        return create_widget(value=str(field.default or ""), widget_type="LineEdit")
    low = declared.ge if declared.ge is not None else declared.gt
    options = {
        "min": field.kind(-WIDE if low is None else low),
        "max": field.kind(WIDE if declared.le is None else declared.le),
        "step": field.kind(declared.step or (1 if field.kind is int else 0.1)),
    }
    if field.kind is float:
        options["step"] = (
            min(options["step"], 0.001) if (field.default or 1) < 0.01 else options["step"]
        )
        kind = "FloatSpinBox"
    else:
        kind = "SpinBox"
    value = field.default if field.default is not None else max(options["min"], field.kind(1))
    return create_widget(value=value, widget_type=kind, options=options)
