"""The smoothed mixture."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Task
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import BASELINES, get_method
from napari_tessera.methods.baselines.domains_options import Clustering, SmoothedMixtureOptions
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.planted_domains import planted_section

PLANTED = planted_section(n_spots=400)
METHOD = get_method(BASELINES[Task.CLUSTER])


@pytest.mark.parametrize("clustering", Clustering)
def test_planted_domains_are_found(clustering: Clustering) -> None:
    options = SmoothedMixtureOptions(n_domains=5, clustering=clustering)
    fitted = METHOD.fit(PLANTED.section, options, SilentMonitor())
    domains = METHOD.predict(fitted, PLANTED.section).domains
    assert domains is not None
    assert adjusted_rand(PLANTED.domains, domains.domain) > 0.6


def test_domains_are_numbered_from_the_largest() -> None:
    fitted = METHOD.fit(PLANTED.section, SmoothedMixtureOptions(n_domains=4), SilentMonitor())
    size = fitted.state.arrays["probability"].sum(axis=0)
    assert (np.diff(size) <= 0).all()


def test_the_same_seed_gives_the_same_domains() -> None:
    first, second = (
        METHOD.fit(PLANTED.section, SmoothedMixtureOptions(n_domains=4, seed=3), SilentMonitor())
        for _ in range(2)
    )
    assert (first.state.arrays["probability"] == second.state.arrays["probability"]).all()


def test_six_domains_are_found_where_no_number_is_given() -> None:
    fitted = METHOD.fit(PLANTED.section, SmoothedMixtureOptions(), SilentMonitor())
    assert fitted.state.arrays["probability"].shape[1] == 6


def test_too_few_spots_are_refused() -> None:
    few = planted_section(n_spots=12).section
    with pytest.raises(InputError, match="two per domain"):
        METHOD.fit(few, SmoothedMixtureOptions(n_domains=20), SilentMonitor())
