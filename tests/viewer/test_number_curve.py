"""What speaks for which number of domains."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.domains import Domains
from napari_tessera.viewer.number_curve import number_curve

CURVE = {2: 9000.0, 3: 7000.0, 4: 5000.0, 5: 6500.0}
STABILITY = {2: 0.9, 3: 0.8, 4: 0.6, 5: 0.7}


def domains(n_domains: int, curve: dict[int, float]) -> Domains:
    return Domains(
        spot_names=np.array(["a", "b"]), names=np.array([f"{k}" for k in range(n_domains)]),
        probability=np.full((2, n_domains), 1 / n_domains, dtype=np.float32),
        curve=curve, stability=STABILITY if curve else {},
    )  # fmt: skip


def test_the_criterion_is_told_over_its_least() -> None:
    found = number_curve(domains(3, CURVE))
    assert found is not None
    assert found.criterion == (4.0, 2.0, 0.0, 1.5)


@pytest.mark.parametrize(("taken", "words"), [
    (3, "From three to there, 3 are the most stable."), (4, "As many were taken."),
    (5, "5 were taken nevertheless."),
])  # fmt: skip
def test_the_sentence_says_how_the_number_lies_to_the_bound(taken: int, words: str) -> None:
    found = number_curve(domains(taken, CURVE))
    assert found is not None
    assert found.sentence() == f"The data tell 4 domains apart at most (least criterion). {words}"


def test_there_is_no_curve_where_the_number_was_given() -> None:
    assert number_curve(domains(3, {})) is None
