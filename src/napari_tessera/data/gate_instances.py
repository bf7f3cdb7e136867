"""What the gate asks of the ids by which a table refers to its spots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_tessera.data.choices import links_of
from napari_tessera.data.geometry import own_centres
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue


def check_instances(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ask that ids of table and element fit together.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        With defaults filled in; table, keys and region are there.
    """
    table: AnnData = tissue.sdata.tables[str(selection.table)]
    attrs = links_of(table)
    rows = (table.obs[attrs["region_key"]].astype(str) == selection.region).to_numpy()
    wanted = table.obs[attrs["instance_key"]][rows]
    where = (f"table {selection.table}", str(attrs["instance_key"]))
    if not rows.any():
        return [refuse(
            "region-empty", f"table {selection.table}", str(attrs["region_key"]),
            expected=f"rows of {selection.region}", found="none",
            hint="Choose another region, or mend the column.",
        )]  # fmt: skip
    keys, problems = wanted.dropna(), []
    if len(keys) < len(wanted):
        problems.append(repair(
            "instances-blank", *where, expected="the id of a spot in every row",
            found=f"{len(wanted) - len(keys)} rows without", hint="These rows were left out.",
        ))  # fmt: skip
    if keys.duplicated().any():
        twice = keys[keys.duplicated()].unique()
        return [refuse(
            "instances-repeated", *where, expected="one row per spot",
            found=f"{len(twice)} ids that stand more than once ({some(twice)})",
            hint="Remove the repeated rows.",
        )]  # fmt: skip
    ids, _ = own_centres(tissue.sdata[str(selection.region)])
    return problems + _compare_ids(keys, ids, where, str(selection.region))


def _compare_ids(
    wanted: Any,  # noqa: ANN401 - a pandas series
    ids: np.ndarray,
    where: tuple[str, str],
    region: str,
) -> list[Problem]:
    """Say how many rows find their spot, and why not."""
    known = set(ids.tolist())
    missing = [w for w in wanted.tolist() if w not in known]
    if len(missing) == len(wanted):
        kinds = (
            f"{wanted.dtype} such as {some(wanted, 2)}, against {ids.dtype} such as {some(ids, 2)}"
        )
        same_text = {str(w) for w in missing} & {str(i) for i in ids.tolist()}
        code = "instances-other-type" if same_text else "instances-none-match"
        return [refuse(
            code, *where, expected=f"ids of {region}", found=kinds,
            hint="Give both the same ids and the same type.",
        )]  # fmt: skip
    problems = []
    if missing:
        problems.append(repair(
            "instances-some-missing", *where, expected=f"ids of {region}",
            found=f"{len(missing)} rows without a spot ({some(missing)})",
            hint="These rows were left out.",
        ))  # fmt: skip
    shared = [w for w in wanted.tolist() if w in known]
    joined = set(shared)
    if shared != [i for i in ids.tolist() if i in joined]:
        problems.append(remark(
            "instances-order", *where, expected=f"the order of {region}", found="another order",
            hint="Nothing to do: rows are joined by id.",
        ))  # fmt: skip
    return problems
