"""An option is declared once, and judged in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.options import (
    RESERVED,
    Device,
    OptionField,
    Options,
    option,
    option_fields,
)
from napari_tessera.methods import METHODS


class Pace(StrEnum):
    """How fast."""

    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, kw_only=True)
class PaceOptions(Options):
    """One option of every kind."""

    steps: int = option(10, "Steps.", ge=1, le=100)
    rate: float = option(0.5, "Rate.", gt=0, le=1)
    pace: Pace = option(Pace.SLOW, "Pace.")
    exact: bool = option(default=False, help="Exactness.")
    batch: int | None = option(None, "Batch.", ge=2, none_means="all")


FIELDS = {field.name: field for field in option_fields(PaceOptions)}


def test_the_common_options_come_last() -> None:
    assert list(FIELDS) == ["steps", "rate", "pace", "exact", "batch", "seed", "device"]


def test_an_optional_option_says_so() -> None:
    assert [name for name, field in FIELDS.items() if field.optional] == ["batch"]


def test_an_enumeration_names_its_choices() -> None:
    assert FIELDS["pace"].choices == ("slow", "fast")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("steps", "7", 7),
        ("rate", "0.25", 0.25),
        ("pace", "fast", Pace.FAST),
        ("exact", "yes", True),
        ("exact", "False", False),
        ("batch", "all", None),
        ("batch", "8", 8),
        ("device", "cpu", Device.CPU),
    ],
)
def test_text_becomes_a_value(name: str, text: str, value: object) -> None:
    assert FIELDS[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("steps", "many"), ("steps", "1.5"), ("rate", ""), ("pace", "brisk"), ("exact", "2"),
     ("batch", "none")],
)  # fmt: skip
def test_text_that_is_no_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(OptionError, match=f"Option {name}: expected"):
        FIELDS[name].parse(text)


@pytest.mark.parametrize(
    "values", [{"steps": 1}, {"steps": 100}, {"rate": 1.0}, {"rate": 1}, {"batch": None}]
)
def test_values_on_a_closed_bound_pass(values: dict[str, Any]) -> None:
    assert PaceOptions(**values).to_json().items() >= values.items()


@pytest.mark.parametrize(
    "values",
    [{"steps": 0}, {"steps": 101}, {"steps": 1.0}, {"steps": True}, {"steps": None}, {"rate": 0.0},
     {"rate": 1.01}, {"rate": float("nan")}, {"pace": "brisk"}, {"exact": 1}, {"batch": 1},
     {"seed": -1}, {"device": "abacus"}],
    ids=str,
)  # fmt: skip
def test_values_beyond_a_bound_or_of_another_type_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"expected .*found"):
        PaceOptions(**values)


def test_options_survive_json() -> None:
    options = PaceOptions(steps=3, pace=Pace.FAST, batch=4, seed=9, device=Device.CPU)
    assert PaceOptions.from_json(options.to_json()) == options


def test_an_enumeration_may_be_given_by_its_text() -> None:
    assert PaceOptions.from_json({"pace": "fast"}).pace is Pace.FAST


def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="found stepz"):
        PaceOptions.from_json({"stepz": 3})


def every_option() -> list[tuple[str, OptionField]]:
    """Options of every method, with the method's name."""
    return [(n, f) for n, m in METHODS.items() for f in option_fields(m.options_type)]


@pytest.mark.parametrize(
    ("method", "field"), [pytest.param(n, f, id=f"{n}-{f.name}") for n, f in every_option()]
)
class TestEveryOptionOfEveryMethod:
    """What holds for each declared option."""

    def test_its_default_is_within_its_bounds(self, method: str, field: OptionField) -> None:
        assert METHODS[method].options_type(**{field.name: field.default}) is not None

    def test_its_help_is_a_sentence(self, method: str, field: OptionField) -> None:  # noqa: ARG002 - one list for the class
        assert field.declaration.help.strip().endswith((".", "!"))

    def test_its_name_is_not_reserved(self, method: str, field: OptionField) -> None:  # noqa: ARG002 - one list for the class
        assert field.name not in RESERVED

    def test_its_default_survives_text(self, method: str, field: OptionField) -> None:  # noqa: ARG002 - one list for the class
        text = field.declaration.none_means if field.default is None else str(field.default)
        assert field.parse(text) == field.default
