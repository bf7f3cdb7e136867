"""The form says the same as Python and the shell, for every option of every method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtWidgets import QLabel

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.options import OptionField, option_fields
from napari_tessera.methods import METHODS
from napari_tessera.widgets.options_form import OptionsForm, label_of, tip_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

OPTIONS = [
    pytest.param(method, field, id=f"{method}-{field.name}")
    for method, described in METHODS.items()
    for field in option_fields(described.options_type)
]


def _form(qtbot: QtBot, method: str) -> OptionsForm:
    form = OptionsForm(METHODS[method].options_type)
    qtbot.addWidget(form)
    return form


def _others(field: OptionField) -> list[Any]:
    """List allowed values that are not the default."""
    d = field.declaration
    if field.kind is bool:
        return [not field.default]
    if field.choices:
        return [field.kind(choice) for choice in field.choices]
    if field.kind is str:
        return ["other"]
    found = [field.kind(bound) for bound in (d.ge, d.le) if bound is not None]
    if field.kind is float:
        low = d.gt if d.gt is not None else d.ge
        found += [1e-6 + (low or 0.0), (low or 0.0) + 0.123456789]
    return found + ([None] if field.optional else [])


def _offer(form: OptionsForm, field: OptionField, value: object) -> None:
    """Write a value into the form and read the options."""
    form.rows[field.name].set_value(value)
    form.options()


@pytest.mark.parametrize("method", METHODS)
def test_an_untouched_form_gives_the_defaults(qtbot: QtBot, method: str) -> None:
    assert _form(qtbot, method).options() == METHODS[method].options_type()


@pytest.mark.parametrize(("method", "field"), OPTIONS)
def test_every_allowed_value_comes_back_exactly(
    qtbot: QtBot, method: str, field: OptionField
) -> None:
    form = _form(qtbot, method)
    for value in _others(field):
        form.rows[field.name].set_value(value)
        wanted = METHODS[method].options_type(**{field.name: value})
        assert form.options() == wanted


@pytest.mark.parametrize(("method", "field"), OPTIONS)
def test_a_value_out_of_bounds_cannot_get_through(
    qtbot: QtBot, method: str, field: OptionField
) -> None:
    d = field.declaration
    beyond = [d.ge - 1] if d.ge is not None else []
    beyond += [d.le + 1] if d.le is not None else []
    beyond += [d.gt] if d.gt is not None else []
    form = _form(qtbot, method)
    for value in beyond if field.kind in {int, float} else []:
        with pytest.raises((OptionError, ValueError)):
            _offer(form, field, field.kind(value))


@pytest.mark.parametrize(("method", "field"), OPTIONS)
def test_every_option_is_explained_where_it_stands(
    qtbot: QtBot, method: str, field: OptionField
) -> None:
    row = _form(qtbot, method).rows[field.name]
    assert field.declaration.help in row.editor.native.toolTip()


@pytest.mark.parametrize(("method", "field"), OPTIONS)
def test_usual_options_are_in_sight_and_the_rest_is_folded(
    qtbot: QtBot, method: str, field: OptionField
) -> None:
    form = _form(qtbot, method)
    form.show()
    in_sight = not form.rows[field.name].visibleRegion().isEmpty()
    assert in_sight is not field.declaration.advanced


def test_text_that_is_no_number_is_refused_by_name(qtbot: QtBot) -> None:
    form = _form(qtbot, "stem")
    form.rows["learning_rate"].editor.value = "fast"
    with pytest.raises(OptionError, match=r"learning_rate.*'fast'"):
        form.options()


def test_auto_greys_the_value_out(qtbot: QtBot) -> None:
    row = _form(qtbot, "stem").rows["steps"]
    assert not row.editor.native.isEnabled()
    row.set_value(50)
    assert row.editor.native.isEnabled()
    assert row.value() == 50


def test_a_change_is_announced(qtbot: QtBot) -> None:
    form = _form(qtbot, "stem")
    told: list[int] = []
    form.changed.connect(lambda: told.append(1))
    form.rows["members"].editor.value = 2
    assert told


def test_options_that_are_set_are_shown(qtbot: QtBot) -> None:
    form = _form(qtbot, "stem")
    wanted = METHODS["stem"].options_type(steps=77, members=2, sigma=0.25, seed=5)
    form.set_options(wanted)
    assert form.options() == wanted


def test_a_unit_stands_beside_the_name() -> None:
    (field,) = (f for f in option_fields(METHODS["stem"].options_type) if f.name == "sigma")
    assert label_of(field) == "Sigma (pitch)"


def test_the_tip_says_the_bounds() -> None:
    (field,) = (f for f in option_fields(METHODS["stem"].options_type) if f.name == "learning_rate")
    assert tip_of(field).endswith("(above 0, at most 1)")


def test_every_option_has_a_label(qtbot: QtBot) -> None:
    form = _form(qtbot, "stem")
    labels = {label.text() for label in form.findChildren(QLabel)}
    assert {label_of(row.field) for row in form.rows.values()} <= labels
