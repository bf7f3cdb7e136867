"""What can be chosen in a tissue and a reference, and which defaults make sense."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.geometry import systems_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anndata import AnnData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue

OURS = ("_spot_table", "_cell_table", "_cells")
"""Endings of the elements that runs add; they are never offered as input."""

TYPE_NAMES = ("cell_type", "celltype", "cell_types", "annotation", "label", "cluster", "class")
"""Names under which cell types usually stand, best first."""

LABEL_NAMES = ("domain", "domains", "label", "labels", "layer", "region", "annotation")
"""Names under which labels of spots usually stand, best first."""

SYMBOL_NAMES = ("gene_symbol", "gene_symbols", "symbol", "gene_name", "gene_names", "feature_name")
"""``var`` columns under which symbols usually stand."""

COUNT_LAYERS = ("counts", "raw_counts", "count", "spliced")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TissueChoices:
    """Names to choose from; mappings go by table, and ``coordinate_systems`` holds all."""

    tables: tuple[str, ...]
    coordinate_systems: tuple[str, ...]
    images: tuple[str, ...]
    regions: Mapping[str, tuple[str, ...]]
    layers: Mapping[str, tuple[str, ...]]
    gene_columns: Mapping[str, tuple[str, ...]]
    sample_columns: Mapping[str, tuple[str, ...]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferenceChoices:
    """Names to choose from in a reference; sensible ones first."""

    layers: tuple[str, ...]
    gene_columns: tuple[str, ...]
    cell_type_columns: tuple[str, ...]
    n_cells: int
    n_genes: int


def tissue_choices(tissue: Tissue) -> TissueChoices:
    """List what can be chosen in a tissue."""
    sdata = tissue.sdata
    tables = tuple(
        sorted((n for n in sdata.tables if not _ours(n)), key=lambda n: (n != "table", n))
    )
    each = {name: sdata.tables[name] for name in tables}
    return TissueChoices(
        tables=tables,
        coordinate_systems=tuple(
            sorted(sdata.coordinate_systems, key=lambda n: (n != "global", n))
        ),
        images=tuple(sorted(sdata.images, key=lambda n: _image_rank(n))),
        regions={name: regions_of(table) for name, table in each.items()},
        layers={name: _layers(table) for name, table in each.items()},
        gene_columns={name: _gene_columns(table) for name, table in each.items()},
        sample_columns={name: _few_valued(table, 2, 50) for name, table in each.items()},
    )


def reference_choices(reference: AnnData) -> ReferenceChoices:
    """List what can be chosen in a reference."""
    columns = _few_valued(reference, 2, 200)
    return ReferenceChoices(
        layers=_layers(reference),
        gene_columns=_gene_columns(reference),
        cell_type_columns=tuple(sorted(columns, key=lambda c: (_type_rank(c), columns.index(c)))),
        n_cells=reference.n_obs,
        n_genes=reference.n_vars,
    )


def label_columns(path: Path) -> tuple[str, ...]:
    """List the columns of a section that may hold labels of its spots; sensible ones first.

    Parameters
    ----------
    path : Path
        Labelled section: a file, a store or a vendor's folder.
    """
    from napari_tessera.data.read import open_tissue

    tissue = open_tissue(path)
    tables = tissue_choices(tissue).tables
    columns = _few_valued(tissue.sdata.tables[tables[0]], 2, 50) if tables else ()
    ranks = {name: i for i, name in enumerate(LABEL_NAMES)}
    return tuple(sorted(columns, key=lambda c: ranks.get(c.lower(), len(ranks))))


def fill_selection(tissue: Tissue, reference: AnnData | None, selection: Selection) -> Selection:
    """Fill every default in; what was chosen stays as it is, right or wrong.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    reference : AnnData or None
        Reference, if there is one.
    selection : Selection
        What was chosen.
    """
    choices = tissue_choices(tissue)
    table_name = selection.table or (choices.tables[0] if choices.tables else None)
    table = tissue.sdata.tables.get(table_name) if table_name else None
    region = selection.region
    if region is None and table is not None:
        region = next(iter(regions_of(table)), None)
    system = selection.coordinate_system or _common_system(tissue, region, selection.image)
    image = selection.image or _image_in(tissue, choices.images, system)
    filled: dict[str, Any] = {
        "table": table_name,
        "region": region,
        "coordinate_system": system,
        "image": image,
    }
    if table is not None:
        filled["layer"] = selection.layer or counts_layer(table)
        filled["gene_column"] = selection.gene_column or _symbols(table)
    if reference is not None:
        types = reference_choices(reference).cell_type_columns
        filled["reference_layer"] = selection.reference_layer or counts_layer(reference)
        filled["reference_gene_column"] = selection.reference_gene_column or _symbols(reference)
        filled["cell_type_column"] = selection.cell_type_column or next(
            (c for c in types if _type_rank(c) < len(TYPE_NAMES)), None
        )
    return dataclasses.replace(selection, **filled)


def with_any_scale(tissue: Tissue, selection: Selection) -> Selection:
    """Choose the layer for a method that takes other values than counts: X rather than a guess.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        What was chosen; a layer that was named stays.
    """
    table = tissue.sdata.tables.get(str(fill_selection(tissue, None, selection).table))
    if selection.layer is not None or table is None:
        return selection
    usual = [n for n in COUNT_LAYERS if n in table.layers and looks_like_counts(table.layers[n])]
    return dataclasses.replace(selection, layer=usual[0] if usual else "X")


def links_of(table: AnnData) -> dict[str, Any]:
    """Say what a table annotates: region, region_key, instance_key; empty if nothing."""
    attrs = table.uns.get("spatialdata_attrs")
    return dict(attrs) if hasattr(attrs, "items") else {}


def regions_of(table: AnnData) -> tuple[str, ...]:
    """Elements that a table annotates."""
    region = links_of(table).get("region")
    if region is None:
        return ()
    return (region,) if isinstance(region, str) else tuple(str(r) for r in np.ravel(region))


def matrix_of(table: AnnData, layer: str | None) -> Any:  # noqa: ANN401 - sparse, dense or lazy
    """Values of a layer, of ``raw`` or of X.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    if layer is None or layer == "X":
        return table.X
    if layer == "raw":
        if table.raw is None:
            raise KeyError(layer)
        return table.raw.X
    return table.layers[layer]


def var_of(table: AnnData, layer: str | None) -> Any:  # noqa: ANN401 - a data frame
    """Gene annotation that goes with a layer: ``raw`` has its own."""
    return table.raw.var if layer == "raw" and table.raw is not None else table.var


def looks_like_counts(values: Any) -> bool:  # noqa: ANN401 - sparse or dense
    """Whether a sample of the values is whole and not negative."""
    rows = values[: min(200, values.shape[0])]
    data = np.asarray(rows.data if hasattr(rows, "tocsr") else rows).ravel()
    if data.dtype.kind not in "fiub" or data.size == 0:
        return False
    finite = data[np.isfinite(data)].astype(np.float64)
    return bool((finite >= 0).all() and np.abs(finite - np.rint(finite)).max(initial=0) < 1e-3)


def counts_layer(table: AnnData) -> str | None:
    """Where the counts are: X (None), a layer of a usual name, or ``raw``."""
    if table.X is not None and looks_like_counts(table.X):
        return None
    for name in (*COUNT_LAYERS, *sorted(table.layers)):
        layer = table.layers.get(name)
        if layer is not None and looks_like_counts(layer) and layer.max() > 1:  # not yes and no
            return str(name)
    if table.raw is not None and looks_like_counts(table.raw.X):
        return "raw"
    return None


def _ours(name: str) -> bool:
    """Whether a table came from a run."""
    return name.endswith(OURS)


def _layers(table: AnnData) -> tuple[str, ...]:
    """Layers and ``raw``."""
    return (*sorted(table.layers), *(("raw",) if table.raw is not None else ()))


def _gene_columns(table: AnnData) -> tuple[str, ...]:
    """``var`` columns of text with about one value per gene."""
    columns = [
        str(c)
        for c in table.var.columns
        if table.var[c].dtype.kind in "OUS" or str(table.var[c].dtype) in {"category", "string"}
    ]
    wide = [c for c in columns if table.var[c].nunique() > 0.8 * max(table.n_vars, 1)]
    return tuple(sorted(wide, key=lambda c: (c.lower() not in SYMBOL_NAMES, c)))


def _symbols(table: AnnData) -> str | None:
    """Column with symbols, where the index holds Ensembl ids."""
    names = [str(n) for n in table.var_names[:50]]
    if not names or sum(n.startswith("ENS") for n in names) < 0.5 * len(names):
        return None
    return next((c for c in _gene_columns(table) if c.lower() in SYMBOL_NAMES), None)


def _few_valued(table: AnnData, least: int, most: int) -> tuple[str, ...]:
    """``obs`` columns of text with few values."""
    found = []
    for column in table.obs.columns:
        values = table.obs[column]
        text = values.dtype.kind in "OUS" or str(values.dtype) in {"category", "string"}
        if text and least <= values.nunique() <= most:
            found.append(str(column))
    return tuple(found)


def _type_rank(column: str) -> int:
    """How usual a name is for cell types."""
    lower = column.lower()
    return TYPE_NAMES.index(lower) if lower in TYPE_NAMES else len(TYPE_NAMES)


def _image_rank(name: str) -> tuple[int, str]:
    """H&E first, then the larger picture of a pair."""
    lower = name.lower()
    for rank, mark in enumerate(("he", "h&e", "histology", "full", "hires", "lowres")):
        if lower == mark or (len(mark) > 2 and mark in lower):
            return rank, name
    return 9, name


def _common_system(tissue: Tissue, region: str | None, image: str | None) -> str | None:
    """Coordinate system of the spots that most pictures share, ``global`` before others."""
    if region is None or region not in tissue.sdata:
        systems = tissue.sdata.coordinate_systems
        return next(iter(sorted(systems, key=lambda n: (n != "global", n))), None)
    own = systems_of(tissue.sdata[region])
    wanted = [image] if image in tissue.sdata.images else list(tissue.sdata.images)
    shared = {s: sum(s in systems_of(tissue.sdata[i]) for i in wanted) for s in own}
    return min(own, key=lambda s: (-shared[s], s != "global", s), default=None)


def _image_in(tissue: Tissue, images: tuple[str, ...], system: str | None) -> str | None:
    """First picture in the coordinate system."""
    return next((i for i in images if system in systems_of(tissue.sdata[i])), None)
