"""Scores of an annotation against labels."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.evaluation.annotation import evaluate_annotation, score_annotation
from napari_tessera.methods import get_method
from napari_tessera.testing.planted_cells import planted_cells

FOUND = Annotation(
    spot_names=np.array(["s1", "s2", "s3", "s4"]),
    types=np.array(["a", "b"]),
    probability=np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], dtype=np.float32),
    prediction_set=np.array([[True, False], [True, True], [True, True], [True, False]]),
    novelty_p=np.array([0.9, 0.8, 0.7, 0.01], dtype=np.float32),
)


def test_strangers_judge_novelty_and_not_accuracy() -> None:
    scores = score_annotation(FOUND, np.array(["a", "b", "b", "stranger"]))
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["novelty_auroc"] == 1.0


def test_spots_without_a_label_are_left_out() -> None:
    scores = score_annotation(FOUND, np.array(["a", "b", "", ""]))
    assert (scores["accuracy"], scores["n_scored"], scores["n_novel"]) == (1.0, 2, 0)


def test_f1_and_confusion_are_told_by_type() -> None:
    scores = score_annotation(FOUND, np.array(["a", "b", "b", "a"]))
    assert scores["f1"] == pytest.approx({"a": 0.8, "b": 2 / 3})
    assert scores["confusion"] == {"a": {"a": 2}, "b": {"a": 1, "b": 1}}


def test_sets_are_judged_by_coverage_and_size() -> None:
    scores = score_annotation(FOUND, np.array(["b", "b", "b", "a"]))
    assert (scores["set_coverage"], scores["set_size"]) == (0.75, 1.5)


def test_labels_of_other_spots_are_refused() -> None:
    with pytest.raises(InputError, match="one per spot"):
        score_annotation(FOUND, np.array(["a"]))


def test_labels_with_other_names_are_refused() -> None:
    with pytest.raises(InputError, match="a, b"):
        score_annotation(FOUND, np.array(["x", "y", "z", "x"]))


def run_of(result: RunResult) -> Run:
    """Wrap a result in a run."""
    return Run(name="some_run", result=result, provenance=Provenance(method="some"))


def labelled(names: list[str], labels: list[str | None]) -> ad.AnnData:
    """Make a table with labels."""
    return ad.AnnData(obs=pd.DataFrame({"label": labels}, index=names))


def test_labels_are_found_by_the_names_of_the_spots() -> None:
    table = labelled(["s4", "s3", "s2", "s1", "s0"], ["a", None, "b", "a", "b"])
    scores = evaluate_annotation(run_of(RunResult(annotation=FOUND)), table, "label")
    assert (scores["accuracy"], scores["n_scored"]) == (1.0, 3)


def test_the_baseline_stands_beside_it() -> None:
    planted = planted_cells(n_cells=200, n_spots=100)
    method = get_method("annotation_baseline")
    result = method.predict(
        method.fit(planted.paired, method.options_type(), SilentMonitor()), planted.paired
    )
    table = labelled(planted.paired.spots.obs_names.tolist(), planted.spot_types.tolist())
    scores = evaluate_annotation(run_of(result), table, "label", inputs=planted.paired)
    assert scores["baseline"]["accuracy"] == scores["accuracy"]


@pytest.mark.parametrize(
    ("result", "names", "column", "words"),
    [
        (RunResult(), ["s1", "s2", "s3", "s4"], "label", "named cell types"),
        (RunResult(annotation=FOUND), ["s1", "s2", "s3", "x"], "label", "1 missing"),
        (RunResult(annotation=FOUND), ["s1", "s2", "s3", "s4"], "nothing", "no 'nothing'"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    result: RunResult, names: list[str], column: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        evaluate_annotation(run_of(result), labelled(names, ["a", "b", "a", "b"]), column)
