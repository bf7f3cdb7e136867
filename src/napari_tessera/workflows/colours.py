"""Choose the colours of types and domains: what the legend in the window does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatialdata import SpatialData


def set_colours(
    target: Path | str | SpatialData, run: str, colours: Mapping[str, str], *, reset: bool = False
) -> dict[str, str]:
    """Choose colours for types or domains of a run; they are kept in the run's own tables.

    Parameters
    ----------
    target : path or SpatialData
        Store on disk, or the object.
    run : str
        Name of the run.
    colours : mapping of str to str
        ``#rrggbb`` by name of the type or domain.
    reset : bool
        Whether colours that were chosen before, and are not named here, go back to the palette's.

    Returns
    -------
    dict of str to str
        All colours that are now chosen.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    InputError
        If a name or a colour is none; nothing was written.
    """
    from napari_tessera.data.colours import read_colours, write_colours

    store = Path(target) if isinstance(target, Path | str) else target
    kept = {} if reset else read_colours(store, run)
    write_colours(store, run, {**kept, **colours})
    return read_colours(store, run)
