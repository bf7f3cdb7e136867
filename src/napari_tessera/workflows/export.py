"""A run as plain tables for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError
from napari_tessera.workflows.files import save_table

if TYPE_CHECKING:
    from napari_tessera.contract.results import Run

PARTS = {
    "placement": "cells",
    "composition": "composition",
    "imputation": "genes",
    "annotation": "types",
    "domains": "domains",
}
"""Parts of a result, and the word that their file gets where there are several."""


def write_tables(run: Run, path: Path | str) -> tuple[Path, ...]:
    """Write what a run answers as CSV: one file for each answer.

    Parameters
    ----------
    run : Run
        Finished run.
    path : path
        File to write; several answers get ``_cells``, ``_composition`` and so on before the ending.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    InputError
        If the name does not end in ``.csv``.
    StoreError
        If a file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".csv":
        msg = f"{target.name}: expected a name that ends in .csv, found another."
        raise InputError(msg, "Choose a name such as run.csv.")
    found = {
        word: part
        for name, word in PARTS.items()
        if (part := getattr(run.result, name)) is not None
    }
    written = []
    for word, part in found.items():
        place = target if len(found) == 1 else target.with_stem(f"{target.stem}_{word}")
        save_table(part.table(), place)
        written.append(place)
    return tuple(written)
