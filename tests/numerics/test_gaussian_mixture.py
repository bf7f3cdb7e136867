"""The mixture with one shared covariance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from napari_tessera.numerics.gaussian_mixture import fit_shared_mixture
from napari_tessera.numerics.partitions import adjusted_rand

RNG = np.random.default_rng(0)
TRUTH = np.repeat(np.arange(3), 150)
CENTRES = np.array([[0.0, 0.0], [4.0, 12.0], [8.0, 0.0]])
STRETCH = np.array([[1.0, 0.0], [3.0, 4.0]])
POINTS = CENTRES[TRUTH] + RNG.normal(size=(450, 2)) @ STRETCH


def test_planted_classes_with_a_stretched_shape_are_found() -> None:
    found = fit_shared_mixture(torch.from_numpy(POINTS), 3, 4, np.random.default_rng(1))
    assert adjusted_rand(TRUTH, found.responsibility.argmax(dim=1)) > 0.9


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    ours = fit_shared_mixture(torch.from_numpy(POINTS), 3, 4, np.random.default_rng(1))
    theirs = GaussianMixture(3, covariance_type="tied", n_init=5, random_state=0).fit(POINTS)
    assert ours.log_likelihood == pytest.approx(theirs.score(POINTS) * len(POINTS), abs=0.5)


def test_the_unit_of_the_scores_changes_no_label() -> None:
    labels = [
        fit_shared_mixture(torch.from_numpy(POINTS * unit), 3, 2, np.random.default_rng(1))
        .responsibility.argmax(dim=1)
        .numpy()
        for unit in (1.0, 1e-3)
    ]
    assert adjusted_rand(*labels) == 1.0


def test_more_starts_never_lower_the_likelihood() -> None:
    few, many = (
        fit_shared_mixture(torch.from_numpy(POINTS), 6, n, np.random.default_rng(2)).log_likelihood
        for n in (1, 8)
    )
    assert many >= few - 1e-6
