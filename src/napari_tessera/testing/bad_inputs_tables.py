"""Bad tables: values, gene names, cell types, rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from napari_tessera.testing.bad_inputs import (
    BadInput,
    Row,
    both,
    cells,
    flags,
    listed,
    spots,
    table,
)


def put(value: float, adata: Any) -> None:  # noqa: ANN401 - AnnData, here and below
    """Set one value."""
    dense = adata.X.toarray()
    dense[1, 2] = value
    adata.X = sparse.csr_matrix(dense)


def dense_as(kind: str, adata: Any) -> None:  # noqa: ANN401
    """Give X densely in another type."""
    adata.X = adata.X.toarray().astype(kind)


def through(change: Any, adata: Any) -> None:  # noqa: ANN401
    """Change X as a dense array."""
    adata.X = np.asarray(change(adata.X.toarray()), dtype=np.float32)


def normal(x: np.ndarray) -> np.ndarray:
    """Scale every row to the same total."""
    return np.asarray(x / np.maximum(x.sum(axis=1, keepdims=True), 1) * 1e4)


def layer_of(kind: Any, adata: Any) -> None:  # noqa: ANN401
    """Put X into a layer as another type."""
    adata.layers["other"] = adata.X.toarray().astype(kind)


def no_matrix(adata: Any) -> None:  # noqa: ANN401
    """Take X away."""
    adata.X = None


def empty_row(adata: Any) -> None:  # noqa: ANN401
    """Leave a row without counts."""
    dense = adata.X.toarray()
    dense[3] = 0
    adata.X = sparse.csr_matrix(dense)


def raw_only(adata: Any) -> None:  # noqa: ANN401
    """Keep counts in raw, logarithms in X."""
    adata.raw = adata.copy()
    through(np.log1p, adata)


def values() -> list[Row]:
    """Values that are no counts."""
    log, other = partial(through, np.log1p), flags("--reference-layer", "other")
    twice = partial(through, lambda x: np.log1p(np.log1p(x)))
    scaled = partial(through, lambda x: (x - x.mean(0)) / (x.std(0) + 1e-9))
    return [
        ("NaN in the spots' counts", "counts-nan", "refuse", table(partial(put, np.nan))),
        ("NaN in the cells' counts", "counts-nan", "refuse", cells(partial(put, np.nan))),
        ("infinity in the spots' counts", "counts-infinite", "refuse", table(partial(put, np.inf))),
        ("-infinity in the cells'", "counts-infinite", "refuse", cells(partial(put, -np.inf))),
        ("a negative count of a spot", "counts-negative", "refuse", table(partial(put, -1))),
        ("a negative count of a cell", "counts-negative", "refuse", cells(partial(put, -3))),
        ("3e38 as a count", "counts-huge", "refuse", table(partial(put, 3e38))),
        ("counts beyond 2^24", "counts-rounded", "remark", cells(
            lambda a: setattr(a, "X", a.X.toarray().astype(np.int64) + 2**25 * np.eye(*a.shape, dtype=np.int64)))),
        ("logarithms as counts", "counts-logged", "refuse", cells(log)),
        ("logarithms of spots", "counts-logged", "refuse", table(log)),
        ("log applied twice", "counts-logged-twice", "refuse", cells(twice)),
        ("normalised, not logged", "counts-normalised", "refuse", cells(partial(through, normal))),
        ("normalised spots", "counts-normalised", "refuse", table(partial(through, normal))),
        ("scaled to unit variance", "counts-scaled", "refuse", cells(scaled)),
        ("fractions (TPM, RSEM)", "counts-fractions", "refuse", cells(partial(through, lambda x: x * 37.3))),
        ("text as values", "counts-text", "refuse", both(cells(partial(layer_of, "U9")), other)),
        ("complex numbers", "counts-complex", "refuse", both(cells(partial(layer_of, "c8")), other)),
        ("only zeros", "counts-empty", "refuse", cells(partial(through, np.zeros_like))),
        ("the same counts in every cell", "counts-identical", "refuse", cells(partial(through, np.ones_like))),
        ("only 0 and 1", "counts-binary", "remark", cells(partial(through, lambda x: x > 0))),
        ("no matrix", "counts-missing", "refuse", cells(no_matrix)),
        ("whole numbers as int64", "counts-cast", "remark", cells(partial(dense_as, "i8"))),
        ("whole numbers as uint16", "counts-cast", "remark", table(partial(dense_as, "u2"))),
        ("a layer that is not there", "layer-missing", "refuse", flags("--layer", "nowhere")),
        ("raw where there is none", "layer-missing", "refuse", flags("--reference-layer", "raw")),
        ("no cells", "table-no-rows", "refuse", cells(lambda a: a[:0].copy())),
        ("no genes", "table-no-genes", "refuse", cells(lambda a: a[:, :0].copy())),
        ("one cell", "cells-too-few", "refuse", cells(lambda a: a[:1].copy())),
        ("one spot", "spots-too-few", "refuse", table(lambda a: a[:1].copy())),
        ("a spot without counts", "spots-empty", "repair", table(empty_row)),
        ("a cell without counts", "cells-empty", "repair", cells(empty_row)),
        ("a gene without counts anywhere", "genes-empty", "repair", both(
            cells(partial(blank, 1)), table(partial(blank, 1)))),
        ("most genes silent in the cells", "genes-silent", "remark", cells(partial(blank, 40))),
        ("cells of one name", "names-repeated", "refuse", cells(repeat_row)),
        ("spots of one name", "names-repeated", "refuse", table(repeat_row)),
        ("int8, dense", "", "accept", cells(
            lambda a: setattr(a, "X", a.X.toarray().clip(0, 100).astype("i1")))),
        ("bool", "", "accept", table(partial(dense_as, "bool"))),
        ("float64, dense", "", "accept", table(partial(dense_as, "f8"))),
        ("sparse by columns", "", "accept", cells(lambda a: setattr(a, "X", sparse.csc_matrix(a.X)))),
        ("counts in raw, logarithms in X", "", "accept", cells(raw_only)),
    ]  # fmt: skip


def blank(n: int, adata: Any) -> None:  # noqa: ANN401
    """Leave the first genes without counts."""
    dense = adata.X.toarray()
    dense[:, :n] = 0
    adata.X = sparse.csr_matrix(dense)


def repeat_row(adata: Any) -> None:  # noqa: ANN401
    """Give two rows one name."""
    adata.obs_names = [adata.obs_names[1], *adata.obs_names[1:]]


def rename(name: Any, adata: Any) -> None:  # noqa: ANN401
    """Give every gene another name, by number and old name."""
    adata.var_names = [name(i, old) for i, old in enumerate(adata.var_names)]


def renamed(name: Any) -> Any:  # noqa: ANN401
    """Give the reference's genes other names."""
    return cells(partial(rename, name))


def symbols(name: Any, adata: Any) -> None:  # noqa: ANN401
    """Add a column of names."""
    adata.var["symbol"] = [name(i, old) for i, old in enumerate(adata.var_names)]


def ensembl(stem: str, version: str = "") -> Any:  # noqa: ANN401
    """Name genes as Ensembl does."""
    return lambda i, _old: f"{stem}{i:011d}{version}"


def of_table(name: Any) -> Any:  # noqa: ANN401
    """Give the spots' genes other names."""
    return table(partial(rename, name))


def in_column(adata: Any) -> None:  # noqa: ANN401
    """Put symbols into a column, Ensembl ids into the index."""
    symbols(lambda _i, n: n, adata)
    rename(ensembl("ENSG"), adata)


def genes() -> list[Row]:
    """Gene names."""
    human, mouse, other = (
        ensembl("ENSG"),
        ensembl("ENSMUSG"),
        flags("--reference-gene-column", "symbol"),
    )
    return [
        ("Ensembl in the cells, symbols in the spots", "genes-ensembl", "refuse", renamed(human)),
        ("Ensembl in the spots, symbols in the cells", "genes-ensembl", "refuse", of_table(human)),
        ("Ensembl of two species", "genes-species", "refuse", both(renamed(human), of_table(mouse))),
        ("Ensembl versions on one side", "genes-version", "repair", both(renamed(ensembl("ENSG", ".7")), of_table(human))),
        ("upper against lower case", "genes-case", "repair", renamed(lambda _i, n: n.swapcase())),
        ("human against mouse spelling", "genes-case", "repair", both(
            renamed(lambda i, _n: f"GENE{i}A"), of_table(lambda i, _n: f"Gene{i}a"))),
        ("no shared genes", "genes-none", "refuse", renamed(lambda i, _n: f"other{i}")),
        ("five shared genes", "genes-too-few", "refuse", renamed(lambda i, n: n if i < 5 else f"o{i}")),
        ("twenty shared genes", "genes-few", "remark", renamed(lambda i, n: n if i < 20 else f"o{i}")),
        ("numbers as gene names", "genes-numbered", "refuse", both(
            renamed(lambda i, _n: str(i)), of_table(lambda i, _n: str(i)))),
        ("names as bytes (b'...')", "genes-bytes", "repair", renamed(lambda _i, n: f"b'{n}'")),
        ("spaces around names", "genes-spaces", "repair", renamed(lambda _i, n: f" {n} ")),
        ("genes called nan", "genes-blank", "repair", renamed(lambda i, n: "nan" if i < 2 else n)),
        ("names that became dates", "genes-dates", "remark", renamed(lambda i, n: "1-Mar" if i == 2 else n)),
        ("a genome before each name", "genes-prefixed", "remark", both(
            renamed(lambda _i, n: f"GRCh38_{n}"), of_table(lambda _i, n: f"GRCh38_{n}"))),
        ("two genomes in one table", "genes-two-genomes", "refuse", renamed(
            lambda i, n: f"{('GRCh38_', 'mm10___')[i % 2]}{n}")),
        ("Ensembl ids of several species in one table", "genes-mixed-species", "remark", both(
            renamed(lambda i, o: human(i, o) if i < 40 else mouse(i, o)), of_table(human))),
        ("a gene twice", "genes-repeated", "repair", renamed(lambda i, n: "same" if i < 2 else n)),
        ("a gene twice in the spots", "genes-repeated", "repair", of_table(lambda i, n: "same" if i < 2 else n)),
        ("a gene twice in an .h5ad tissue", "name-renamed", "repair", spots(
            partial(rename, lambda i, n: "same" if i < 2 else n))),
        ("a column of symbols that is not there", "gene-column-missing", "refuse", flags("--gene-column", "nowhere")),
        ("a symbol missing in the column", "gene-names-missing", "repair", both(
            cells(partial(symbols, lambda i, n: "" if i == 3 else n)), other)),
        ("symbols in a column, Ensembl in the index", "", "accept", cells(in_column)),
        ("non-ASCII names", "", "accept", both(
            renamed(lambda i, _n: f"ген{i}β"), of_table(lambda i, _n: f"ген{i}β"))),
    ]  # fmt: skip


def typed(make: Any, adata: Any) -> None:  # noqa: ANN401
    """Give the cells other labels, by number and old label."""
    adata.obs["cell_type"] = [make(i, str(t)) for i, t in enumerate(adata.obs["cell_type"])]


def unused(adata: Any) -> None:  # noqa: ANN401
    """Add a category that does not occur."""
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.add_categories(["never"])


def without_types(adata: Any) -> None:  # noqa: ANN401
    """Drop the labels."""
    del adata.obs["cell_type"]


def as_types(make: Any) -> Any:  # noqa: ANN401
    """Give the cells other labels, and choose them."""
    return both(cells(partial(typed, make)), flags("--cell-type-column", "cell_type"))


def types() -> list[Row]:
    """Cell types."""
    return [
        ("no labels at all", "types-not-chosen", "remark", cells(without_types)),
        ("a column that is not there", "types-missing", "refuse", flags("--cell-type-column", "x")),
        ("some labels missing", "types-some-missing", "repair", as_types(lambda i, t: None if i < 4 else t)),
        ("labels that read nan or NA", "types-some-missing", "repair", as_types(lambda i, t: ("nan", "NA")[i % 2] if i < 4 else t)),
        ("every label missing", "types-all-missing", "refuse", as_types(lambda _i, _t: "")),
        ("one type only", "types-single", "remark", as_types(lambda _i, _t: "A")),
        ("a name for every cell", "types-too-many", "refuse", as_types(lambda i, _t: f"b{i}")),
        ("a category that does not occur", "types-unused", "repair", cells(unused)),
        ("a type of two cells", "types-rare", "remark", as_types(lambda i, _t: "B" if i < 2 else "A")),
        ("one type in two spellings", "types-alike", "remark", as_types(lambda i, _t: ("T cell", "T-Cell")[i % 2])),
        ("cluster numbers", "types-numbers", "remark", as_types(lambda i, _t: i % 3)),
        ("true and false", "types-true-false", "remark", as_types(lambda i, _t: bool(i % 2))),
        ("a name of 300 letters", "types-long", "remark", as_types(lambda i, _t: ("A" * 300, "B")[i % 2])),
        ("non-ASCII types with slashes", "", "accept", as_types(lambda i, _t: ("β/δ", "Zelle ä")[i % 2])),
    ]  # fmt: skip


def cases() -> tuple[BadInput, ...]:
    """Give all of this room."""
    return (
        *listed("Values", values()),
        *listed("Genes", genes()),
        *listed("Cell types", types()),
    )
