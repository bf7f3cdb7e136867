"""Genes that tell the domains of a run apart, and genes of its factors, as tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.methods import get_method
from napari_tessera.workflows.files import check_file, save_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from spatialdata import SpatialData

    from napari_tessera.contract.domains import Domains
    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.results import Run
    from napari_tessera.data.read import Tissue
    from napari_tessera.explain.domain_genes import DomainGenes

FACTORS = "_factors"
"""What the name of the second table ends in."""


def write_domain_genes(
    tissue: Path | str | SpatialData | Tissue, run: Run, path: Path | str, *, n_genes: int = 50
) -> tuple[Path, ...]:
    """Write the genes of every domain as CSV, and those of every factor beside.

    Every domain is compared with the rest by Wilcoxon's rank sum. The domains were found from the
    same genes, so p-values are too small: judge a gene by the size of its effect.

    Parameters
    ----------
    tissue : path, SpatialData or Tissue
        Tissue that the run belongs to.
    run : Run
        Finished run that found domains.
    path : path
        File to write; the table of the factors gets ``_factors`` before the ending.
    n_genes : int
        Genes of every domain and factor, those with the largest effect.

    Returns
    -------
    tuple of Path
        The files; one where the run keeps no scores.

    Raises
    ------
    InputError
        If the run has no domains, or the name does not end in ``.csv``.
    RefusedError
        If the tissue cannot be read as the run read it.
    StoreError
        If a file cannot be written.
    """
    from napari_tessera.explain.domain_genes import domain_genes, factor_genes

    target, domains = Path(path), run.result.domains
    check_file(target, target.name, (".csv",))
    if domains is None:
        msg = f"Run {run.name}: expected domains, found none."
        raise InputError(msg, "Choose a run that answers the question of domains.")
    spots = spots_of(tissue, run, domains)
    save_table(_domain_table(domain_genes(spots, domains), n_genes), target)
    if domains.embedding is None:
        return (target,)
    beside = target.with_stem(f"{target.stem}{FACTORS}")
    save_table(_factor_table(factor_genes(spots, domains.embedding, n_genes)), beside)
    return (target, beside)


def spots_of(tissue: Path | str | SpatialData | Tissue, run: Run, domains: Domains) -> Expression:
    """Read expression as the run did, spots in the order of its domains.

    Raises
    ------
    InputError
        If the tissue has not all of its spots.
    """
    import pandas as pd

    from napari_tessera.data.prepare_section import prepare_section
    from napari_tessera.data.read import Tissue, open_tissue

    opened = tissue if isinstance(tissue, Tissue) else open_tissue(tissue)
    accepts = get_method(run.provenance.method).accepts
    section, _ = prepare_section(opened, run.provenance.origin.selection, accepts=accepts)
    rows = pd.Index(section.spots.obs_names).get_indexer(pd.Index(domains.spot_names))
    if (rows < 0).any():
        msg = f"Tissue: expected all spots of run {run.name}, found {int((rows < 0).sum())} fewer."
        raise InputError(msg, "Give the tissue that the run was computed on.")
    return section.spots.take(rows)


def _domain_table(found: DomainGenes, n_genes: int) -> pd.DataFrame:
    """Give the first genes of every domain, best first."""
    import pandas as pd

    best = np.argsort(-found.auc, axis=1, kind="stable")[:, :n_genes]
    columns = {
        "auc": found.auc, "log_difference": found.difference, "p_adjusted": found.p_adjusted,
    }  # fmt: skip
    values = {name: np.take_along_axis(v, best, axis=1).ravel() for name, v in columns.items()}
    names = pd.Index(np.repeat(found.domains, best.shape[1]), name="domain")
    return pd.DataFrame({"gene": found.gene_names[best].ravel(), **values}, index=names)


def _factor_table(found: Sequence[Sequence[tuple[str, float]]]) -> pd.DataFrame:
    """Give the genes of every factor with their correlation, factors from 1."""
    import pandas as pd

    rows = [
        (factor, gene, correlation)
        for factor, genes in enumerate(found, start=1)
        for gene, correlation in genes
    ]
    return pd.DataFrame(rows, columns=["factor", "gene", "correlation"]).set_index("factor")
