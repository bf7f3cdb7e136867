"""The stack of imputers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.evaluation.genes import without_genes
from napari_tessera.methods import IMPUTING_BASELINE, get_method
from napari_tessera.methods.ensemble.options import GeneEnsembleOptions
from napari_tessera.methods.spaim import options as spaim_options
from napari_tessera.numerics import masked_network
from napari_tessera.numerics.gene_scores import gene_pcc
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.state import State

WHOLE = planted_tissue(n_cells=400, n_spots=150, n_genes=60, seed=1).paired
TAKEN = np.arange(50, 60)
PAIRED = without_genes(WHOLE, TAKEN)
TRUTH = np.log1p(WHOLE.spots.values.toarray()[:, TAKEN].astype(np.float64))
WANTED = WHOLE.cells.gene_names[TAKEN].tolist()
OPTIONS = GeneEnsembleOptions(genes=",".join(WANTED), networks=1)
STACK = get_method("ensemble_impute")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masked_network, "LEAST_STEPS", 150)
    monkeypatch.setattr(masked_network, "MOST_STEPS", 150)


def answer(fitted: Fitted) -> Imputation:
    found = STACK.predict(fitted, PAIRED).imputation
    assert found is not None
    return found


def new(found: Imputation) -> np.ndarray:
    return np.column_stack([found.gene(g) for g in WANTED])


class Keeper(SilentMonitor):
    """Keeps checkpoints and stops where it is told."""

    def __init__(self, stop: Callable[[Progress], bool] = lambda _p: False) -> None:
        self.states: list[State] = []
        self.stages: list[str] = []
        self.stop = stop

    def report(self, progress: Progress) -> Verdict:
        self.stages.append(progress.stage)
        return Verdict.FINISH if self.stop(progress) else Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        if len(self.states) < 200:
            self.states.append(make_state())


def test_planted_genes_are_found_at_least_as_well_as_by_the_baseline() -> None:
    found = gene_pcc(TRUTH, new(answer(STACK.fit(PAIRED, OPTIONS, SilentMonitor())))).mean()
    simple = get_method(IMPUTING_BASELINE)
    told = simple.options_type(genes=OPTIONS.genes)
    other = simple.predict(simple.fit(PAIRED, told, SilentMonitor()), PAIRED).imputation
    assert other is not None
    assert found > gene_pcc(TRUTH, new(other)).mean() - 0.02


def test_weights_are_chosen_among_named_members_and_sum_to_one() -> None:
    state = STACK.fit(PAIRED, OPTIONS, SilentMonitor()).state.part("judged")
    assert state.arrays["weights"].sum() == pytest.approx(1.0)
    assert {"network", "soft 0.07, kriged 3"} <= set(state.values["names"])


def test_without_networks_there_are_none() -> None:
    fitted = STACK.fit(PAIRED, dataclasses.replace(OPTIONS, networks=0), SilentMonitor())
    assert "network" not in fitted.state.part("judged").values["names"]
    assert answer(fitted).values.shape == (150, 60)


def test_a_resumed_fit_ends_like_an_unbroken_one() -> None:
    keeper = Keeper()
    whole = STACK.fit(PAIRED, OPTIONS, keeper)
    resumed = STACK.fit(PAIRED, OPTIONS, SilentMonitor(), keeper.states[170])
    assert np.array_equal(answer(resumed).values, answer(whole).values)


def test_finishing_early_keeps_a_valid_answer() -> None:
    keeper = Keeper(stop=lambda p: p.stage == "training networks" and p.step == 20)
    fitted = STACK.fit(PAIRED, OPTIONS, keeper)
    assert fitted.ending == "finished early"
    assert np.isfinite(answer(fitted).values).all()


def test_people_are_told_of_both_stages() -> None:
    keeper = Keeper()
    STACK.fit(PAIRED, OPTIONS, keeper)
    assert list(dict.fromkeys(keeper.stages)) == ["training networks", "holding out genes"]


def test_guests_join_where_they_are_invited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaim_options, "IMPROVED_EPOCHS", 4)
    asked = dataclasses.replace(OPTIONS, networks=0, guests=True, folds=2)
    few = PAIRED.take_spots(np.arange(60))
    fitted = STACK.fit(few, asked, SilentMonitor())
    assert "spaim" in fitted.state.part("judged").values["names"]
    assert (
        "spaim"
        not in STACK.fit(few, dataclasses.replace(asked, guests=False), SilentMonitor())
        .state.part("judged")
        .values["names"]
    )
    found = STACK.predict(fitted, few).imputation
    assert found is not None
    assert np.isfinite(found.values).all()
