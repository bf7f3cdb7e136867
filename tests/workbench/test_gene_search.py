"""What is found for what a person types."""

from __future__ import annotations

import time

import pytest

from napari_tessera.workbench.gene_search import GeneEntry, GeneIndex, split_words

INDEX = GeneIndex(
    [
        GeneEntry(name="ERBB2", aliases=("HER2", "ENSG00000141736")),
        GeneEntry(name="ERBB3"),
        GeneEntry(name="ERBB2IP"),
        GeneEntry(name="KRT5"),
        GeneEntry(name="KRT15"),
        GeneEntry(name="MKI67", aliases=("KI67",)),
        GeneEntry(name="KRT5", source="stem_1", badge="predicted, r 0.8"),
    ]
)


def names(text: str) -> list[str]:
    return [entry.name for entry in INDEX.search(text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("erbb2", "ERBB2"),
        ("her2", "ERBB2"),
        ("ensg00000141736", "ERBB2"),
        ("erbb", "ERBB2"),
        ("mk", "MKI67"),
        (" Krt5 ", "KRT5"),
        ("t15", "KRT15"),
        ("EBRB2", "ERBB2"),
        ("MIK67", "MKI67"),
        ("ki-67", "MKI67"),
    ],
)
def test_the_gene_that_is_meant_comes_first(typed: str, first: str) -> None:
    assert names(typed)[0] == first


def test_measured_and_predicted_stand_beside_each_other() -> None:
    found = INDEX.search("KRT5")[:2]
    assert [(e.name, e.badge) for e in found] == [
        ("KRT5", "measured"),
        ("KRT5", "predicted, r 0.8"),
    ]


def test_near_misses_do_not_come_between_what_fits() -> None:
    assert set(names("ERBB2")) == {"ERBB2", "ERBB2IP"}


def test_what_is_like_nothing_finds_nothing() -> None:
    assert names("zzzzqqqq") == []
    assert INDEX.best("zzzzqqqq") is None


def test_nothing_typed_lists_all_and_means_none() -> None:
    assert len(INDEX.search("")) == 7
    assert INDEX.best("  ") is None


def test_several_genes_are_split_by_comma_or_space() -> None:
    assert split_words(" ERBB2, KRT5;MKI67\tA ") == ["ERBB2", "KRT5", "MKI67", "A"]


def seconds(index: GeneIndex, typed: str) -> float:
    """CPU time of one search."""
    began = time.process_time()
    index.search(typed)
    return time.process_time() - began


@pytest.mark.parametrize("typed", ["gene1", "gnee12345", "x"])
def test_thirty_thousand_genes_are_searched_while_a_person_types(typed: str) -> None:
    index = GeneIndex(GeneEntry(name=f"GENE{i}", aliases=(f"ENSG{i:011d}",)) for i in range(30_000))
    index.search("warm qq")
    assert min(seconds(index, typed) for _ in range(3)) < 0.3  # a test shares its machine
