"""Genes of domains and of factors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import sparse, stats

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.errors import InputError
from napari_tessera.explain.domain_genes import domain_genes, factor_genes, logged
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

PLANTED = planted_section(DomainLaw(n_domains=3, n_genes=40), n_spots=200)
SPOTS = PLANTED.section.spots
NAMES = np.unique(PLANTED.domains)
SOFT = (PLANTED.domains[:, None] == NAMES[None]).astype(np.float32)
DOMAINS = Domains(spot_names=SPOTS.obs_names, names=NAMES, probability=SOFT)


def marked() -> np.ndarray:
    """Make counts in which gene 7 is twenty times as frequent in the second domain."""
    counts = SPOTS.values.toarray()
    counts[PLANTED.domains == NAMES[1], 7] = 20 * counts[:, 7].mean() + 5
    return counts


MARKED = dataclasses.replace(SPOTS, values=sparse.csr_matrix(marked()))


def test_a_planted_marker_comes_first() -> None:
    assert domain_genes(MARKED, DOMAINS).top(NAMES[1], 1) == (str(SPOTS.gene_names[7]),)


def test_the_area_is_that_of_scipy() -> None:
    values = logged(SPOTS).toarray()
    inside = PLANTED.domains == NAMES[0]
    wanted = stats.mannwhitneyu(values[inside, 3], values[~inside, 3]).statistic
    found = domain_genes(SPOTS, DOMAINS).auc[0, 3]
    assert found == pytest.approx(wanted / (inside.sum() * (~inside).sum()))


def test_a_domain_with_too_few_spots_is_left_out() -> None:
    soft = np.column_stack([SOFT, np.zeros(len(SOFT), dtype=np.float32)])
    soft[0] = [0, 0, 0, 1]
    few = Domains(
        spot_names=SPOTS.obs_names, names=np.array([*NAMES.tolist(), "tiny"]), probability=soft
    )
    assert domain_genes(SPOTS, few).domains.tolist() == NAMES.tolist()


def test_other_spots_are_refused() -> None:
    with pytest.raises(InputError, match="found others"):
        domain_genes(SPOTS.take(np.arange(50)), DOMAINS)


def test_a_factor_that_is_a_gene_names_it() -> None:
    embedding = logged(MARKED).toarray()[:, [7]]
    ((name, correlation), *_) = factor_genes(MARKED, embedding)[0]
    assert name == SPOTS.gene_names[7]
    assert correlation == pytest.approx(1.0, abs=1e-5)
