"""Flags made from the options of methods: an option is declared once, and not here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.options import Options, option_fields

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from napari_tessera.contract.method import Method
    from napari_tessera.contract.options import OptionField

OptionsT = TypeVar("OptionsT", bound=Options)

_PREFIX = "option_"


def flag_of(name: str) -> str:
    """Flag of an option: its name with hyphens."""
    return "--" + name.replace("_", "-")


def add_option_flags(
    parser: argparse.ArgumentParser,
    methods: Iterable[Method[Any]],
    *,
    leave_out: frozenset[str] = frozenset(),
) -> None:
    """Give a parser one flag for every option of every method; a shared one stands once.

    Parameters
    ----------
    parser : ArgumentParser
        Parser of a sub-command.
    methods : iterable of Method
        Whose options to add.
    leave_out : frozenset of str
        Options that the sub-command sets itself.
    """
    common = {field.name for field in option_fields(Options)} | leave_out
    group = parser.add_argument_group("options of every method")
    for field in option_fields(Options):
        _add_flag(group, field)
    for method in methods:
        group = parser.add_argument_group(f"options of {method.name}: {method.title}")
        for field in option_fields(method.options_type):
            if field.name not in common:
                _add_flag(group, field)
                common.add(field.name)


def add_type_flags(
    parser: argparse.ArgumentParser, title: str, options_type: type[Options]
) -> None:
    """Give a parser one flag for every option of a type; see `options_of`."""
    group = parser.add_argument_group(title)
    for field in option_fields(options_type):
        _add_flag(group, field)


def options_of(arguments: argparse.Namespace, options_type: type[OptionsT]) -> OptionsT:
    """Build options of a type from the flags of `add_type_flags` that were given.

    Raises
    ------
    OptionError
        If a value is not one of the option's.
    """
    given = {f: getattr(arguments, f"{_PREFIX}{f.name}") for f in option_fields(options_type)}
    return options_type(**{f.name: f.parse(text) for f, text in given.items() if text is not None})


def options_from(arguments: argparse.Namespace, method: Method[Any]) -> Options:
    """Build the options of the chosen method from the flags that were given.

    Parameters
    ----------
    arguments : Namespace
        What the shell said.
    method : Method
        The chosen method.

    Raises
    ------
    OptionError
        If a flag belongs to another method, or its value is not one of the option's.
    """
    fields = {field.name: field for field in option_fields(method.options_type)}
    given = {
        name.removeprefix(_PREFIX): text
        for name, text in vars(arguments).items()
        if name.startswith(_PREFIX) and text is not None
    }
    for name in given:
        if name not in fields:
            msg = f"Option {flag_of(name)}: expected an option of {method.name}, found another's."
            raise OptionError(
                msg, f"Leave it out, or choose the --method that has it. {_known(fields)}"
            )
    options_type: type[Options] = method.options_type
    return options_type(**{name: fields[name].parse(given[name]) for name in given})


def _known(fields: Iterable[str]) -> str:
    """Sentence with the options that there are."""
    return "It has " + ", ".join(flag_of(name) for name in fields) + "."


def _add_flag(group: argparse._ArgumentGroup, field: OptionField) -> None:
    """Add one flag; its value stays text until the chosen method's options judge it."""
    switch: dict[str, Any] = {"nargs": "?", "const": "true"} if field.kind is bool else {}
    group.add_argument(
        flag_of(field.name),
        dest=f"{_PREFIX}{field.name}",
        metavar=_metavar(field),
        help=_help(field),
        **switch,
    )


def _metavar(field: OptionField) -> str:
    """Words for the value in the help."""
    auto = f"|{field.declaration.none_means}" if field.optional else ""
    if field.choices:
        return "|".join(field.choices) + auto
    if field.kind is bool:
        return "true|false" + auto
    return {int: "N", float: "X"}.get(field.kind, "TEXT") + auto


def _help(field: OptionField) -> str:
    """Help with unit, bounds and default."""
    d = field.declaration
    bounds = ((d.ge, "at least"), (d.gt, "above"), (d.le, "at most"))
    parts = [f"{word} {bound:g}" for bound, word in bounds if bound is not None]
    default = d.none_means if field.default is None else str(field.default)
    unit = f" {d.unit}" if d.unit else ""
    text = f"{d.help} ({'; '.join([*parts, f'default: {default}{unit}'])})"
    return text.replace("%", "%%")
