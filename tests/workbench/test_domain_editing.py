"""Domains under a person's hands, without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.data.sample import write_sample
from napari_tessera.data.write import read_run, write_run
from napari_tessera.workbench.domain_editing import Stand, edited_run
from napari_tessera.workbench.domain_edits import Merge, Recolour, Rename, Split, colours_now

if TYPE_CHECKING:
    from pathlib import Path

N = 90


def three() -> Domains:
    """Three domains of thirty spots; the third has two halves in its scores."""
    code = np.repeat([0, 1, 2], N // 3)
    soft = np.full((N, 3), 0.1, dtype=np.float32)
    soft[np.arange(N), code] = 0.8
    scores = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    scores[75:] += 20
    return Domains(
        spot_names=np.array([f"s{i}" for i in range(N)]), names=np.array(["a", "b", "c"]),
        probability=soft, embedding=scores, curve={3: 1.0},
    )  # fmt: skip


def test_a_renamed_domain_keeps_spots_and_colour() -> None:
    before = three()
    after = Rename(old="b", new="z").apply(before)
    assert after.names.tolist() == ["a", "z", "c"]
    assert colours_now(after)["z"] == colours_now(before)["b"]
    np.testing.assert_array_equal(after.probability, before.probability)


@pytest.mark.parametrize("new", ["", "  ", "a"])
def test_a_name_that_is_empty_or_taken_is_refused(new: str) -> None:
    with pytest.raises(InputError, match="Name of a domain"):
        Rename(old="b", new=new).apply(three())


def test_probabilities_of_merged_domains_add_up() -> None:
    after = Merge(names=("a", "c")).apply(three())
    assert after.names.tolist() == ["a", "b"]
    np.testing.assert_allclose(after.probability[:, 0], three().probability[:, [0, 2]].sum(axis=1))


def test_one_domain_alone_is_not_merged() -> None:
    with pytest.raises(InputError, match="at least two"):
        Merge(names=("a",)).apply(three())


def test_a_colour_stays_through_a_merge_of_others() -> None:
    coloured = Recolour(name="b", colour="#123456").apply(three())
    assert colours_now(Merge(names=("a", "c")).apply(coloured))["b"] == "#123456"


def test_a_split_finds_the_halves_of_a_domain() -> None:
    after = Split(names=("c",), parts=2).apply(three())
    assert after.names.tolist() == ["a", "b", "ca", "cb"]
    assert len({*after.domain[60:75]}) == len({*after.domain[75:]}) == 1
    assert after.domain[60] != after.domain[75]


def test_a_split_leaves_other_spots_and_the_sums_as_they_were() -> None:
    after = Split(names=("c",), parts=2).apply(three())
    assert after.domain[:60].tolist() == three().domain[:60].tolist()
    np.testing.assert_allclose(after.probability.sum(axis=1), 1, atol=1e-5)


def test_several_domains_are_divided_together() -> None:
    after = Split(names=("b", "c"), parts=2).apply(three())
    assert after.names.tolist() == ["a", "ba", "bb"]


def test_too_few_spots_are_not_divided() -> None:
    with pytest.raises(InputError, match="at least 40 spots, found 30"):
        Split(names=("c",), parts=4).apply(three())


def test_every_domain_has_a_colour_of_its_own_after_a_split() -> None:
    colours = colours_now(Split(names=("c",), parts=3).apply(three()))
    assert len({*colours.values()}) == 5


def test_an_edited_run_has_a_new_name_and_says_what_was_done() -> None:
    run = Run(
        name="transst_1", result=RunResult(domains=three()), provenance=Provenance(method="transst")
    )
    merge = Merge(names=("a", "c"))
    made = edited_run(run, Stand(domains=merge.apply(three()), smoothness=9.0, edits=(merge,)))
    assert made.name.startswith("transst_")
    assert made.name != run.name
    assert made.provenance.options["edits"] == ["smoothness 9", "c merged into a"]
    assert "transst_1" in made.provenance.warnings[0]


def test_own_colours_survive_the_result_file() -> None:
    coloured = Recolour(name="b", colour="#123456").apply(three())
    assert Domains.from_state(coloured.to_state()).colours == coloured.colours


def test_edited_domains_keep_names_and_colours_in_the_store(tmp_path: Path) -> None:
    sample = write_sample(tmp_path, n_cells=40, n_spots=60, n_genes=30, seed=0)
    options = nt.SmoothedMixtureOptions(n_domains=3)
    run = nt.find_domains(sample.tissue, method="baseline", options=options, out=sample.tissue)
    assert run.result.domains is not None
    old = str(run.result.domains.names[0])
    edits = (Rename(old=old, new="duct"), Recolour(name="duct", colour="#123456"))
    domains = edits[1].apply(edits[0].apply(run.result.domains))
    made = edited_run(run, Stand(domains=domains, edits=edits))
    write_run(sample.tissue, made)
    again = read_run(sample.tissue, made.name).result.domains
    assert again is not None
    assert again.names.tolist() == domains.names.tolist()
    assert colours_now(again) == colours_now(domains)
