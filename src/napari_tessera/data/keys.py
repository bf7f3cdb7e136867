"""Names of what a run leaves in a store: declared here, described in ``docs/format.md``."""

from __future__ import annotations

from typing import Final

CELLS: Final = "_cells"
"""Ending of the circles of placed cells."""

CELL_TABLE: Final = "_cell_table"
"""Ending of the table that annotates the circles."""

SPOT_TABLE: Final = "_spot_table"
"""Ending of the table that annotates the spots."""

UNS: Final = "tessera"
"""Key in ``uns`` of every table of ours: provenance and loss history."""

FORMAT_VERSION: Final = 1
"""Version of the format, kept in the provenance."""

FILES: Final = "tessera_files"
"""Attribute of an element's zarr group: size and checksum of every file of it."""

WORK: Final = ".tessera_commit"
"""Folder in a store while something is being written; gone when nothing is."""

KINDS: Final = ("images", "labels", "points", "shapes", "tables")
"""Kinds of elements, which are folders of a store."""


def run_of_table(table: str) -> str | None:
    """Name of the run that a table belongs to by its name; None for tables of others.

    Parameters
    ----------
    table : str
        Element name.
    """
    for ending in (CELL_TABLE, SPOT_TABLE):
        if table.endswith(ending) and len(table) > len(ending):
            return table.removesuffix(ending)
    return None


def split_place(place: str) -> tuple[str, str]:
    """Split ``tables/stem_1a2b3c4d_cell_table`` into kind and name.

    Raises
    ------
    ValueError
        If it is not a kind and a name.
    """
    kind, _, name = place.partition("/")
    if kind not in KINDS or name in {"", ".", ".."} or any(c in name for c in "/\\\0"):
        msg = f"expected a kind of element and a name, such as tables/x; found {place!r}"
        raise ValueError(msg)
    return kind, name
