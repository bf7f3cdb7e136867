"""Every option of every method means the same in Python and in the shell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from napari_tessera.cli.main import main
from napari_tessera.cli.map_command import spec_from
from napari_tessera.cli.option_flags import flag_of
from napari_tessera.cli.parser import make_parser
from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.method import Task
from napari_tessera.contract.options import OptionField, option_fields
from napari_tessera.methods import METHODS, method_for, names_for

COMMANDS = {
    Task.PLACE: "map",
    Task.IMPUTE: "impute",
    Task.ANNOTATE: "annotate",
    Task.CLUSTER: "cluster",
}
"""Sub-command of every question that has one."""


def command_of(method: str) -> list[str]:
    """Words that run a method on a tissue."""
    task = next(task for task in COMMANDS if task in METHODS[method].answers)
    name = next(n for n in names_for(task) if method_for(task, n) is METHODS[method])
    pair = [] if task is Task.CLUSTER else ["--reference", "/reference.h5ad"]
    return [COMMANDS[task], "/tissue.zarr", *pair, "--method", name]


@dataclass(frozen=True)
class Case:
    """One value offered to one option of one method."""

    method: str
    field: OptionField
    value: Any

    @property
    def text(self) -> str:
        """The value as a person types it."""
        if self.value is None:
            return self.field.declaration.none_means
        if isinstance(self.value, bool):
            return str(self.value).lower()
        return str(self.value)

    def __str__(self) -> str:
        return f"{self.method}-{self.field.name}-{self.text}"


def good_values(field: OptionField) -> list[Any]:
    """Values that an option takes: its default, others, and its bounds."""
    d = field.declaration
    values: list[Any] = [field.default]
    if field.kind is bool:
        values += [True, False]
    elif field.choices:
        values += [field.kind(choice) for choice in field.choices]
    elif field.kind in {int, float}:
        values += [field.kind(bound) for bound in (d.ge, d.le) if bound is not None]
        values += [field.kind(d.gt + 0.5)] if d.gt is not None and field.kind is float else []
    return values + ([None] if field.optional else [])


def bad_values(field: OptionField) -> list[Any]:
    """Values that an option refuses: beyond each bound, not a number, of another type."""
    d = field.declaration
    values: list[Any] = ["nonsense"] if field.kind is not str else []
    if field.kind in {int, float}:
        values += [field.kind(d.ge - 1)] if d.ge is not None else []
        values += [field.kind(d.gt)] if d.gt is not None else []
        values += [field.kind(d.le + 1)] if d.le is not None else []
    if field.kind is float:
        values.append(math.nan)
    return values


def cases(values_of: Any) -> list[Any]:  # noqa: ANN401 - a function
    """Every value for every option of every method."""
    found = [
        Case(name, field, value)
        for name, method in METHODS.items()
        for field in option_fields(method.options_type)
        for value in values_of(field)
    ]
    return [pytest.param(case, id=str(case)) for case in dict.fromkeys(found)]


def shell(case: Case, folder: Path) -> list[str]:
    """Command line that sets one option."""
    flag = f"{flag_of(case.field.name)}={case.text}"
    words = [
        w.replace("/", f"{folder}/", 1) if w[:1] == "/" else w for w in command_of(case.method)
    ]
    return [*words, flag]


@pytest.mark.parametrize("case", cases(good_values))
def test_a_good_value_gives_the_same_recipe_in_python_and_shell(case: Case) -> None:
    options = METHODS[case.method].options_type(**{case.field.name: case.value})
    arguments = make_parser().parse_args(shell(case, Path("/")))
    assert spec_from(arguments).options == options.to_json()


@pytest.mark.parametrize("case", cases(bad_values))
def test_a_bad_value_is_refused_in_python_and_shell(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OptionError, match=case.field.name):
        METHODS[case.method].options_type(**{case.field.name: case.value})
    assert main(shell(case, tmp_path)) == 2
    assert f"Option {case.field.name}: expected" in capsys.readouterr().err


@pytest.mark.parametrize("name", METHODS)
def test_no_flags_give_the_defaults_of_python(name: str) -> None:
    arguments = make_parser().parse_args(command_of(name))
    assert spec_from(arguments).options == METHODS[name].options_type().to_json()
