"""Scores of a run against cells whose places are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from napari_tessera.contract.errors import InputError
from napari_tessera.numerics.calibration import risk_coverage
from napari_tessera.numerics.scores import (
    composition_pcc,
    composition_rmse,
    distance_summary,
    distances,
    hit_number,
    jensen_shannon,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Placement, Run

ASKED = 1500
"""Most cells whose neighbours are compared."""


def evaluate_placement(  # noqa: PLR0913 - the listed exception: a public verb
    run: Run,
    truth: AnnData,
    *,
    pooled_column: str | None = None,
    truth_composition: str | None = None,
    spots: AnnData | None = None,
    inputs: PairedData | None = None,
) -> dict[str, Any]:
    """Distances, hit numbers and composition against the truth, the baseline's beside them.

    Parameters
    ----------
    run : Run
        What is scored.
    truth : AnnData
        The cells with ``obsm["spatial"]`` in the unit and frame of the placement.
    pooled_column : str, optional
        ``obs`` column that is not empty for cells that were pooled into spots; the scores are then
        given for all, the unpooled and the pooled ones.
    truth_composition : str, optional
        Key in ``obsm`` of `spots` with the true shares.
    spots : AnnData, optional
        Table of the spots.
    inputs : PairedData, optional
        What the run was fitted to; with it the baseline is run and scored on the same.

    Returns
    -------
    dict
        Metrics by name, and the same under ``baseline`` where `inputs` is given.

    Raises
    ------
    InputError
        If cells, coordinates or columns are missing.
    """
    groups = _groups(run, truth, pooled_column)
    known = None if truth_composition is None else _truth_of(spots, truth_composition)
    scores: dict[str, Any] = _score(run, groups, known)
    scores |= _marks(run, groups, inputs)
    if inputs is not None:
        scores["baseline"] = {"method": "baseline", **_score(_baseline(run, inputs), groups, known)}
    return scores


Groups = tuple["NDArray[np.float64]", dict[str, "NDArray[np.int64]"]]
Known = tuple["NDArray[np.str_]", "NDArray[np.str_]", "NDArray[np.float64]"]


def _groups(run: Run, truth: AnnData, pooled_column: str | None) -> Groups:
    """Give true places in the placement's order, and the rows of every group."""
    placement = _placed(run)
    if "spatial" not in truth.obsm:
        msg = "--truth, obsm: expected coordinates under 'spatial', found none."
        raise InputError(msg, "Give the cells with their true places.")
    rows = truth.obs_names.get_indexer(placement.cell_names)
    if (rows < 0).any():
        n_missing = int((rows < 0).sum())
        msg = f"--truth: expected all {rows.size} placed cells, found {n_missing} missing."
        raise InputError(msg, "Give the file that the reference came from.")
    xy = np.asarray(truth.obsm["spatial"], dtype=np.float64)[rows, :2]
    if not np.isfinite(xy).all():
        n_bad = int((~np.isfinite(xy)).any(axis=1).sum())
        msg = f"--truth, obsm['spatial']: expected numbers, found {n_bad} cells without a place."
        raise InputError(msg, "Give the places of all cells that were placed.")
    groups = {"": np.arange(rows.size)}
    if pooled_column is not None:
        if pooled_column not in truth.obs:
            msg = f"--pooled-column: expected a column of obs, found no {pooled_column!r}."
            raise InputError(msg, "Check the spelling.")
        column = truth.obs[pooled_column].astype(object).fillna("").astype(str).to_numpy()[rows]
        groups["_unpooled"] = np.flatnonzero(column == "")
        groups["_pooled"] = np.flatnonzero(column != "")
    return xy, groups


def _placed(run: Run) -> Placement:
    """Placement of a run that must have one."""
    if run.result.placement is None:
        msg = f"Run {run.name}: expected placed cells, found none."
        raise InputError(msg, "Choose a run that places cells.")
    return run.result.placement


def _score(run: Run, groups: Groups, known: Known | None) -> dict[str, float]:
    """All metrics of a run, by group."""
    placement, (xy, rows) = _placed(run), groups
    found = distances(placement.xy, xy)
    scores: dict[str, float] = {}
    for suffix, group in rows.items():
        if not group.size:
            continue
        asked = group
        if group.size > ASKED:
            asked = np.random.default_rng(0).choice(group, ASKED, replace=False)
        values = distance_summary(found[group])
        values |= {f"hit_{k}": hit_number(placement.xy, xy, k, asked) for k in (50, 200)}
        values["risk_coverage"] = risk_coverage(found[group], placement.confidence[group])
        if placement.radius is not None:
            values["coverage_90"] = float((found[group] <= placement.radius[group]).mean())
            values["median_radius"] = float(np.median(placement.radius[group]))
        scores |= {f"{name}{suffix}": value for name, value in values.items()}
    if known is not None and run.result.composition is not None:
        scores |= _score_composition(run, known)
    return scores


def _score_composition(run: Run, known: Known) -> dict[str, float]:
    """Composition against the truth, spots and types matched by name."""
    composition = run.result.composition
    if composition is None:
        return {}
    names, types, values = known
    spot_at = {n: i for i, n in enumerate(names.tolist())}
    unknown = [n for n in composition.spot_names.tolist() if n not in spot_at]
    if unknown:
        msg = f"--truth-composition: expected all {len(names)} spots, found no {unknown[0]!r}."
        raise InputError(msg, "Give the table that the run was fitted to.")
    shared = [t for t in composition.types.tolist() if t in set(types.tolist())]
    ours = composition.values[:, [composition.types.tolist().index(t) for t in shared]]
    rows = [spot_at[n] for n in composition.spot_names.tolist()]
    true = values[rows][:, [types.tolist().index(t) for t in shared]]
    score, scored = composition_pcc(ours, true)
    return {
        "composition_pcc": score,
        "composition_types": float(scored.sum()),
        "composition_rmse": composition_rmse(ours, true),
        "composition_jsd": jensen_shannon(ours, true),
    }


def _truth_of(spots: AnnData | None, key: str) -> Known:
    """Names, types and true shares of the spots."""
    if spots is None or key not in spots.obsm:
        there = "none" if spots is None else ", ".join(spots.obsm) or "none"
        msg = f"--truth-composition: expected {key!r} in obsm of the spots, found: {there}."
        raise InputError(msg, "Check the key in the spots' table.")
    values = spots.obsm[key]
    types = values.columns if hasattr(values, "columns") else spots.uns.get(f"{key}_names")
    if types is None or len(types) != values.shape[1]:
        n_found = "none" if types is None else len(types)
        msg = f"uns[{key}_names]: expected {values.shape[1]} types, found {n_found}."
        raise InputError(msg, "Name the columns of the composition there.")
    return _text(spots.obs_names), _text(types), np.asarray(values, dtype=np.float64)


def _text(names: Iterable[object]) -> NDArray[np.str_]:
    """Turn strings of any kind, zarr's own included, into numpy's."""
    return np.array([str(name) for name in names], dtype=np.str_)


def _marks(run: Run, groups: Groups, inputs: PairedData | None) -> dict[str, float]:
    """Errors to compare with: everything in the centre, and every cell at its nearest spot."""
    xy, _ = groups
    marks = {
        "centroid_distance": float(np.linalg.norm(xy - xy.mean(axis=0), axis=1).mean()),
        "n_cells": float(len(_placed(run).xy)),
    }
    if inputs is not None:
        nearest = np.asarray(cKDTree(inputs.spot_xy).query(xy)[0])
        marks |= {"nearest_spot_distance": float(nearest.mean()), "pitch": inputs.pitch}
    return marks


def _baseline(run: Run, inputs: PairedData) -> Run:
    """Run the simple method on the same inputs."""
    import dataclasses

    from napari_tessera.contract.progress import SilentMonitor
    from napari_tessera.methods import get_method

    method = get_method("baseline")
    seed = int(run.provenance.options.get("seed", 0))
    fitted = method.fit(inputs, method.options_type(seed=seed), SilentMonitor())
    return dataclasses.replace(run, result=method.predict(fitted, inputs))
