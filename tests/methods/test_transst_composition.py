"""TransST with the composition of the spots beside the genes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.sections import SectionData
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.options import TransstOptions, Variant
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHOD = get_method("transst")
PLANTED = planted_section(DomainLaw(n_domains=2, n_genes=200, contrast=1.2), n_spots=300, seed=1)
SECTION = PLANTED.section
RIGHT = SECTION.spot_xy[:, 0] > np.median(SECTION.spot_xy[:, 0])
OPTIONS = TransstOptions(n_domains=4)


def composed(lead: float) -> SectionData:
    """Give every spot shares of six types, the first two of which change from left to right."""
    weights = np.ones((SECTION.n_spots, 6))
    weights[:, 0] += lead * RIGHT
    weights[:, 1] += lead * ~RIGHT
    rng = np.random.default_rng(0)
    shares = np.array([rng.dirichlet(40 * row) for row in weights], dtype=np.float32)
    return dataclasses.replace(SECTION, composition=shares)


def found(inputs: SectionData, options: TransstOptions = OPTIONS) -> NDArray[np.str_]:
    domains = METHOD.predict(METHOD.fit(inputs, options, SilentMonitor()), inputs).domains
    assert domains is not None
    return domains.domain


def test_what_only_the_composition_shows_is_found_with_it() -> None:
    truth = np.char.add(PLANTED.domains, np.where(RIGHT, " right", " left"))
    with_it, without = found(composed(3.0)), found(SECTION)
    assert adjusted_rand(with_it, truth) > adjusted_rand(without, truth) + 0.1


def test_a_composition_that_is_the_same_everywhere_changes_nothing() -> None:
    same = np.full((SECTION.n_spots, 3), 1 / 3, dtype=np.float32)
    assert (found(dataclasses.replace(SECTION, composition=same)) == found(SECTION)).all()


def test_the_composition_survives_the_way_to_disk_and_back() -> None:
    inputs = composed(1.0)
    back = SectionData.from_state(inputs.to_state())
    np.testing.assert_array_equal(back.composition, inputs.composition)


def test_the_papers_form_refuses_a_composition_it_would_not_look_at() -> None:
    with pytest.raises(InputError, match="variant: expected improved beside a composition"):
        found(composed(1.0), TransstOptions(n_domains=4, variant=Variant.THREE_STEPS))
