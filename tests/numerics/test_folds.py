"""Gene folds."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.numerics.folds import alphabetical_folds, rest_of, stratified_folds

LEVEL = np.random.default_rng(0).lognormal(size=84)


def test_alphabetical_folds_are_runs_of_the_sorted_names() -> None:
    names = np.array(["d", "a", "e", "c", "b"])
    assert [names[f].tolist() for f in alphabetical_folds(names, 2)] == [
        ["a", "b", "c"],
        ["d", "e"],
    ]


def test_every_gene_is_in_exactly_one_stratified_fold() -> None:
    folds = stratified_folds(LEVEL, 5, 0)
    assert np.sort(np.concatenate(folds)).tolist() == list(range(84))


def test_stratified_folds_have_like_levels() -> None:
    means = [np.log(LEVEL[f]).mean() for f in stratified_folds(LEVEL, 5, 0)]
    assert np.ptp(means) < 0.25


def test_another_seed_deals_otherwise_and_the_same_deals_alike() -> None:
    first, again, other = (
        np.concatenate(stratified_folds(LEVEL, 5, s)).tolist() for s in (0, 0, 1)
    )
    assert first == again != other


def test_the_rest_of_a_fold_is_everything_else() -> None:
    assert rest_of(np.array([1, 3]), 5).tolist() == [0, 2, 4]


def test_more_folds_than_genes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 to 3"):
        alphabetical_folds(np.array(["a", "b", "c"]), 4)
