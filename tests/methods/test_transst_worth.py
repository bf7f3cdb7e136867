"""Smoothing is left out where it mixes domains, and kept where spots are noisy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_tessera.methods.transst.options import TransstOptions
from napari_tessera.methods.transst.seen import Seen, look_at
from napari_tessera.methods.transst.worth import smoothed_where_it_pays
from napari_tessera.numerics.section_views import SPATIAL
from napari_tessera.numerics.smoothing import predicted_share
from napari_tessera.testing.paper_simulation import simulate
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

OPTIONS = TransstOptions(n_domains=4, n_factors=10)


@pytest.fixture(scope="module")
def scattered() -> Seen:
    """Look at a quarter of the spots of a drawn section; they hardly lie together."""
    drawn = simulate(beta=1.0, seed=3)
    return look_at(drawn.part(drawn.quarters(0.25)[0]), OPTIONS)


@pytest.fixture(scope="module")
def noisy() -> Seen:
    """Look at regions whose spots have so few counts that neighbours predict little."""
    law = DomainLaw(n_domains=4, n_genes=300, depth=150.0)
    return look_at(planted_section(law, n_spots=600, seed=2).section, OPTIONS)


def test_smoothing_is_left_out_where_domains_are_scattered_spots(scattered: Seen) -> None:
    assert scattered.width > 0
    assert smoothed_where_it_pays(scattered, OPTIONS).width == 0


def test_a_width_that_was_asked_for_stays(scattered: Seen) -> None:
    asked = dataclasses.replace(OPTIONS, width=2.0)
    assert smoothed_where_it_pays(scattered, asked).width == scattered.width


def test_smoothing_stays_where_regions_are_noisy(noisy: Seen) -> None:
    inputs, rng = noisy.inputs, np.random.default_rng(0)
    share = predicted_share(noisy.views[SPATIAL], inputs.spot_xy, noisy.width, rng=rng)
    assert 0 < share < 0.25
    assert smoothed_where_it_pays(noisy, OPTIONS).width == noisy.width > 0


def test_neighbours_predict_all_of_a_ramp_and_nothing_of_noise(scattered: Seen) -> None:
    xy, rng = scattered.inputs.spot_xy, np.random.default_rng(0)
    assert predicted_share(xy, xy, 2.0, rng=rng) > 0.9
    assert predicted_share(rng.normal(size=xy.shape), xy, 2.0, rng=rng) < 0.1
