"""TransST on the paper's simulation."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.options import TransstOptions, Variant
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.paper_simulation import simulate

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData

METHOD = get_method("transst")
DRAWN = simulate(side=36, n_genes=300, beta=0.5, seed=1)


def accuracy(inputs: SectionData, truth: np.ndarray, options: TransstOptions) -> float:
    found = METHOD.predict(METHOD.fit(inputs, options, SilentMonitor()), inputs).domains
    assert found is not None
    return adjusted_rand(truth, found.domain)


def test_the_three_steps_come_near_the_oracle() -> None:
    rows = np.arange(DRAWN.labels.size)
    options = TransstOptions(n_domains=4, n_factors=10, variant=Variant.THREE_STEPS)
    oracle = adjusted_rand(DRAWN.labels, DRAWN.oracle(rows))
    assert accuracy(DRAWN.part(rows), DRAWN.labels, options) > oracle - 0.06


def test_labels_help_where_there_are_tens_of_spots() -> None:
    here, there = DRAWN.quarters(0.04)
    target, truth = DRAWN.part(here), DRAWN.labels[here]
    taught = dataclasses.replace(target, source=DRAWN.part(there, labelled=True))
    options = TransstOptions(n_domains=4, n_factors=10)
    assert accuracy(taught, truth, options) > accuracy(target, truth, options) + 0.2


def test_nothing_is_smoothed_where_domains_are_scattered() -> None:
    options = TransstOptions(n_domains=4, n_factors=10)
    assert accuracy(DRAWN.part(np.arange(DRAWN.labels.size)), DRAWN.labels, options) > 0.8
