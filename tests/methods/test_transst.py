"""TransST as a whole, on planted sections."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.methods.transst.number import decide
from napari_tessera.methods.transst.options import TransstOptions, Variant
from napari_tessera.methods.transst.predict import as_domains, refit_field
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.planted_domains import DomainLaw, PlantedSection, planted_section

if TYPE_CHECKING:
    from napari_tessera.contract.method import Fitted
    from napari_tessera.contract.sections import SectionData

METHOD = get_method("transst")
LAW = DomainLaw(n_domains=4, n_genes=200, contrast=1.2)
PLANTED = planted_section(LAW, n_spots=500, seed=1)
SECTION = PLANTED.section
ABSENT = "not in source"


def labelled(planted: PlantedSection, without: str = "") -> SectionData:
    """Turn a planted section into a source, one domain left out."""
    keep = np.flatnonzero(planted.domains != without)
    section = planted.section
    return dataclasses.replace(
        section,
        spots=section.spots.take(keep),
        spot_xy=section.spot_xy[keep],
        spot_graph=section.spot_graph[keep][:, keep],
        labels=planted.domains[keep],
    )


def with_source(source: SectionData) -> SectionData:
    return dataclasses.replace(SECTION, source=source)


def domains_of(inputs: SectionData, fitted: Fitted) -> np.ndarray:
    found = METHOD.predict(fitted, inputs).domains
    assert found is not None
    return found.domain


SAME_TISSUE = labelled(planted_section(LAW, n_spots=400, seed=7))
OTHER_TISSUE = labelled(planted_section(LAW, n_spots=400, seed=7, programme=99))


@pytest.fixture(scope="module")
def alone() -> Fitted:
    return METHOD.fit(SECTION, TransstOptions(n_domains=4), SilentMonitor())


@pytest.fixture(scope="module")
def taught() -> Fitted:
    return METHOD.fit(with_source(SAME_TISSUE), TransstOptions(), SilentMonitor())


def test_planted_domains_are_found(alone: Fitted) -> None:
    assert adjusted_rand(PLANTED.domains, domains_of(SECTION, alone)) > 0.85


def test_soft_labels_sum_to_one(alone: Fitted) -> None:
    assert alone.state.arrays["probability"].sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_unsure_spots_are_those_that_are_wrong(alone: Fitted) -> None:
    found = METHOD.predict(alone, SECTION).domains
    assert found is not None
    truth = PLANTED.domains
    wrong = np.zeros(truth.size, dtype=bool)
    for name in np.unique(truth):
        names, counts = np.unique(found.domain[truth == name], return_counts=True)
        wrong |= (truth == name) & (found.domain != names[counts.argmax()])
    assert found.confidence[wrong].mean() < found.confidence[~wrong].mean() - 0.1


def test_the_same_seed_gives_the_same_domains(alone: Fitted) -> None:
    again = METHOD.fit(SECTION, TransstOptions(n_domains=4), SilentMonitor())
    assert (again.state.arrays["probability"] == alone.state.arrays["probability"]).all()


def test_the_order_of_the_spots_changes_next_to_nothing(alone: Fitted) -> None:
    order = np.random.default_rng(0).permutation(SECTION.n_spots)
    mixed = dataclasses.replace(
        SECTION,
        spots=SECTION.spots.take(order),
        spot_xy=SECTION.spot_xy[order],
        spot_graph=SECTION.spot_graph[order][:, order],
    )
    fitted = METHOD.fit(mixed, TransstOptions(n_domains=4), SilentMonitor())
    assert adjusted_rand(domains_of(SECTION, alone)[order], domains_of(mixed, fitted)) > 0.95


def test_the_number_of_domains_is_found_with_its_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_tessera.methods.transst.number.MOST", 6)
    found = METHOD.predict(METHOD.fit(SECTION, TransstOptions(), SilentMonitor()), SECTION).domains
    assert found is not None
    assert found.names.size == 4
    assert set(found.curve) == set(found.stability)


def test_several_sections_are_taken_together() -> None:
    half = SECTION.spot_xy[:, 0] > np.median(SECTION.spot_xy[:, 0])
    row, col = SECTION.spot_graph.nonzero()
    cut = SECTION.spot_graph.copy()
    cut.data[half[row] != half[col]] = 0.0
    cut.eliminate_zeros()
    both = dataclasses.replace(
        SECTION, sample=np.where(half, "right", "left").astype(np.str_), spot_graph=cut
    )
    fitted = METHOD.fit(both, TransstOptions(n_domains=4), SilentMonitor())
    assert adjusted_rand(PLANTED.domains, domains_of(both, fitted)) > 0.5


def test_labels_of_a_like_section_name_the_domains(taught: Fitted) -> None:
    found = domains_of(SECTION, taught)
    assert float((found == PLANTED.domains).mean()) > 0.9


def test_a_source_of_another_tissue_is_recognised_and_said() -> None:
    fitted = METHOD.fit(with_source(OTHER_TISSUE), TransstOptions(n_domains=4), SilentMonitor())
    assert "do not fit this section" in fitted.warnings[0]
    assert adjusted_rand(PLANTED.domains, domains_of(SECTION, fitted)) > 0.85


def test_a_required_transfer_that_fails_is_refused() -> None:
    options = TransstOptions(n_domains=4, require_transfer=True)
    with pytest.raises(InputError, match="do not fit this section"):
        METHOD.fit(with_source(OTHER_TISSUE), options, SilentMonitor())


def test_a_required_transfer_without_a_source_is_refused() -> None:
    with pytest.raises(InputError, match="no labelled source"):
        METHOD.fit(SECTION, TransstOptions(require_transfer=True), SilentMonitor())


def test_a_domain_that_the_source_lacks_is_called_so() -> None:
    source = labelled(planted_section(LAW, n_spots=400, seed=7), without="domain 1")
    fitted = METHOD.fit(with_source(source), TransstOptions(), SilentMonitor())
    found = domains_of(SECTION, fitted)
    assert float((found[PLANTED.domains == "domain 1"] == ABSENT).mean()) > 0.7
    assert float((found[PLANTED.domains != "domain 1"] == ABSENT).mean()) < 0.1


def test_a_source_with_all_domains_has_none_that_it_lacks(taught: Fitted) -> None:
    assert ABSENT not in domains_of(SECTION, taught)


def test_spots_of_the_source_that_nobody_could_judge_teach_nothing() -> None:
    labels = SAME_TISSUE.labels
    assert labels is not None
    unsure = np.where(np.arange(labels.size) < 100, "Undetermined", labels)
    source = dataclasses.replace(SAME_TISSUE, labels=unsure)
    fitted = METHOD.fit(with_source(source), TransstOptions(), SilentMonitor())
    assert "Undetermined" not in fitted.state.values["names"]


def test_a_source_with_one_label_is_refused() -> None:
    one = dataclasses.replace(SAME_TISSUE, labels=np.full(SAME_TISSUE.n_spots, "all"))
    with pytest.raises(InputError, match="two labels"):
        METHOD.fit(with_source(one), TransstOptions(), SilentMonitor())


def test_a_section_that_is_too_small_is_refused() -> None:
    with pytest.raises(InputError, match="Spots: expected"):
        METHOD.fit(planted_section(LAW, n_spots=30).section, TransstOptions(n_domains=40),
                   SilentMonitor())  # fmt: skip


def test_genes_that_are_the_same_everywhere_are_refused() -> None:
    ones = sparse.csr_matrix(np.ones((SECTION.n_spots, SECTION.n_genes)))
    same = dataclasses.replace(SECTION, spots=dataclasses.replace(SECTION.spots, values=ones))
    with pytest.raises(InputError, match="Genes: expected 3"):
        METHOD.fit(same, TransstOptions(n_domains=4), SilentMonitor())


@pytest.mark.parametrize("variant", [Variant.THREE_STEPS, Variant.RELEASED])
def test_the_other_forms_name_domains_after_the_source(variant: Variant) -> None:
    options = TransstOptions(n_domains=4, variant=variant, n_factors=8)
    fitted = METHOD.fit(with_source(SAME_TISSUE), options, SilentMonitor())
    assert set(fitted.state.values["names"]) == set(np.unique(PLANTED.domains))


def test_the_three_steps_work_without_a_source() -> None:
    options = TransstOptions(n_domains=4, variant=Variant.THREE_STEPS, n_factors=8)
    fitted = METHOD.fit(SECTION, options, SilentMonitor())
    assert adjusted_rand(PLANTED.domains, domains_of(SECTION, fitted)) > 0.6


def test_another_smoothness_needs_the_field_alone(alone: Fitted) -> None:
    domains = as_domains(Answer.from_state(alone.state), SECTION.spots.obs_names)
    row, col = SECTION.spot_graph.nonzero()
    alike = []
    for smoothness in (0.0, 50.0):
        found = refit_field(alone.state, SECTION.spot_graph, smoothness, domains).domain
        alike.append(float((found[row] == found[col]).mean()))
    assert alike[0] < alike[1]


def test_the_fitted_smoothness_gives_the_fitted_domains() -> None:
    fitted = METHOD.fit(SECTION, TransstOptions(n_domains=4, smoothness=1.5), SilentMonitor())
    domains = as_domains(Answer.from_state(fitted.state), SECTION.spots.obs_names)
    again = refit_field(fitted.state, SECTION.spot_graph, 1.5, domains)
    assert float((again.domain == domains.domain).mean()) > 0.99


def test_the_smoothness_of_five_thousand_spots_answers_at_once() -> None:
    section = planted_section(DomainLaw(n_genes=8), n_spots=5000).section
    rng = np.random.default_rng(0)
    n_spots = section.n_spots
    answer = Answer(
        probability=np.full((n_spots, 7), 1 / 7, dtype=np.float32),
        names=tuple("1234567"),
        embedding=np.zeros((n_spots, 2), dtype=np.float32),
        energy=rng.exponential(8.0, (12, n_spots, 7)).astype(np.float16),
        betas=(2.0,) * 12,
    )
    domains = as_domains(answer, section.spots.obs_names)
    start = time.process_time()
    refit_field(answer.to_state(), section.spot_graph, 2.0, domains)
    assert time.process_time() - start < 1.0


class Impatient(SilentMonitor):
    """Asks to finish at once."""

    def report(self, progress: Progress) -> Verdict:  # noqa: ARG002 - the protocol's shape
        return Verdict.FINISH


def test_finishing_early_gives_what_there_is() -> None:
    fitted = METHOD.fit(SECTION, TransstOptions(n_domains=4), Impatient())
    assert (fitted.ending, len(fitted.state.arrays["energy"])) == ("finished early", 1)


def test_two_domains_are_taken_only_where_the_criterion_says_so() -> None:
    stability = {2: 0.9, 3: 0.5, 4: 0.6, 5: 0.4}
    assert decide({2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0}, stability).best == 2
    assert decide({2: 4.0, 3: 3.0, 4: 2.0, 5: 1.0}, stability).best == 4


def test_numbers_above_the_criterion_are_not_taken() -> None:
    stability = {2: 0.9, 3: 0.5, 4: 0.4, 5: 0.8}
    assert decide({2: 4.0, 3: 1.0, 4: 2.0, 5: 3.0}, stability).best == 3


def test_numbers_that_are_as_stable_are_offered() -> None:
    choice = decide({2: 4.0, 3: 3.0, 4: 2.0, 5: 1.0}, {2: 0.9, 3: 0.6, 4: 0.62, 5: 0.4})
    assert choice.offered == (3, 4)
    assert "4 was taken, 3 would be as stable" in choice.sentence()
