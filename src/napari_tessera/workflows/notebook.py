"""Steps as a Jupyter notebook with figures: plain JSON in the notebook format 4.5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_tessera
from napari_tessera.contract.errors import InputError, StoreError
from napari_tessera.workflows.script import script_text, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_tessera.workflows.steps import Step

SUFFIXES = (".py", ".ipynb")


def notebook_text(steps: Iterable[Step]) -> str:
    """Write steps as a notebook: the code of the script, and a figure after what has one.

    Parameters
    ----------
    steps : iterable of Step
        What was done, oldest first.

    Raises
    ------
    InputError
        If nothing was done, or on data that live in memory only.
    """
    about = (
        f"Recorded by napari-tessera {napari_tessera.__version__}; does the same again.\n\n"
        "Everything is computed anew in a copy of the data; the data themselves stay as they are."
    )
    cells = [_cell("markdown", about)]
    for section in sections_of(steps):
        cells.append(_cell("markdown", f"## {section.title}"))
        cells.append(_cell("code", "\n".join(section.code)))
        if section.figure:
            cells.append(_cell("code", "\n".join(section.figure)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1) + "\n"


def write_steps(steps: Iterable[Step], path: Path | str) -> Path:
    """Write steps as a script or a notebook; the ending says which.

    Parameters
    ----------
    steps : iterable of Step
        What was done, oldest first.
    path : path
        A file that ends in ``.py`` or ``.ipynb``.

    Raises
    ------
    InputError
        If it ends in something else, or there is nothing to write.
    StoreError
        If the file cannot be written.
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        msg = f"{target.name}: expected a name that ends in .py or .ipynb, found another."
        raise InputError(msg, "Choose one of the two.")
    text = script_text(steps) if target.suffix == ".py" else notebook_text(steps)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{target}: expected a file that can be written, found {error}."
        raise StoreError(msg, "Choose another folder.") from error
    return target


def _cell(kind: str, text: str) -> dict[str, Any]:
    """One cell of a notebook."""
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}}
    cell["source"] = text.splitlines(keepends=True)
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
