"""Columns of a user's table that spots can be coloured by: labels, numbers, parts of a matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.palette import is_colour
from napari_tessera.data.spot_table import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue

MOST_LABELS = 80
"""Text with more different values than this tells no colours apart."""

MOST_PARTS = 50
"""Columns of a matrix in ``obsm`` that are offered."""

PLACES = "spatial"
"""Key of ``obsm`` that says where the spots are."""


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """One column, as labels or as numbers.

    Parameters
    ----------
    names : ndarray of str, shape (n,)
        Rows of the table.
    values : ndarray of float32, shape (n,)
        Numbers; NaN where there is none, everywhere where the column holds labels.
    labels : ndarray of str or None, shape (n,)
        Labels, empty where there is none; None where the column holds numbers.
    colours : mapping of str to str
        ``#rrggbb`` by label, of those that ``uns["<key>_colors"]`` tells.
    """

    names: NDArray[np.str_]
    values: NDArray[np.float32]
    labels: NDArray[np.str_] | None = None
    colours: Mapping[str, str] = field(default_factory=dict)


def columns_of(tissue: Tissue, selection: Selection) -> dict[str, str]:
    """Columns of the chosen table that can be drawn, with a word on each.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        Names the table.

    Returns
    -------
    dict of str to str
        Columns of ``obs``, then columns of the matrices in ``obsm``, as ``key: column``. What ties
        the table to its element, and text with too many different values, are left out.
    """
    table = tissue.sdata.tables.get(str(selection.table))
    if table is None:
        return {}
    attributes = table.uns.get("spatialdata_attrs", {})
    ties = {attributes.get("region_key"), attributes.get("instance_key")}
    found = {
        str(name): word
        for name in table.obs.columns
        if name not in ties and (word := _word(table.obs[name]))
    }
    return found | {f"{key}: {part}": "number" for key, part, _ in _parts(table)}


def column_of(tissue: Tissue, selection: Selection, name: str) -> TableColumn:
    """Read one column.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        Names the table.
    name : str
        A name that `columns_of` gave.

    Raises
    ------
    InputError
        If the table does not hold it any more.
    """
    table = tissue.sdata.tables.get(str(selection.table))
    if table is not None:
        names = np.asarray(table.obs_names, dtype=np.str_)
        if name in table.obs.columns and _word(table.obs[name]) != "number":
            return _labelled(table, name, names)
        if name in table.obs.columns:
            return TableColumn(names=names, values=_numbers(table.obs[name]))
        for key, part, values in _parts(table):
            if name == f"{key}: {part}":
                return TableColumn(names=names, values=_numbers(values))
    msg = f"Column {name}: expected a column of table {selection.table}, found none."
    raise InputError(msg, "Choose another one in the Genes dock.")


def _word(column: Any) -> str:  # noqa: ANN401 - a column of a data frame
    """Say what a column is; empty for one that tells no colours apart."""
    kind = column.dtype.kind
    if kind in "fiu":
        return "number"
    known = int(column.nunique())
    return f"label, {known} value{'' if known == 1 else 's'}" if 0 < known <= MOST_LABELS else ""


def _labelled(table: AnnData, name: str, names: NDArray[np.str_]) -> TableColumn:
    column = table.obs[name]
    labels = np.where(column.isna(), "", column.astype(str)).astype(np.str_)
    colours: dict[str, str] = {}
    if hasattr(column, "cat") and f"{name}_colors" in table.uns:
        known = [str(label) for label in column.cat.categories]
        told = text(table.uns[f"{name}_colors"]).tolist()
        pairs = zip(known, told, strict=False)
        colours = {label: str(c)[:7].lower() for label, c in pairs if is_colour(str(c)[:7])}
    values = np.full(names.size, np.nan, dtype=np.float32)
    return TableColumn(names=names, values=values, labels=labels, colours=colours)


def _parts(table: AnnData) -> Iterator[tuple[str, str, Any]]:
    """Key, name and values of every column of the dense matrices in ``obsm`` but the places."""
    for key, matrix in table.obsm.items():
        shape: tuple[int, ...] = tuple(getattr(matrix, "shape", ()))
        if key == PLACES or len(shape) != 2 or hasattr(matrix, "tocsr"):
            continue
        named = [str(n) for n in getattr(matrix, "columns", range(1, shape[1] + 1))]
        for at, part in enumerate(named[:MOST_PARTS]):
            values = matrix.iloc[:, at] if hasattr(matrix, "iloc") else matrix[:, at]
            if getattr(values, "dtype", np.dtype(object)).kind in "fiub":
                yield key, part, values


def _numbers(values: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a column
    return np.array(values, dtype=np.float32).ravel()
