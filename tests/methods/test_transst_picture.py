"""TransST with colour and texture of the picture beside the genes."""

from __future__ import annotations

import dataclasses

import numpy as np

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.options import TransstOptions
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

METHOD = get_method("transst")
PLANTED = planted_section(DomainLaw(n_domains=2, n_genes=200, contrast=1.2), n_spots=300, seed=1)
SECTION = PLANTED.section
RIGHT = SECTION.spot_xy[:, 0] > np.median(SECTION.spot_xy[:, 0])


def with_picture(signal: float) -> object:
    """Add fourteen features, of which half differ between the left and the right part."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(SECTION.n_spots, 14))
    features[:, ::2] += signal * RIGHT[:, None]
    return dataclasses.replace(SECTION, picture=features.astype(np.float32))


def found(inputs: object, n_domains: int) -> np.ndarray:
    fitted = METHOD.fit(inputs, TransstOptions(n_domains=n_domains, picture=True), SilentMonitor())
    domains = METHOD.predict(fitted, inputs).domains
    assert domains is not None
    return domains.domain


def test_what_only_the_picture_shows_is_found_with_it() -> None:
    truth = np.char.add(PLANTED.domains, np.where(RIGHT, " right", " left"))
    n_domains = np.unique(truth).size
    with_it, without = found(with_picture(3.0), n_domains), found(SECTION, n_domains)
    assert adjusted_rand(with_it, truth) > adjusted_rand(without, truth) + 0.1


def test_a_picture_of_noise_does_little_harm() -> None:
    noisy, without = (adjusted_rand(found(s, 2), PLANTED.domains) for s in (
        with_picture(0.0), SECTION))  # fmt: skip
    assert noisy > without - 0.05
