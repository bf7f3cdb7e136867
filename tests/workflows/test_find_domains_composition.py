"""Domains that go by the composition that another run of the tissue found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.errors import InputError, RefusedError
from napari_tessera.data.prepare_beside import Beside, composed_spots
from napari_tessera.data.sample import write_sample
from napari_tessera.data.write import read_run
from napari_tessera.workflows.stored_steps import export_script

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.results import Run

OPTIONS = nt.TransstOptions(n_domains=3)


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Make a tissue with a run that composed its spots, and one that found domains by that."""
    folder = tmp_path_factory.mktemp("composed")
    sample = write_sample(folder, n_cells=150, n_spots=80, n_genes=40, seed=0)
    mapped = nt.map_cells(
        sample.tissue, sample.reference, method="baseline", out=sample.tissue,
        selection=nt.Selection(cell_type_column="cell_type"),
    )  # fmt: skip
    run = nt.find_domains(
        sample.tissue, composition=mapped.name, options=OPTIONS, out=sample.tissue
    )
    return sample.tissue, run


def test_a_composition_changes_domains_and_their_run(composed: tuple[Path, Run]) -> None:
    tissue, run = composed
    without = nt.find_domains(tissue, options=OPTIONS)
    assert run.name != without.name
    soft = [each.result.domains.probability for each in (run, without) if each.result.domains]
    assert np.abs(soft[0] - soft[1]).max() > 0.01


def test_the_store_says_which_composition_domains_went_by(composed: tuple[Path, Run]) -> None:
    tissue, run = composed
    kept = read_run(tissue, run.name).provenance
    other = next(each.name for each in nt.runs(tissue) if "composition" in each.answers)
    assert kept.origin.composition == other
    assert any(other in warning and "types in 80 spots" in warning for warning in kept.warnings)


def test_a_script_composes_the_spots_before_it_finds_domains(
    composed: tuple[Path, Run], tmp_path: Path
) -> None:
    tissue, run = composed
    text = export_script(tissue, run.name, tmp_path / "again.py").read_text()
    assert text.index("run_1 = nt.map_cells(") < text.index("    composition=run_1.name,")


def test_a_run_that_is_not_there_is_refused_and_those_that_are_named(
    composed: tuple[Path, Run],
) -> None:
    tissue, _ = composed
    other = next(each.name for each in nt.runs(tissue) if "composition" in each.answers)
    with pytest.raises(RefusedError, match=f"no run of that name; there are: {other}"):
        nt.find_domains(tissue, composition="nonsense", options=OPTIONS)


def test_a_run_that_composed_nothing_is_refused(composed: tuple[Path, Run]) -> None:
    tissue, run = composed
    with pytest.raises(RefusedError, match="a run that composed none"):
        nt.find_domains(tissue, composition=run.name, options=OPTIONS)


def test_the_simple_method_refuses_a_composition(composed: tuple[Path, Run]) -> None:
    tissue, run = composed
    with pytest.raises(InputError, match="expected a method that can go by it"):
        nt.find_domains(tissue, composition=run.name, method="baseline")


def test_spots_without_a_composition_get_the_mean_of_the_others(
    composed: tuple[Path, Run],
) -> None:
    tissue, run = composed
    assert run.result.domains is not None
    beside = Beside(composition=run.provenance.origin.composition, places=(tissue,))
    names = np.array([*run.result.domains.spot_names, "elsewhere"])
    shares, problems = composed_spots(beside, names)
    assert shares is not None
    np.testing.assert_allclose(shares[-1], shares[:-1].mean(axis=0), rtol=1e-5)
    assert "1 spots without" in problems[0].found


def test_a_composition_of_other_spots_is_refused(composed: tuple[Path, Run]) -> None:
    tissue, run = composed
    beside = Beside(composition=run.provenance.origin.composition, places=(tissue,))
    shares, problems = composed_spots(beside, np.array(["elsewhere"]))
    assert shares is None
    assert problems[0].code == "composition-away"
