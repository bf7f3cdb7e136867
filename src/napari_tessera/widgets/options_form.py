"""A form for the options of a method, generated from their one declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import create_widget
from psygnal import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_tessera.contract.options import option_fields

if TYPE_CHECKING:
    from napari_tessera.contract.options import OptionField, Options

MOST = 2**31 - 1
"""Bound of a spin box where an option declares none; Qt's own."""


class OptionRow(QWidget):  # type: ignore[misc]  # Qt comes without types
    """One option: its editor, and a box for ``auto`` where None is allowed.

    Parameters
    ----------
    field : OptionField
        The option.

    Attributes
    ----------
    changed : Signal
        Emitted after a person, or anybody else, has changed the value.
    """

    changed = Signal()

    def __init__(self, field: OptionField) -> None:
        super().__init__()
        self.field = field
        self.editor = _editor(field)
        self.auto = QCheckBox(field.declaration.none_means)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.editor.native, 1)
        tip = tip_of(field)
        for widget in (self, self.editor.native, self.auto):
            widget.setToolTip(tip)
        if field.optional:
            row.addWidget(self.auto)
        self.set_value(field.default)
        self.auto.toggled.connect(self._on_auto)
        self.editor.changed.connect(lambda *_: self.changed.emit())
        self._on_auto()

    def value(self) -> Any:  # noqa: ANN401 - the value's type is the field's kind
        """Give the value as the form shows it; the dataclass judges it.

        Raises
        ------
        OptionError
            If the text is not a value of this option.
        """
        if self.field.optional and self.auto.isChecked():
            return None
        value = self.editor.value
        return self.field.parse(value) if isinstance(value, str) else value

    def set_value(self, value: Any) -> None:  # noqa: ANN401 - as above
        """Show a value."""
        if self.field.optional:
            self.auto.setChecked(value is None)
        if value is not None:
            self.editor.value = _shown(self.field, value)

    def _on_auto(self, *_: object) -> None:
        self.editor.native.setEnabled(not (self.field.optional and self.auto.isChecked()))
        self.changed.emit()


class OptionsForm(QWidget):  # type: ignore[misc]  # Qt comes without types
    """All options of a method; the usual ones first, the rest folded.

    Parameters
    ----------
    options_type : type
        Subclass of `Options`.

    Attributes
    ----------
    rows : dict of str to OptionRow
        One per option.
    changed : Signal
        Emitted after any of them has changed.
    """

    changed = Signal()

    def __init__(self, options_type: type[Options]) -> None:
        super().__init__()
        self._type = options_type
        self.rows = {field.name: OptionRow(field) for field in option_fields(options_type)}
        self.fold = QCollapsible("More options")
        self.fold.setDuration(0)
        self.fold.toggleButton().setToolTip("Show or hide options that are seldom needed")
        usual, advanced = QFormLayout(), QFormLayout()
        for name, row in self.rows.items():
            (advanced if row.field.declaration.advanced else usual).addRow(label_of(row.field), row)
            row.changed.connect(lambda: self.changed.emit())
            row.setObjectName(f"tesseraOption_{name}")
        for form in (usual, advanced):
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
            form.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        inside.setLayout(advanced)
        self.fold.addWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(usual)
        column.addWidget(self.fold)

    def options(self) -> Options:
        """Options as the form shows them.

        Raises
        ------
        OptionError
            If one is out of bounds.
        """
        return self._type(**{name: row.value() for name, row in self.rows.items()})

    def set_options(self, options: Options) -> None:
        """Show the given options."""
        for name, row in self.rows.items():
            row.set_value(getattr(options, name))


def label_of(field: OptionField) -> str:
    """Name of an option for people, with its unit."""
    unit = f" ({field.declaration.unit})" if field.declaration.unit else ""
    return field.name.replace("_", " ").capitalize() + unit


def tip_of(field: OptionField) -> str:
    """Help of an option, with its bounds."""
    d = field.declaration
    bounds = ((d.ge, "at least"), (d.gt, "above"), (d.le, "at most"))
    known = ", ".join(f"{word} {bound:g}" for bound, word in bounds if bound is not None)
    return f"{d.help}\n({known})" if known else d.help


def _shown(field: OptionField, value: Any) -> Any:  # noqa: ANN401 - the value's type is the kind
    """Write a value as its editor takes it."""
    if field.choices:
        return str(value)
    return f"{value:.12g}" if field.kind is float else value


def _editor(field: OptionField) -> Any:  # noqa: ANN401 - a magicgui widget
    """Make an editor; bounds help the hand, the dataclass judges.

    Real numbers are written as text: a spin box rounds to its decimals, and a small learning rate
    would come back as another one.
    """
    if field.choices:
        return create_widget(
            value=str(field.choices[0]),
            widget_type="ComboBox",
            options={"choices": field.choices},
        )
    if field.kind is bool:
        return create_widget(value=False, widget_type="CheckBox")
    if field.kind is not int:
        return create_widget(value="", widget_type="LineEdit")
    d = field.declaration
    low = -MOST if d.ge is None else int(d.ge)
    high = MOST if d.le is None else int(d.le)
    return create_widget(
        value=min(max(low, 1), high),
        widget_type="SpinBox",
        options={"min": low, "max": high, "step": int(d.step or 1)},
    )
