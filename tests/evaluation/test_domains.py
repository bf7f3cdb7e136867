"""Scores of domains against labels."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.evaluation.domains import evaluate_domains
from napari_tessera.testing.planted_domains import planted_section

PLANTED = planted_section(n_spots=150)
NAMES = PLANTED.section.spots.obs_names
KNOWN = np.unique(PLANTED.domains)


def truth(labels: list[str] | None = None) -> ad.AnnData:
    values = PLANTED.domains.tolist() if labels is None else labels
    return ad.AnnData(obs=pd.DataFrame({"label": values}, index=pd.Index(NAMES[: len(values)])))


def run(names: np.ndarray, domain: np.ndarray) -> Run:
    soft = (domain[:, None] == names[None]).astype(np.float32)
    domains = Domains(spot_names=NAMES, names=names, probability=soft)
    return Run(
        name="one", result=RunResult(domains=domains), provenance=Provenance(method="transst")
    )


RIGHT = run(KNOWN, PLANTED.domains)


def test_the_truth_scores_one() -> None:
    scores = evaluate_domains(RIGHT, truth(), "label")
    assert (scores["adjusted_rand"], scores["mutual_information"], scores["accuracy"]) == (1, 1, 1)


def test_the_index_is_that_of_scikit_learn() -> None:
    domain = np.where(np.arange(len(NAMES)) % 3 == 0, KNOWN[0], PLANTED.domains)
    wanted = adjusted_rand_score(PLANTED.domains, domain)
    scores = evaluate_domains(run(KNOWN, domain), truth(), "label")
    assert scores["adjusted_rand"] == pytest.approx(wanted)


def test_names_that_are_numbers_have_no_accuracy() -> None:
    numbers = np.array([str(i) for i in range(len(KNOWN))])
    domain = numbers[np.searchsorted(KNOWN, PLANTED.domains)]
    assert "accuracy" not in evaluate_domains(run(numbers, domain), truth(), "label")


def test_spots_without_a_label_are_left_out() -> None:
    labels = ["none"] * 50 + PLANTED.domains[50:].tolist()
    scores = evaluate_domains(RIGHT, truth(labels), "label", unlabelled=("none",))
    assert (scores["n_spots"], scores["adjusted_rand"]) == (len(NAMES) - 50, 1.0)


def test_the_baseline_stands_beside_with_as_many_domains() -> None:
    scores = evaluate_domains(RIGHT, truth(), "label", inputs=PLANTED.section)
    assert scores["baseline"]["n_domains"] == scores["n_domains"]


def test_missing_spots_are_refused() -> None:
    with pytest.raises(InputError, match="50 missing"):
        evaluate_domains(RIGHT, truth(PLANTED.domains[:-50].tolist()), "label")


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="'layer', found label"):
        evaluate_domains(RIGHT, truth(), "layer")


def test_labels_that_are_all_empty_are_refused() -> None:
    with pytest.raises(InputError, match="found none"):
        evaluate_domains(RIGHT, truth(["none"] * len(NAMES)), "label", unlabelled=("none",))


def test_words_that_mean_no_label_are_no_domain_unless_one_says_which_do() -> None:
    labels = ["Unlabelled", "None", *PLANTED.domains[2:].tolist()]
    assert evaluate_domains(RIGHT, truth(labels), "label")["n_true"] == len(KNOWN)
    assert (
        evaluate_domains(RIGHT, truth(labels), "label", unlabelled=())["n_true"] == len(KNOWN) + 2
    )
