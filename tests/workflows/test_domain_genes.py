"""Genes of domains and factors as tables, from Python and from the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import napari_tessera as nt
from napari_tessera.cli.main import main
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.results import Run, RunResult
from napari_tessera.data.sample import write_sample
from napari_tessera.workflows.domain_genes import spots_of

if TYPE_CHECKING:
    from pathlib import Path

Found = tuple["Path", Run]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Find three domains in a planted tissue."""
    folder = tmp_path_factory.mktemp("planted")
    sample = write_sample(folder, n_cells=200, n_spots=160, n_genes=60, seed=0)
    options = nt.TransstOptions(n_domains=3)
    return sample.tissue, nt.find_domains(sample.tissue, options=options, out=sample.tissue)


def test_the_first_gene_of_a_domain_has_more_counts_in_it(found: Found, tmp_path: Path) -> None:
    store, run = found
    genes, _ = nt.write_domain_genes(store, run, tmp_path / "genes.csv", n_genes=5)
    first = pd.read_csv(genes, dtype={"domain": str}).groupby("domain").first()
    domains = run.result.domains
    assert domains is not None
    spots = spots_of(store, run, domains)
    values = spots.values[:, spots.gene_names.tolist().index(first["gene"]["1"])]
    counts = np.asarray(values.toarray() if hasattr(values, "toarray") else values).ravel()
    assert counts[domains.domain == "1"].mean() > counts[domains.domain != "1"].mean()


def test_every_domain_and_factor_has_as_many_genes_as_asked_for(
    found: Found, tmp_path: Path
) -> None:
    store, run = found
    genes, factors = nt.write_domain_genes(store, run, tmp_path / "genes.csv", n_genes=7)
    assert set(pd.read_csv(genes).groupby("domain").size()) == {7}
    assert set(pd.read_csv(factors).groupby("factor").size()) == {7}


def test_the_shell_writes_the_same_tables_and_says_what_p_values_are_worth(
    found: Found, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = found
    theirs = nt.write_domain_genes(store, run, tmp_path / "genes.csv")
    own = tmp_path / "shell.csv"
    assert main(["export", str(store), "--run", run.name, "--domain-genes", str(own)]) == 0
    said = capsys.readouterr()
    assert own.read_text() == theirs[0].read_text()
    assert (tmp_path / "shell_factors.csv").read_text() == theirs[1].read_text()
    assert "p-values are too small" in said.err


def test_a_run_without_domains_is_refused(found: Found, tmp_path: Path) -> None:
    store, run = found
    bare = Run(name="stem_1", result=RunResult(), provenance=run.provenance)
    with pytest.raises(InputError, match="expected domains, found none"):
        nt.write_domain_genes(store, bare, tmp_path / "genes.csv")


def test_another_ending_is_refused(found: Found, tmp_path: Path) -> None:
    store, run = found
    with pytest.raises(InputError, match=r"ends in \.csv"):
        nt.write_domain_genes(store, run, tmp_path / "genes.txt")
