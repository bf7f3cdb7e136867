"""Options of a method: declared once, judged here, shown by the form, the shell and the docs."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from napari_tessera.contract.errors import OptionError

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

RESERVED = frozenset({"method", "out", "json", "run_dir", "again", "reference", "selection"})
"""Names that the command line keeps for itself; no option may be called so."""

_KEY = "napari_tessera"


class Device(StrEnum):
    """Where tensors live. AUTO takes the accelerator that is there, else the CPU."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"
    XPU = "xpu"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What `option` was told: help, bounds, unit, and how the form shows it."""

    help: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    step: float | None = None
    unit: str = ""
    advanced: bool = False
    none_means: str = ""


@dataclass(frozen=True, kw_only=True)
class OptionField:
    """One option, ready to build a widget or a flag from.

    Parameters
    ----------
    name : str
        Field name; the flag is the same with hyphens.
    kind : type
        ``bool``, ``int``, ``float``, ``str`` or a `StrEnum`.
    optional : bool
        Whether None is allowed; it is written as ``declaration.none_means``.
    default : object
        Default value.
    declaration : Declaration
        Help, bounds and unit.
    """

    name: str
    kind: type
    optional: bool
    default: Any
    declaration: Declaration

    @property
    def choices(self) -> tuple[str, ...]:
        """Values of an enumeration; empty for the rest."""
        if issubclass(self.kind, enum.Enum):
            return tuple(str(member.value) for member in self.kind)
        return ()

    def parse(self, text: str) -> Any:  # noqa: ANN401 - the value's type is `kind`
        """Turn text from a shell or a form into a value.

        Raises
        ------
        OptionError
            If the text is not a value of this option.
        """
        if self.optional and text == self.declaration.none_means:
            return None
        try:
            if self.kind is bool:
                return {
                    "true": True,
                    "yes": True,
                    "1": True,
                    "false": False,
                    "no": False,
                    "0": False,
                }[text.lower()]
            return self.kind(text)
        except (KeyError, ValueError) as error:
            wanted = " or ".join(self.choices) or self.kind.__name__
            msg = f"Option {self.name}: expected {wanted}, found {text!r}."
            raise OptionError(msg, f"See --help for {self.name}.") from error

    def check(self, value: Any) -> None:  # noqa: ANN401 - any value may be offered
        """Judge a value.

        Raises
        ------
        OptionError
            If the value has the wrong type or is out of bounds.
        """
        if value is None and self.optional:
            return
        d = self.declaration
        kinds = (int, float) if self.kind is float else (self.kind,)
        fits = isinstance(value, kinds) and (self.kind is bool or not isinstance(value, bool))
        bounds = ((d.ge, "at least"), (d.gt, "above"), (d.le, "at most"))
        wanted = " and ".join(f"{word} {b:g}" for b, word in bounds if b is not None)
        if fits and self.kind in {int, float}:
            fits = (
                value == value
                and (d.ge is None or value >= d.ge)
                and (d.gt is None or value > d.gt)
                and (d.le is None or value <= d.le)
            )
        if not fits:
            kind = " or ".join(self.choices) or self.kind.__name__
            msg = f"Option {self.name}: expected {kind} {wanted}".rstrip() + f", found {value!r}."
            raise OptionError(msg, d.help)


def option(  # noqa: PLR0913 - the listed exception: one declaration of everything
    default: Any,  # noqa: ANN401
    help: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    step: float | None = None,
    unit: str = "",
    advanced: bool = False,
    none_means: str = "auto",
) -> Any:  # noqa: ANN401 - a dataclass field passes for its value
    """Declare an option: the ONE place that form, command line, check and docs derive from.

    Parameters
    ----------
    default : object
        Default value; None only for an optional option.
    help : str
        One plain sentence.
    ge, gt, le : float, optional
        Bounds.
    step : float, optional
        Step of the form's spin box.
    unit : str
        Unit of the value.
    advanced : bool
        Whether the form folds it away.
    none_means : str
        Word that stands for None.
    """
    declaration = Declaration(
        help=help, ge=ge, gt=gt, le=le, step=step, unit=unit, advanced=advanced,
        none_means=none_means,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={_KEY: declaration})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every method can be told. Subclass it once per method.

    Raises
    ------
    OptionError
        If a value is of the wrong type or out of bounds.
    """

    seed: int = option(0, "Seed of every random draw; the same seed gives the same result.", ge=0)
    device: Device = option(
        Device.AUTO, "Where to compute; auto takes an accelerator if there is one.", advanced=True
    )

    def __post_init__(self) -> None:
        for field in option_fields(type(self)):
            value = getattr(self, field.name)
            if issubclass(field.kind, StrEnum) and isinstance(value, str):
                value = field.parse(value)
                object.__setattr__(self, field.name, value)
            field.check(value)

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return {k: str(v) if isinstance(v, StrEnum) else v for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> typing.Self:
        """Inverse of `to_json`.

        Raises
        ------
        OptionError
            If a name is not an option of this method, or a value is out of bounds.
        """
        known = {field.name for field in option_fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            msg = (
                f"Options: expected some of {', '.join(sorted(known))}; found {', '.join(unknown)}."
            )
            raise OptionError(msg, "Remove or rename it.")
        return cls(**values)


def option_fields(options_type: type[Options]) -> tuple[OptionField, ...]:
    """List the options of a method in the order of declaration, the common two last.

    Parameters
    ----------
    options_type : type
        `Options` or a subclass.
    """
    hints = typing.get_type_hints(options_type)
    own: list[OptionField] = []
    common: list[OptionField] = []
    for field in dataclasses.fields(options_type):
        kind, optional = _plain_kind(hints[field.name])
        found = OptionField(
            name=field.name,
            kind=kind,
            optional=optional,
            default=field.default,
            declaration=field.metadata[_KEY],
        )
        (common if field.name in {"seed", "device"} else own).append(found)
    return tuple(own + common)


def _plain_kind(hint: Any) -> tuple[type, bool]:  # noqa: ANN401 - a type hint
    """Split ``X | None`` into X and whether None is allowed."""
    if isinstance(hint, types.UnionType):
        kinds = [k for k in typing.get_args(hint) if k is not type(None)]
        return kinds[0], True
    return hint, False
