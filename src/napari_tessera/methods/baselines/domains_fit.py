"""Domains without anything special: averaged principal components and a mixture, or k-means.

Genes of most variance, centred; twenty components; every spot averaged with its eight nearest;
then a Gaussian mixture with one shared covariance, or k-means. What every learned partition is
shown beside.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.spatial import cKDTree

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.state import State
from napari_tessera.methods.baselines.domains_options import Clustering
from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture, kmeans_labels
from napari_tessera.numerics.partition_scores import coherence, explained
from napari_tessera.numerics.principal import principal_scores
from napari_tessera.numerics.section_views import leading_genes, log_section
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.baselines.domains_options import SmoothedMixtureOptions

NEAREST = 9
"""Spots that are averaged, the spot itself among them."""

N_STARTS = 10
"""Starts of the mixture or of k-means."""


def fit(inputs: SectionData, options: SmoothedMixtureOptions, monitor: Monitor) -> Fitted:
    """Find domains.

    Parameters
    ----------
    inputs : SectionData
        Counts; a labelled section beside is not used.
    options : SmoothedMixtureOptions
        Options.
    monitor : Monitor
        Is told of progress.

    Raises
    ------
    InputError
        If there are not two spots per domain, or too few genes.
    """
    start = time.monotonic()
    if inputs.n_spots < max(2 * options.number, NEAREST + 1):
        msg = f"Spots: expected two per domain and {NEAREST + 1} or more; found {inputs.n_spots}."
        raise InputError(msg, "Give a larger section, or ask for fewer domains.")
    device = pick_device(options.device)
    log = log_section(inputs)
    genes = leading_genes(log.variance, options.n_genes)
    parts = log.standardised(genes, unit_variance=False)
    scores = log.in_order(principal_scores(parts, options.n_factors, device)[0].cpu().numpy())
    averaged = _averaged(scores, inputs)
    soft = _partition(averaged, options, device)
    labels = soft.argmax(axis=1)
    elapsed = time.monotonic() - start
    verdict = monitor.report(Progress(stage="smoothed mixture", fraction=1.0, elapsed_s=elapsed))
    return Fitted(
        state=State(arrays={"probability": soft, "embedding": averaged}),
        device=str(device),
        ending="finished early" if verdict is Verdict.FINISH else "complete",
        scores={
            "coherence": coherence(labels, inputs.spot_graph),
            "explained": explained(labels, scores),
        },
    )


def predict(fitted: Fitted, inputs: SectionData) -> RunResult:
    """Give the domains that were found, numbered from the largest."""
    arrays = fitted.state.arrays
    n_domains = arrays["probability"].shape[1]
    domains = Domains(
        spot_names=inputs.spots.obs_names,
        names=np.array([str(k + 1) for k in range(n_domains)]),
        probability=arrays["probability"],
        embedding=arrays["embedding"],
    )
    return RunResult(domains=domains)


def _averaged(scores: NDArray[np.float32], inputs: SectionData) -> NDArray[np.float32]:
    """Mean of every spot and its nearest ones of the same section."""
    out = scores.copy()
    names = np.zeros(len(scores), dtype=np.str_) if inputs.sample is None else inputs.sample
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        near = cKDTree(inputs.spot_xy[rows]).query(
            inputs.spot_xy[rows], k=np.arange(1, min(NEAREST, rows.size) + 1)
        )[1]
        out[rows] = scores[rows][near].mean(axis=1)
    return out


def _partition(
    scores: NDArray[np.float32], options: SmoothedMixtureOptions, device: torch.device
) -> NDArray[np.float32]:
    """Probabilities of the domains, from the largest to the smallest."""
    rng = rng_for(options.seed)
    if options.clustering is Clustering.K_MEANS:
        labels = kmeans_labels(scores, options.number, N_STARTS, rng)
        soft = np.eye(options.number, dtype=np.float32)[labels]
    else:
        dtype = torch.float32 if device.type == "mps" else torch.float64
        x = torch.from_numpy(scores).to(device=device, dtype=dtype)
        found = fit_shared_mixture(x, options.number, N_STARTS, rng)
        soft = found.responsibility.float().cpu().numpy()
    order = np.argsort(-soft.sum(axis=0), kind="stable")
    return np.ascontiguousarray(soft[:, order], dtype=np.float32)
