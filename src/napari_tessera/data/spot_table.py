"""The table that says what a run knows of every spot: both halves of that part of the format."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.annotation import Annotation
from napari_tessera.contract.domains import Domains
from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.contract.palette import colours_of, is_colour
from napari_tessera.contract.results import Composition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData
    from numpy.typing import NDArray

    from napari_tessera.contract.results import RunResult

COMPOSITION, PROBABILITY, SETS = "composition", "cell_type_probability", "cell_type_set"
DOMAINS, SCALE, COVERAGE = "domain_probability", "expression_scale", "coverage"

COLOURED = ("cell_type", "dominant_type", "domain")
"""Columns of categories that tables of runs may have."""


def spot_names_of(result: RunResult) -> NDArray[np.str_] | None:
    """Names of the spots that a result speaks of; None where it speaks of none.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    """
    for part in (result.composition, result.imputation, result.annotation, result.domains):
        if part is not None:
            return part.spot_names
    return None


def fill_table(
    obs: Any,  # noqa: ANN401 - a data frame
    result: RunResult,
    types: NDArray[np.str_],
    chosen: Mapping[str, str],
) -> AnnData:
    """Make a table with all that a result says of its spots.

    Parameters
    ----------
    obs : DataFrame
        One row per spot, with what links it to its element.
    result : RunResult
        What a run gave.
    types : ndarray of str
        All cell types of the run: the categories of the dominant type.
    chosen : mapping of str to str
        Colours of some types or domains that a person has chosen.
    """
    import anndata
    import pandas as pd

    predicted = result.imputation
    if predicted is None:
        table = anndata.AnnData(obs=obs)
    else:
        var = pd.DataFrame(
            {"held_out_pcc": predicted.expected_pcc, "measured": predicted.measured},
            index=pd.Index(predicted.gene_names.astype(object), name="gene"),
        )
        spread = predicted.half_width / _widths(predicted.coverage)
        table = anndata.AnnData(
            X=predicted.values, obs=obs, var=var, layers={"sd": spread.astype(np.float32)}
        )
        table.uns[SCALE], table.uns[COVERAGE] = str(predicted.scale), predicted.coverage
    if result.composition is not None:
        _add_composition(table, result.composition, types)
        recolour(table, "dominant_type", chosen)
    if result.annotation is not None:
        _add_annotation(table, result.annotation)
        recolour(table, "cell_type", chosen)
    if result.domains is not None:
        _add_domains(table, result.domains)
        recolour(table, "domain", chosen)
    return table


def _add_composition(table: AnnData, found: Composition, types: NDArray[np.str_]) -> None:
    table.obs["map_entropy"] = found.entropy.astype(np.float32)
    categorical(table, "dominant_type", found.dominant_type, types)
    table.obsm[COMPOSITION] = found.values.astype(np.float32)
    table.uns[f"{COMPOSITION}_names"] = found.types.astype(object)
    for name in ("embedding", "spread"):
        if getattr(found, name) is not None:
            table.obsm[name if name == "embedding" else f"{COMPOSITION}_sd"] = getattr(found, name)
    if found.absence is not None:
        table.uns[f"{COMPOSITION}_absence"] = found.absence


def _add_annotation(table: AnnData, found: Annotation) -> None:
    categorical(table, "cell_type", found.cell_type, found.types)
    table.obs["cell_type_confidence"] = found.confidence
    table.obs["novelty_p"] = found.novelty_p.astype(np.float32)
    table.obsm[PROBABILITY] = found.probability.astype(np.float32)
    table.obsm[SETS] = found.prediction_set.astype(np.uint8)
    table.uns[f"{PROBABILITY}_names"] = found.types.astype(object)
    table.uns[f"{SETS}_coverage"] = found.coverage


def _add_domains(table: AnnData, found: Domains) -> None:
    categorical(table, "domain", found.domain, found.names)
    colours = {**colours_of(found.names.tolist()), **found.colours}
    table.uns["domain_colors"] = np.array([colours[n] for n in found.names.tolist()], dtype=object)
    table.obs["domain_confidence"] = found.confidence
    table.obsm[DOMAINS] = found.probability.astype(np.float32)
    table.uns[f"{DOMAINS}_names"] = found.names.astype(object)
    for name in ("curve", "stability"):
        kept = getattr(found, name)
        table.uns[f"domain_{name}"] = np.array([[k, v] for k, v in kept.items()]).reshape(-1, 2)
    if found.embedding is not None:
        table.obsm["embedding"] = found.embedding


def categorical(
    table: AnnData, key: str, values: NDArray[np.str_], names: NDArray[np.str_]
) -> None:
    """Add a column of categories with their colours, as scanpy keeps them.

    Parameters
    ----------
    table : AnnData
        Gets the column.
    key : str
        Its name.
    values : ndarray of str, shape (n_obs,)
        Its entries.
    names : ndarray of str
        All categories.
    """
    import pandas as pd

    table.obs[key] = pd.Categorical(values.astype(object), categories=names.astype(object))
    recolour(table, key, {})


def recolour(table: AnnData, key: str, chosen: Mapping[str, str]) -> None:
    """Give the categories of a column their colours: those of the palette, or chosen ones.

    Parameters
    ----------
    table : AnnData
        Gets ``uns["<key>_colors"]``.
    key : str
        Column of categories.
    chosen : mapping of str to str
        ``#rrggbb`` by category, for those that shall not have the palette's.
    """
    names = [str(name) for name in table.obs[key].cat.categories]
    colours = colours_of(names, chosen)
    table.uns[f"{key}_colors"] = np.array([colours[n] for n in names], dtype=object)


def colours_in(table: AnnData) -> dict[str, str]:
    """Colours in a table of a run that are not the palette's own.

    Parameters
    ----------
    table : AnnData
        A table that we wrote.
    """
    found: dict[str, str] = {}
    for key in COLOURED:
        if key in table.obs and f"{key}_colors" in table.uns:
            names = [str(name) for name in table.obs[key].cat.categories]
            found |= chosen_colours(names, table.uns[f"{key}_colors"])
    return found


def chosen_colours(names: list[str], colours: object) -> dict[str, str]:
    """Colours that differ from the palette's; what is no colour does not count."""
    usual = colours_of(names)
    pairs = zip(names, text(colours).tolist(), strict=False)
    return {name: c for name, c in pairs if is_colour(c) and c.lower() != usual[name]}


def read_answers(table: AnnData) -> dict[str, Any]:
    """Read back what a table says of its spots: fields of `RunResult`.

    Parameters
    ----------
    table : AnnData
        Spots' table of a run.
    """
    names = np.asarray(table.obs_names, dtype=np.str_)
    readers: Mapping[str, tuple[bool, Any]] = {
        "composition": (COMPOSITION in table.obsm, _composition),
        "imputation": (SCALE in table.uns, _imputation),
        "annotation": (PROBABILITY in table.obsm, _annotation),
        "domains": (DOMAINS in table.obsm, _domains),
    }
    return {name: read(table, names) for name, (there, read) in readers.items() if there}


def _composition(table: AnnData, names: NDArray[np.str_]) -> Composition:
    return Composition(
        spot_names=names,
        types=text(table.uns[f"{COMPOSITION}_names"]),
        values=np.asarray(table.obsm[COMPOSITION], dtype=np.float32),
        entropy=table.obs["map_entropy"].to_numpy(np.float32),
        embedding=_optional(table.obsm, "embedding"),
        spread=_optional(table.obsm, f"{COMPOSITION}_sd"),
        absence=_optional(table.uns, f"{COMPOSITION}_absence"),
    )


def _imputation(table: AnnData, names: NDArray[np.str_]) -> Imputation:
    coverage = float(table.uns[COVERAGE])
    return Imputation(
        spot_names=names,
        gene_names=np.asarray(table.var_names, dtype=np.str_),
        values=np.asarray(table.X, dtype=np.float32),
        scale=ExpressionScale(str(table.uns[SCALE])),
        half_width=np.asarray(table.layers["sd"], dtype=np.float32) * np.float32(_widths(coverage)),
        expected_pcc=table.var["held_out_pcc"].to_numpy(np.float32),
        measured=table.var["measured"].to_numpy(np.bool_),
        coverage=coverage,
    )


def _annotation(table: AnnData, names: NDArray[np.str_]) -> Annotation:
    return Annotation(
        spot_names=names,
        types=text(table.uns[f"{PROBABILITY}_names"]),
        probability=np.asarray(table.obsm[PROBABILITY], dtype=np.float32),
        prediction_set=np.asarray(table.obsm[SETS], dtype=np.bool_),
        novelty_p=table.obs["novelty_p"].to_numpy(np.float32),
        coverage=float(table.uns[f"{SETS}_coverage"]),
    )


def _domains(table: AnnData, names: NDArray[np.str_]) -> Domains:
    kept = {
        name: {int(k): float(v) for k, v in np.asarray(table.uns[f"domain_{name}"]).reshape(-1, 2)}
        for name in ("curve", "stability")
    }
    known = text(table.uns[f"{DOMAINS}_names"])
    usual = colours_of(known.tolist())
    colours = dict(zip(known.tolist(), text(table.uns["domain_colors"]).tolist(), strict=True))
    return Domains(
        spot_names=names,
        names=known,
        colours={n: c for n, c in colours.items() if c != usual[n]},
        probability=np.asarray(table.obsm[DOMAINS], dtype=np.float32),
        embedding=_optional(table.obsm, "embedding"),
        **kept,
    )


def _widths(coverage: float) -> float:
    """Half width of a normal distribution's central interval, in standard deviations."""
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def _optional(kept: Any, key: str) -> NDArray[np.float32] | None:  # noqa: ANN401 - obsm or uns
    return np.asarray(kept[key], dtype=np.float32) if key in kept else None


def text(names: Any) -> NDArray[np.str_]:  # noqa: ANN401 - zarr gives strings of its own kind
    """Turn strings into numpy's own."""
    return np.asarray([str(name) for name in names], dtype=np.str_)
