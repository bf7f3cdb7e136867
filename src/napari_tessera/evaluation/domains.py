"""Scores of domains against labels that people gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Task
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import BASELINES, get_method
from napari_tessera.numerics.labels import UNLABELLED
from napari_tessera.numerics.partitions import adjusted_rand, mutual_information

if TYPE_CHECKING:
    from collections.abc import Collection

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.domains import Domains
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.sections import SectionData


def evaluate_domains(
    run: Run,
    truth: AnnData,
    column: str,
    *,
    unlabelled: Collection[str] | None = None,
    inputs: SectionData | None = None,
) -> dict[str, Any]:
    """Agreement of domains with labels, the baseline's beside it.

    Parameters
    ----------
    run : Run
        What is scored.
    truth : AnnData
        The spots with their labels.
    column : str
        Column of ``obs`` with the labels.
    unlabelled : collection of str, optional
        Labels that mean "none"; such spots and those without a value are left out. Where it is not
        given, words such as ``unlabelled`` and ``undetermined``, in small or large letters.
    inputs : SectionData, optional
        What the run was fitted to; with it the baseline is run, with as many domains, and scored.

    Returns
    -------
    dict
        ``adjusted_rand``, ``mutual_information`` (over the arithmetic mean of the entropies),
        ``accuracy`` (where domains bear the labels' names), ``n_domains``, ``n_true``,
        ``n_spots``, and the same under ``baseline``.

    Raises
    ------
    InputError
        If spots or the column are missing, or no spot has a label.
    """
    domains = _domains(run)
    labels, rows = _labels(domains.spot_names, truth, column, unlabelled)
    scores: dict[str, Any] = score_labels(domains.domain[rows], labels[rows])
    if inputs is not None:
        beside = _baseline(inputs, int(np.unique(domains.domain).size), run)
        found = score_labels(beside.domain[rows], labels[rows])
        scores["baseline"] = {"method": BASELINES[Task.CLUSTER], **found}
    return scores


def score_labels(found: NDArray[np.str_], labels: NDArray[np.str_]) -> dict[str, Any]:
    """Compare domains with labels of the same spots.

    Parameters
    ----------
    found, labels : ndarray of str, shape (n_spots,)
        Domains and labels.
    """
    names, wanted = set(found.tolist()), set(labels.tolist())
    scores: dict[str, Any] = {
        "adjusted_rand": adjusted_rand(labels, found),
        "mutual_information": mutual_information(labels, found),
        "n_domains": len(names),
        "n_true": len(wanted),
        "n_spots": int(labels.size),
    }
    if names & wanted:
        scores["accuracy"] = float((found == labels).mean())
    return scores


def _domains(run: Run) -> Domains:
    """Take the domains of a run."""
    if run.result.domains is None:
        msg = f"Run {run.name}: expected domains, found {', '.join(run.result.answers) or 'none'}."
        raise InputError(msg, "Give a run of a method that finds domains.")
    return run.result.domains


def _labels(
    names: NDArray[np.str_], truth: AnnData, column: str, unlabelled: Collection[str] | None
) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Labels in the order of the domains' spots, and the rows that have one."""
    if column not in truth.obs:
        msg = f"--truth, obs: expected the column {column!r}, found {', '.join(truth.obs)}."
        raise InputError(msg, "Name the column with the labels.")
    at = truth.obs_names.get_indexer(names)
    if (at < 0).any():
        msg = f"--truth: expected all {at.size} spots, found {int((at < 0).sum())} missing."
        raise InputError(msg, "Give the file that the section came from.")
    values = truth.obs[column].iloc[at]
    labels = np.asarray(values.astype(str), dtype=np.str_)
    none = list(unlabelled if unlabelled is not None else UNLABELLED)
    said = labels if unlabelled is not None else np.char.lower(np.char.strip(labels))
    known = ~np.asarray(values.isna()) & ~np.isin(said, none)
    if not known.any():
        msg = f"--truth, obs[{column!r}]: expected labels, found none."
        raise InputError(msg, "Name another column.")
    return labels, np.flatnonzero(known)


def _baseline(inputs: SectionData, n_domains: int, run: Run) -> Domains:
    """Run the simple method on the same spots, with as many domains."""
    method = get_method(BASELINES[Task.CLUSTER])
    seed = int(run.provenance.options.get("seed", 0))
    options = method.options_type.from_json({"seed": seed, "n_domains": max(2, n_domains)})
    found = method.predict(method.fit(inputs, options, SilentMonitor()), inputs).domains
    if found is None:
        msg = "the baseline gives no domains"
        raise ValueError(msg)
    return found
