"""Join table rows with the places of what they annotate: by id, never by order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.choices import links_of
from napari_tessera.data.geometry import affine_of, has_instances, move, own_centres, systems_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows of the table that have a place.

    Parameters
    ----------
    rows : ndarray of int, shape (n_spots,)
        Rows of the table, in the table's order.
    instances : ndarray, shape (n_spots,)
        Their ids in the element.
    xy : ndarray, shape (n_spots, 2), float64
        Centres in the chosen coordinate system.
    n_missing : int
        Rows of this region whose id is not in the element.
    """

    rows: NDArray[np.int64]
    instances: NDArray[Any]
    xy: NDArray[np.float64]
    n_missing: int


def join_spots(tissue: Tissue, selection: Selection) -> Joined | None:
    """Join by id; None where table, element, keys or coordinate system are missing.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        With defaults filled in.
    """
    table = tissue.sdata.tables.get(selection.table) if selection.table else None
    attrs = {} if table is None else links_of(table)
    keys = (attrs.get("region_key"), attrs.get("instance_key"))
    region, system = selection.region, selection.coordinate_system
    if table is None or None in keys or region is None or region not in tissue.sdata:
        return None
    element = tissue.sdata[region]
    if not has_instances(element):
        return None
    if system not in systems_of(element) or any(k not in table.obs for k in keys):
        return None
    instances, own = own_centres(element)
    row_of = {key: i for i, key in enumerate(instances.tolist())}
    rows = np.flatnonzero((table.obs[keys[0]].astype(str) == region).to_numpy())
    wanted = table.obs[keys[1]].to_numpy()[rows].tolist()
    found = np.array([row_of.get(key, -1) for key in wanted], dtype=np.int64)
    there = found >= 0
    return Joined(
        rows=rows[there],
        instances=instances[found[there]],
        xy=move(affine_of(element, str(system)), own[found[there]]),
        n_missing=int((~there).sum()),
    )
