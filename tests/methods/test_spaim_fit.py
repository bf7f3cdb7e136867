"""SpaIM from beginning to end."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.evaluation.genes import without_genes
from napari_tessera.methods import get_method
from napari_tessera.methods.spaim.fit import NAME
from napari_tessera.methods.spaim.options import SpaimOptions, Variant
from napari_tessera.methods.spaim.training import (
    Targets,
    Training,
    cluster_cells,
    gene_profiles,
    in_basis,
)
from napari_tessera.numerics import gene_judging
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.numerics.gene_scores import gene_pcc
from napari_tessera.numerics.imputers import standard_columns
from napari_tessera.numerics.minimise import Watch
from napari_tessera.testing.planted import planted_tissue

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.state import State

WHOLE = planted_tissue(n_cells=300, n_spots=120, n_genes=60, seed=1).paired
TAKEN = np.arange(50, 60)
PAIRED = without_genes(WHOLE, TAKEN)
TRUTH = np.log1p(WHOLE.spots.values.toarray()[:, TAKEN].astype(np.float64))
WANTED = WHOLE.cells.gene_names[TAKEN].tolist()
OPTIONS = SpaimOptions(genes=",".join(WANTED), members=1, epochs=30, folds=2)
PUBLISHED = dataclasses.replace(OPTIONS, variant=Variant.PUBLISHED)
SPAIM = get_method("spaim")
SILENT = Watch(
    monitor=SilentMonitor(), describe=lambda _s, _l: Progress(stage="test"), wrap=lambda s: s
)


def answer(fitted: Fitted) -> Imputation:
    found = SPAIM.predict(fitted, PAIRED).imputation
    assert found is not None
    return found


def new(found: Imputation) -> np.ndarray:
    return np.column_stack([found.gene(g) for g in WANTED])


class Keeper(SilentMonitor):
    """Keeps checkpoints and stops where it is told."""

    def __init__(self, stop: Callable[[Progress], bool] = lambda _p: False) -> None:
        self.states: list[State] = []
        self.stop = stop

    def report(self, progress: Progress) -> Verdict:
        return Verdict.FINISH if self.stop(progress) else Verdict.CONTINUE

    def checkpoint(self, make_state: Callable[[], State]) -> None:
        self.states.append(make_state())


@pytest.mark.parametrize("options", [OPTIONS, PUBLISHED], ids=str)
def test_planted_genes_are_found(options: SpaimOptions) -> None:
    found = new(answer(SPAIM.fit(PAIRED, options, SilentMonitor())))
    assert gene_pcc(TRUTH, found).mean() > (0.5 if options.improved else 0.25)


def test_a_low_rank_tissue_is_recovered() -> None:
    rng = np.random.default_rng(0)
    profiles, loads = rng.normal(size=(200, 8)), rng.random((150, 8))
    x = profiles @ loads.T
    options = SpaimOptions(variant=Variant.PUBLISHED, copies=1, seed=1)
    shown = torch.from_numpy(profiles[:150]).float()
    ones = torch.ones(150)
    targets = Targets(
        x=torch.from_numpy(x[:150].T).float(), scale=ones, centre=0 * ones, profiles=shown
    )
    training = Training(targets=targets, options=options, stream=0, n_epochs=90)
    generator, _, _ = training.run(SILENT)
    found = generator.generated(torch.from_numpy(profiles[150:]).float()).numpy()
    assert gene_pcc(x[150:].T, found.T).mean() > 0.9


def test_every_gene_is_in_one_batch_of_a_pass() -> None:
    x = torch.arange(7.0)[None].repeat(3, 1)
    targets = Targets(x=x, scale=torch.ones(7), centre=torch.zeros(7), profiles=torch.rand(7, 4))
    training = Training(targets=targets, options=SpaimOptions(batch_genes=3), stream=0, n_epochs=2)
    seen = torch.cat([training.batch(step)[0][:, 0] for step in range(3, 6)])
    assert training.n_steps == 6
    assert seen.sort().values.tolist() == list(range(7))


def test_the_first_copy_is_whole_and_the_others_are_masked() -> None:
    targets = Targets(
        x=torch.ones(3, 7), scale=torch.ones(7), centre=torch.zeros(7), profiles=torch.ones(7, 400)
    )
    options = SpaimOptions(masked=0.5, copies=3)
    x, profiles = Training(targets=targets, options=options, stream=0, n_epochs=1).batch(0)
    assert torch.equal(x, torch.ones(7, 3))
    assert profiles[0].min() == 1
    assert profiles[1:].mean().item() == pytest.approx(0.5, abs=0.03)


def test_profiles_of_the_published_form_are_means_of_logged_values() -> None:
    panel = prepare_panel(PAIRED, PUBLISHED)
    clusters = cluster_cells(PAIRED, PUBLISHED)
    logged = np.log1p(PAIRED.cells.values.toarray())
    wanted = logged[clusters == 2].mean(axis=0)
    found = gene_profiles(panel, clusters, PUBLISHED)
    assert found[:50, 2].numpy() == pytest.approx(wanted, abs=1e-4)


def test_cell_types_are_the_clusters_of_the_published_form() -> None:
    types = PAIRED.cell_types
    assert types is not None
    wanted = np.unique(types, return_inverse=True)[1]
    assert np.array_equal(cluster_cells(PAIRED, PUBLISHED), wanted)


def test_cosines_in_the_basis_are_those_over_the_spots() -> None:
    spots = standard_columns(torch.randn(50, 9, generator=torch.Generator().manual_seed(0)))
    basis, coordinates = in_basis(spots)
    assert torch.allclose(coordinates.T @ coordinates, spots.T @ spots, atol=1e-3)
    assert torch.allclose(basis @ coordinates, spots, atol=1e-4)


@pytest.mark.parametrize("options", [OPTIONS, PUBLISHED], ids=str)
def test_a_resumed_fit_ends_like_an_unbroken_one(options: SpaimOptions) -> None:
    keeper = Keeper()
    short = dataclasses.replace(options, epochs=8)
    whole = SPAIM.fit(PAIRED, short, keeper)
    resumed = SPAIM.fit(PAIRED, short, SilentMonitor(), keeper.states[5])
    assert np.array_equal(answer(resumed).values, answer(whole).values)


def test_finishing_early_keeps_a_valid_answer_scored_alike() -> None:
    keeper = Keeper(stop=lambda p: p.stage == "fitting" and p.step == 5)
    fitted = SPAIM.fit(PAIRED, OPTIONS, keeper)
    assert fitted.ending == "finished early"
    assert fitted.state.values["n_epochs"] == 5
    assert np.isfinite(answer(fitted).values).all()


def test_with_many_spots_the_improved_form_still_predicts_measured_genes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gene_judging, "JUDGED_SPOTS", 80)
    short = dataclasses.replace(OPTIONS, epochs=10)
    found = answer(SPAIM.fit(PAIRED, short, SilentMonitor()))
    assert found.measured.sum() == 50
    assert found.expected_pcc[found.measured].mean() > 0.2


def test_with_many_spots_the_published_form_predicts_only_new_genes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gene_judging, "JUDGED_SPOTS", 80)
    short = dataclasses.replace(PUBLISHED, epochs=5)
    assert answer(SPAIM.fit(PAIRED, short, SilentMonitor())).gene_names.tolist() == WANTED
    with pytest.raises(InputError, match="a gene that was not measured"):
        SPAIM.fit(PAIRED, dataclasses.replace(short, genes=""), SilentMonitor())


def test_the_answer_has_one_predictor() -> None:
    state = SPAIM.fit(PAIRED, dataclasses.replace(OPTIONS, epochs=3), SilentMonitor()).state
    assert state.part("judged").values["names"] == [NAME]
