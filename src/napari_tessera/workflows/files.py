"""Tables and figures as files: what may be written is asked first, what fails is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

FIGURES = (".svg", ".png", ".pdf")
"""Endings of figures."""

DPI = 200
"""Pixels per inch of a figure that has pixels."""


def check_file(path: Path, word: str, suffixes: tuple[str, ...] = ()) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Parameters
    ----------
    path : Path
        The file.
    word : str
        What asked for it, such as ``--figure``.
    suffixes : tuple of str
        Endings it may have, in lower case; none where any will do.

    Raises
    ------
    InputError
        If its ending is another, or its folder is not there.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        msg = f"{word}: expected a name that ends in {_either(suffixes)}, found {path.name!r}."
        raise InputError(msg, "Choose one of these endings.")
    if not path.absolute().parent.is_dir():
        msg = f"{path}: expected a folder to write into, found none."
        raise InputError(msg, "Make the folder first, or choose another place.")


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV.

    Parameters
    ----------
    table : DataFrame
        What to write.
    path : Path
        The file.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    _save(path, lambda: table.to_csv(path))


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the ending says how.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : Path
        The file; ends in one of `FIGURES`.

    Raises
    ------
    InputError
        If the ending is another.
    StoreError
        If it cannot be written.
    """
    check_file(path, "The figure", FIGURES)
    _save(path, lambda: figure.savefig(path, dpi=DPI))


def _save(path: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        msg = f"{path}: expected a file that can be written, found {error}."
        raise StoreError(msg, "Choose another folder.") from error


def _either(suffixes: tuple[str, ...]) -> str:
    return " or ".join(part for part in (", ".join(suffixes[:-1]), suffixes[-1]) if part)
