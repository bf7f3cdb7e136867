"""Scores of an annotation against labels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.errors import InputError
from napari_tessera.evaluation.annotation import score_annotation

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
