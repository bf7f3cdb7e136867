"""Scores of an annotation against labels that people gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Task
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import BASELINES, get_method
from napari_tessera.numerics.annotation_scores import (
    auroc,
    calibration_error,
    f1_per_type,
    macro_f1,
)

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.annotation import Annotation
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Run


def evaluate_annotation(
    run: Run, truth: AnnData, column: str, *, inputs: PairedData | None = None
) -> dict[str, Any]:
    """Agreement of named types with labels, the baseline's beside it.

    Parameters
    ----------
    run : Run
        What is scored.
    truth : AnnData
        The spots with their labels.
    column : str
        Column of ``obs`` with the labels; spots without one are left out, labels that are no type
        of the reference judge novelty.
    inputs : PairedData, optional
        What the run was fitted to; with it the baseline is run and scored on the same.

    Returns
    -------
    dict
        See `score_annotation`, and the same under ``baseline``.

    Raises
    ------
    InputError
        If the run names no types, or spots, the column or usable labels are missing.
    """
    annotation = _annotated(run)
    labels = _labels(annotation, truth, column)
    scores = score_annotation(annotation, labels)
    if inputs is not None:
        name = BASELINES[Task.ANNOTATE]
        method = get_method(name)
        fitted = method.fit(inputs, method.options_type(), SilentMonitor())
        simple = method.predict(fitted, inputs).annotation
        if simple is not None:
            scores["baseline"] = {"method": name, **score_annotation(simple, labels)}
    return scores


def _annotated(run: Run) -> Annotation:
    """Annotation of a run that must have one."""
    if run.result.annotation is None:
        msg = f"Run {run.name}: expected named cell types, found none."
        raise InputError(msg, "Choose a run that annotates.")
    return run.result.annotation


def _labels(annotation: Annotation, truth: AnnData, column: str) -> NDArray[np.str_]:
    """Labels in the annotation's order; empty where there is none."""
    if column not in truth.obs:
        msg = f"--label-column: expected a column of obs, found no {column!r}."
        raise InputError(msg, "Check the spelling.")
    rows = truth.obs_names.get_indexer(annotation.spot_names)
    if (rows < 0).any():
        n_missing = int((rows < 0).sum())
        msg = f"Labels: expected all {rows.size} annotated spots, found {n_missing} missing."
        raise InputError(msg, "Give the table that was annotated.")
    values = truth.obs[column].astype(object).fillna("").astype(str)
    return np.asarray(values.to_numpy()[rows], dtype=np.str_)


def score_annotation(annotation: Annotation, truth: NDArray[np.str_]) -> dict[str, Any]:
    """Compare with true labels; spots of types that the reference lacks judge novelty alone.

    Parameters
    ----------
    annotation : Annotation
        What is scored.
    truth : ndarray of str, shape (n_spots,)
        True labels in the order of ``annotation.spot_names``; an empty one is left out.

    Returns
    -------
    dict
        Over the spots of known types: ``accuracy``, ``macro_f1``, ``weighted_f1``,
        ``balanced_accuracy``, ``calibration_error``, ``set_coverage``, ``set_size``, ``f1`` by
        type, ``confusion`` (true type to predicted type to number), ``n_scored``; over all:
        ``novelty_auroc`` (NaN where the truth has no unknown type) and ``n_novel``.

    Raises
    ------
    InputError
        If there are not as many labels as spots, or none is a type of the reference.
    """
    types = annotation.types
    if truth.shape != annotation.spot_names.shape:
        msg = f"Labels: expected {annotation.spot_names.size}, one per spot; found {truth.size}."
        raise InputError(msg, "Give the labels of the very spots that were annotated.")
    place = np.minimum(np.searchsorted(types, truth), types.size - 1)
    known, labelled = types[place] == truth, truth != ""
    if not known.any():
        msg = f"Labels: expected some of {', '.join(types)}; found none of them."
        raise InputError(msg, "Choose the column that has the names of the reference's types.")
    probability = annotation.probability[known]
    codes, predicted = place[known], probability.argmax(axis=1)
    found = _known_scores(predicted, codes, types)
    sets = annotation.prediction_set[known]
    novelty = auroc(-annotation.novelty_p[labelled], ~known[labelled])
    return {
        **found,
        "calibration_error": calibration_error(probability.max(axis=1), predicted == codes),
        "set_coverage": float(sets[np.arange(codes.size), codes].mean()),
        "set_size": float(sets.sum(axis=1).mean()),
        "novelty_auroc": novelty,
        "n_scored": int(known.sum()),
        "n_novel": int((labelled & ~known).sum()),
    }


def _known_scores(
    predicted: NDArray[np.integer], codes: NDArray[np.integer], types: NDArray[np.str_]
) -> dict[str, Any]:
    """Accuracy and the F1s, and who is taken for whom."""
    n_types = types.size
    support = np.bincount(codes, minlength=n_types)
    there = support > 0
    f1 = f1_per_type(predicted, codes, n_types)
    counts = np.zeros((n_types, n_types), dtype=np.int64)
    np.add.at(counts, (codes, predicted), 1)
    recall = np.diag(counts)[there] / support[there]
    return {
        "accuracy": float((predicted == codes).mean()),
        "macro_f1": macro_f1(predicted, codes, n_types),
        "weighted_f1": float(f1 @ support / support.sum()),
        "balanced_accuracy": float(recall.mean()),
        "f1": {str(types[c]): float(f1[c]) for c in np.flatnonzero(there)},
        "confusion": {
            str(types[c]): {str(types[d]): int(counts[c, d]) for d in np.flatnonzero(counts[c])}
            for c in np.flatnonzero(there)
        },
    }
