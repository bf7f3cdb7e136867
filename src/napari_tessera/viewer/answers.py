"""Spots coloured by any answer of a run: composition, cell type, domain, predicted gene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.certainty import certainty
from napari_tessera.viewer.colours import coded, faded, limits_of, value_rgba
from napari_tessera.viewer.composition import SpotColour, paint_spots, spot_columns
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import Painting, category_legend, ramp_legend, short
from napari_tessera.viewer.mixture import paint_blend, paled_by_lead
from napari_tessera.viewer.spots import placed, spot_dots, spots_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.imputation import Imputation
    from napari_tessera.contract.results import Run, RunResult
    from napari_tessera.contract.views import SpotsView, TissueView
    from napari_tessera.viewer.raster import Dots

LEAST_TRUST = 0.3
"""Genes whose expected correlation is below this are marked in the list."""

_LABELS = {
    SpotColour.TYPE: "Cells by type",
    SpotColour.DOMAIN: "Spots by domain",
    SpotColour.DOMINANT: "Spots by dominant type",
    SpotColour.LEAD: "Spots by dominant type",
}


@dataclass(frozen=True, kw_only=True)
class SpotLook:
    """How spots are coloured.

    Parameters
    ----------
    how : SpotColour
        What the colour says.
    cell_type, gene : str
        The one type of a share, the one gene that is drawn.
    blend : tuple of str
        Types that are blended.
    fade : bool
        Whether what is unsure fades; a colour that says how sure a spot is does not.
    hidden : frozenset of str
        Categories that are not drawn.
    colours : mapping of str to str
        Colours of some categories that a person has chosen.
    """

    how: SpotColour
    cell_type: str = ""
    gene: str = ""
    blend: tuple[str, ...] = ()
    fade: bool = False
    hidden: frozenset[str] = frozenset()
    colours: Mapping[str, str] = field(default_factory=dict)


def colours_for(result: RunResult) -> tuple[SpotColour, ...]:
    """Ways to colour spots that a result has something to say for; the first is the usual one.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    """
    found: list[SpotColour] = []
    if result.imputation is not None and result.imputation.gene_names.size:
        found += [SpotColour.GENE, SpotColour.GENE_WIDTH]
    if result.annotation is not None:
        found += [SpotColour.TYPE, SpotColour.TYPE_CONFIDENCE, SpotColour.NOVELTY]
    if result.domains is not None:
        found += [SpotColour.DOMAIN, SpotColour.DOMAIN_CONFIDENCE]
    if result.composition is not None:
        found += [SpotColour.DOMINANT, SpotColour.LEAD, SpotColour.BLEND]
        found += [SpotColour.SHARE, SpotColour.ENTROPY]
    return tuple(found)


def paint_answer(result: RunResult, spots: SpotsView, look: SpotLook) -> Painting:
    """Colour every spot of the view; spots that the run left out are transparent.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    spots : SpotsView
        Spots on the screen; matched by name.
    look : SpotLook
        One of `colours_for`.

    Raises
    ------
    ValueError
        If the result does not say what is asked for.
    """
    if look.how in _LABELS:
        names, painting = _paint_labels(result, spots, look)
    elif result.composition is not None and look.how in {SpotColour.SHARE, SpotColour.ENTROPY}:
        names = result.composition.spot_names
        painting = paint_spots(result.composition, spots, look.how, look.cell_type)
    elif result.composition is not None and look.how is SpotColour.BLEND:
        names = result.composition.spot_names
        painting = paint_blend(
            result.composition, spots, look.blend, colours=look.colours, hidden=look.hidden
        )
    else:
        values, names, title = _numbers(result, look)
        limits = limits_of(values)
        colours = placed(value_rgba(values, limits), names, spots)
        painting = Painting(rgba=colours, legend=ramp_legend(title, limits))
    if not look.fade:
        return painting
    sure = certainty(result, look.how, gene=look.gene, cell_type=look.cell_type)
    if sure is None:
        return painting
    of_spots = placed(sure, names, spots)
    return Painting(rgba=faded(painting.rgba, of_spots), legend=painting.legend)


def _paint_labels(
    result: RunResult, spots: SpotsView, look: SpotLook
) -> tuple[NDArray[np.str_], Painting]:
    """Colour spots by a label; and the spots that have one."""
    names, codes, known = _labels(result, look.how)
    kept = result.domains.colours if result.domains and look.how is SpotColour.DOMAIN else {}
    items = coded(codes, known, {**kept, **look.colours})
    colours = items.rgba()
    if look.hidden:
        colours[~items.shown(look.hidden), 3] = 0
    legend = category_legend(_LABELS[look.how], items)
    if look.how is SpotColour.LEAD and result.composition is not None:
        colours, legend = paled_by_lead(colours, legend, result.composition)
    return names, Painting(rgba=placed(colours, names, spots), legend=legend)


def _labels(
    result: RunResult, how: SpotColour
) -> tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.str_]]:
    """Spots, the position of the label of each, and all labels."""
    if how is SpotColour.TYPE and result.annotation is not None:
        part = result.annotation
        return part.spot_names, part.codes, part.types
    if how is SpotColour.DOMAIN and result.domains is not None:
        return result.domains.spot_names, result.domains.codes, result.domains.names
    if how in {SpotColour.DOMINANT, SpotColour.LEAD} and result.composition is not None:
        mixed = result.composition
        return mixed.spot_names, mixed.codes, mixed.types
    raise ValueError(how)


def _numbers(
    result: RunResult, look: SpotLook
) -> tuple[NDArray[np.float32], NDArray[np.str_], str]:
    """Values, the spots that they belong to, and what they are."""
    if result.imputation is not None and look.how in {SpotColour.GENE, SpotColour.GENE_WIDTH}:
        predicted = result.imputation
        at = np.flatnonzero(predicted.gene_names == look.gene)
        if not at.size:
            raise ValueError(look.gene)
        if look.how is SpotColour.GENE:
            title = f"Prediction of {look.gene} ({gene_badge(predicted, int(at[0]))})"
            return predicted.values[:, at[0]], predicted.spot_names, title
        title = f"{look.gene}: half width, {predicted.coverage:.0%} interval"
        return predicted.half_width[:, at[0]], predicted.spot_names, title
    if result.annotation is not None and look.how is SpotColour.TYPE_CONFIDENCE:
        return result.annotation.confidence, result.annotation.spot_names, "Confidence of the type"
    if result.annotation is not None and look.how is SpotColour.NOVELTY:
        return result.annotation.novelty_p, result.annotation.spot_names, "P of a known type"
    if result.domains is not None and look.how is SpotColour.DOMAIN_CONFIDENCE:
        return result.domains.confidence, result.domains.spot_names, "Confidence of the domain"
    raise ValueError(look.how)


def gene_badge(imputation: Imputation, at: int) -> str:
    """Say whether a gene was measured, and the correlation to expect of its prediction, r.

    Parameters
    ----------
    imputation : Imputation
        Predicted genes.
    at : int
        Position of the gene.
    """
    came = "measured" if imputation.measured[at] else "predicted"
    expected = float(imputation.expected_pcc[at])
    return f"{came}, r {short(expected)}{' (weak)' if expected < LEAST_TRUST else ''}"


def gene_entries(result: RunResult) -> list[tuple[str, str]]:
    """Genes to choose from, with their badge; those that were never measured first.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    """
    found = result.imputation
    if found is None:
        return []
    order = sorted(
        range(found.gene_names.size),
        key=lambda i: (bool(found.measured[i]), str(found.gene_names[i])),
    )
    return [(str(found.gene_names[i]), gene_badge(found, i)) for i in order]


def answer_layers(run: Run, view: TissueView, painting: Painting) -> list[LayerData]:
    """One layer of coloured spots; none where the view has none.

    Parameters
    ----------
    run : Run
        A finished run.
    view : TissueView
        Tissue on the screen.
    painting : Painting
        What `paint_answer` gave.
    """
    if view.spots is None:
        return []
    data, arguments, kind = spots_layer(view.spots, painting.rgba)
    arguments |= {
        "name": f"{run.name} spots",
        "metadata": mark(Role.COMPOSITION, run.name),
        **world_units(view.unit),
    }
    if kind != "labels":
        arguments["features"] = answer_columns(run.result, view.spots)
    return [(data, arguments, kind)]


def answer_dots(run: Run, view: TissueView, spots: SpotsView) -> Dots:
    """Spots of a run as a crowd that is drawn as a raster.

    Parameters
    ----------
    run : Run
        A finished run.
    view : TissueView
        Tissue on the screen.
    spots : SpotsView
        Its spots, drawn as dots.
    """
    arguments = {
        "name": f"{run.name} spots",
        "metadata": mark(Role.COMPOSITION, run.name),
        **world_units(view.unit),
    }
    return spot_dots(spots, arguments, lambda: answer_columns(run.result, spots))


def answer_columns(result: RunResult, spots: SpotsView) -> dict[str, NDArray[np.generic]]:
    """Columns that the mouse tells over a spot.

    Parameters
    ----------
    result : RunResult
        What a run gave.
    spots : SpotsView
        Spots on the screen.
    """
    columns: dict[str, NDArray[np.generic]] = {"spot": spots.names}
    if result.composition is not None:
        columns |= spot_columns(result.composition, spots)
    if result.annotation is not None:
        rows = spots.rows_in(result.annotation.spot_names)
        named = np.append(result.annotation.cell_type.astype(object), "not used")
        columns["cell type"] = named[rows]
        columns["confidence"] = np.round(np.append(result.annotation.confidence, np.nan)[rows], 3)
    if result.domains is not None:
        rows = spots.rows_in(result.domains.spot_names)
        columns["domain"] = np.append(result.domains.domain.astype(object), "not used")[rows]
        columns["sureness"] = np.round(np.append(result.domains.confidence, np.nan)[rows], 3)
    return columns
