"""Say how many micrometres a unit of the coordinates is, where the data do not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.views import Scale
from napari_tessera.jobs.run_dir import run_root

if TYPE_CHECKING:
    from napari_tessera.data.read import Tissue

FILE = "scale.json"
"""File beside the store that holds what a person said, by coordinate system."""

SAID = "said by you"


def said_scale(store: Path | None, title: str, system: str) -> Scale | None:
    """Scale that a person gave; None where nobody did.

    Parameters
    ----------
    store : Path or None
        Store of the tissue.
    title : str
        Name of a tissue without a store.
    system : str
        Coordinate system.
    """
    number = _read(run_root(store, title) / FILE).get(system)
    return None if number is None else Scale(micrometres=number, source=SAID)


def say_scale(store: Path | None, title: str, system: str, micrometres: float | None) -> None:
    """Keep the scale of a coordinate system; None forgets it.

    Parameters
    ----------
    store, title, system
        As for `said_scale`.
    micrometres : float or None
        Per unit of the coordinates.

    Raises
    ------
    InputError
        If it is no length.
    """
    if micrometres is not None and not 0 < micrometres < math.inf:
        msg = f"Scale: expected micrometres above 0, found {micrometres}."
        raise InputError(msg, "Give the micrometres that one unit of the coordinates is long.")
    path = run_root(store, title) / FILE
    kept = {name: number for name, number in _read(path).items() if name != system}
    if micrometres is not None:
        kept[system] = float(micrometres)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=1))
    fresh.replace(path)


def set_scale(
    target: Path | str,
    *,
    micrometres: float | None = None,
    pitch: float | None = None,
    coordinate_system: str | None = None,
) -> Scale:
    """Say how long a unit of the coordinates is; it is kept beside the store, not in it.

    Parameters
    ----------
    target : path
        Store on disk.
    micrometres : float, optional
        Micrometres per unit of the coordinates.
    pitch : float, optional
        Instead: micrometres between the centres of neighbouring spots.
    coordinate_system : str, optional
        Which one; the usual one where it is not given.

    Returns
    -------
    Scale
        What is kept.

    Raises
    ------
    InputError
        If neither or both numbers are given, one is no length, or there are no spots to measure.
    """
    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.view import tissue_view

    if (micrometres is None) == (pitch is None):
        msg = "Scale: expected the micrometres per unit or the pitch, found both or neither."
        raise InputError(msg, "Give one of them.")
    tissue = open_tissue(Path(target))
    view = tissue_view(tissue, Selection(coordinate_system=coordinate_system))
    if pitch is not None:
        if view.spots is None:
            msg = f"{target}: expected spots whose distance can be measured, found none."
            raise InputError(msg, "Give the micrometres per unit instead.")
        micrometres = pitch / view.spots.pitch
    say_scale(tissue.path, tissue.title, view.coordinate_system, micrometres)
    return Scale(micrometres=float(micrometres or 0), source=SAID)


def scaled(tissue: Tissue, system: str, known: Scale | None) -> Scale | None:
    """Scale that a person gave, else the one that the data say."""
    return said_scale(tissue.path, tissue.title, system) or known


def _read(path: Path) -> dict[str, float]:
    """Numbers above zero by coordinate system; what is damaged counts as not there."""
    try:
        found = json.loads(path.read_text())
        numbers = {str(name): float(number) for name, number in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {name: number for name, number in numbers.items() if 0 < number < math.inf}
