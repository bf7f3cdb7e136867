"""The counts model, the pooling of experts, and the neighbourhood, each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import nbinom

from napari_tessera.methods.ensemble_annotation import negative_binomial
from napari_tessera.methods.ensemble_annotation.context import (
    find_neighbours,
    neighbourhood_context,
)
from napari_tessera.methods.ensemble_annotation.negative_binomial import (
    DEPTH_STEP,
    SubClusters,
    cluster_log_likelihood,
    fit_sub_clusters,
    judge,
    match_factors,
)
from napari_tessera.methods.ensemble_annotation.novelty import (
    averaged_known,
    gain_weight,
    unexplained,
)
from napari_tessera.numerics.pooling import choose_weights, correct_prior, pool
from napari_tessera.numerics.softmax_regression import log_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

RNG = np.random.default_rng(11)
PROFILES = RNG.dirichlet(np.ones(20), 3)
MODEL = SubClusters(
    shares=PROFILES,
    owner=np.array([0, 0, 1]),
    prior=np.array([0.25, 0.25, 0.5]),
    dispersion=RNG.uniform(0.1, 1.0, 20),
    n_types=2,
)


@pytest.fixture
def rng() -> np.random.Generator:
    """Draws of one test."""
    return np.random.default_rng(3)


def draw(
    codes: NDArray[np.int64], rng: np.random.Generator, factors: NDArray[np.float64] | None = None
) -> sparse.csr_matrix:
    """Poisson counts of about two hundred molecules."""
    efficiency = np.ones(20) if factors is None else factors
    return sparse.csr_matrix(rng.poisson(200 * PROFILES[codes] * efficiency).astype(np.float32))


def test_the_likelihood_equals_the_negative_binomial_of_scipy(rng: np.random.Generator) -> None:
    counts = draw(np.array([0, 1, 2]), rng)
    totals = counts.sum(axis=1)
    depth = np.exp(np.rint(np.log(totals) / DEPTH_STEP) * DEPTH_STEP)
    size = np.asarray(1 / MODEL.dispersion)
    wanted = np.empty((3, 3))
    for k in range(3):
        mean = np.asarray(depth) * PROFILES[k]
        terms = np.asarray(nbinom.logpmf(counts.toarray(), size, size / (size + mean)))
        wanted[:, k] = terms.sum(axis=1)
    found = cluster_log_likelihood(counts, MODEL, np.ones(20))
    differences = (wanted - found) - (wanted - found)[:, :1]
    assert differences == pytest.approx(np.zeros((3, 3)), abs=1e-6)


def test_cells_are_judged_alike_whatever_the_block(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = draw(rng.integers(0, 3, 50), rng)
    whole = judge(counts, MODEL)
    monkeypatch.setattr(negative_binomial, "BLOCK", 7)
    assert judge(counts, MODEL)[0] == pytest.approx(whole[0])


def test_gene_factors_are_found_up_to_a_scale(rng: np.random.Generator) -> None:
    factors = rng.lognormal(0.0, 0.7, 20)
    counts = draw(rng.choice(3, 4000, p=MODEL.prior), rng, factors)
    found = match_factors(counts, MODEL)
    assert np.corrcoef(np.log(found), np.log(factors))[0, 1] > 0.97


def test_a_fitted_counts_model_names_fresh_cells(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 3, 600)
    model = fit_sub_clusters(draw(codes, rng), codes, 3, 4, seed=0)
    fresh = rng.integers(0, 3, 300)
    assert (judge(draw(fresh, rng), model)[0].argmax(axis=1) == fresh).mean() > 0.95


def test_dispersions_of_poisson_counts_are_small_and_of_noisy_ones_are_found(
    rng: np.random.Generator,
) -> None:
    codes = np.zeros(4000, dtype=np.int64)
    noisy = rng.poisson(400 * PROFILES[codes] * rng.gamma(2.0, 0.5, (4000, 20)))
    found = [
        np.median(fit_sub_clusters(sparse.csr_matrix(x), codes, 1, 1, seed=0).dispersion)
        for x in (draw(codes, rng).toarray(), noisy.astype(np.float32))
    ]
    assert found[0] < 0.02
    assert found[1] == pytest.approx(0.5, abs=0.1)


def test_a_type_without_cells_is_impossible_to_the_counts_model(rng: np.random.Generator) -> None:
    codes = rng.choice([0, 2], 200)
    model = fit_sub_clusters(draw(codes, rng), codes, 4, 2, seed=0)
    assert np.isneginf(judge(draw(codes, rng), model)[0][:, [1, 3]]).all()


def test_weights_undo_an_expert_that_is_too_sure(rng: np.random.Generator) -> None:
    logits = rng.normal(size=(5000, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.minimum((p.cumsum(axis=1) < rng.random((5000, 1))).sum(axis=1), 2)
    too_sure = np.log(p**4 / (p**4).sum(axis=1, keepdims=True))
    assert choose_weights([too_sure], codes) == pytest.approx([0.25], abs=0.03)


def test_a_useless_expert_gets_no_say(rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.ones(3), 3000)
    codes = np.minimum((p.cumsum(axis=1) < rng.random((3000, 1))).sum(axis=1), 2)
    noise = np.log(rng.dirichlet(np.ones(3), 3000))
    weights = choose_weights([np.log(p), noise], codes)
    assert weights == pytest.approx([1.0, 0.0], abs=0.1)
    assert log_loss(pool([np.log(p), noise], weights), codes) <= log_loss(np.log(p), codes) + 1e-9


def test_the_prior_is_moved_to_the_tissue(rng: np.random.Generator) -> None:
    codes = rng.choice(3, 3000, p=[0.1, 0.1, 0.8])
    seen = 1.5 * np.eye(3)[codes] + rng.normal(size=(3000, 3))
    log_p = pool([1.5 * seen], np.ones(1))
    prior = np.full(3, 1 / 3)
    shares = np.exp(correct_prior(log_p, prior)).mean(axis=0)
    assert np.exp(log_p).mean(axis=0)[2] < 0.7
    assert shares == pytest.approx([0.1, 0.1, 0.8], abs=0.05)


def stripes(
    noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Two types, left and right of a border, and a doubtful posterior of every cell."""
    xy = rng.random((800, 2))
    codes = (xy[:, 0] > 0.5).astype(np.int64)
    logit = (2 * codes - 1) * 0.8 + rng.normal(0, noise, 800)
    return xy, codes, pool([np.stack([-logit, logit], axis=1)], np.ones(1))


def test_neighbours_settle_doubts_where_types_keep_together(rng: np.random.Generator) -> None:
    xy, codes, log_p = stripes(1.5, rng)
    neighbours = find_neighbours(xy, None)
    assert neighbours is not None
    x = np.exp(log_p).astype(np.float32) @ rng.normal(size=(2, 10)).astype(np.float32)
    around = neighbourhood_context(log_p, x, neighbours, seed=0)
    better = (around.log_ratio + log_p).argmax(axis=1)
    assert (better == codes).mean() > (log_p.argmax(axis=1) == codes).mean() + 0.05


def test_the_gate_is_closed_where_types_are_mixed(rng: np.random.Generator) -> None:
    xy, codes, _ = stripes(1.5, rng)
    mixed = rng.permutation(codes)
    log_p = pool([3.0 * np.eye(2)[mixed]], np.ones(1))
    neighbours = find_neighbours(xy, None)
    assert neighbours is not None
    x = np.eye(2, 6, dtype=np.float32)[mixed]
    around = neighbourhood_context(log_p, x, neighbours, seed=0)
    assert around.gate == 0
    assert around.apply(log_p, 0.8) == pytest.approx(log_p)


def test_few_cells_have_no_neighbourhood(rng: np.random.Generator) -> None:
    assert find_neighbours(rng.random((30, 2)), None) is None


def test_a_cluster_that_the_reference_lacks_is_left_unexplained(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 2, 600)
    model = fit_sub_clusters(draw(codes, rng), codes, 2, 2, seed=0)
    tissue = np.repeat([0, 1, 2], [250, 250, 100])
    counts = draw(tissue, rng)
    gain = unexplained(counts, judge(counts, model)[1], model.dispersion, seed=0)
    assert gain[tissue == 2].mean() > gain[tissue < 2].max()


def test_the_gain_counts_as_far_as_the_counts_model_has_a_say() -> None:
    assert gain_weight(np.array([0.5, 0.4, 0.1])) == pytest.approx(0.2)
    assert gain_weight(np.array([0.0, 0.4, 0.6])) == 1.0


def test_known_scores_are_averaged_within_their_type() -> None:
    codes = np.repeat([0, 1], 50)
    scores = codes.astype(float)
    assert averaged_known(scores, codes, 1.0, np.random.default_rng(0)) == pytest.approx(scores)
