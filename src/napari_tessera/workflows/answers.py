"""The verbs beside placing: predict genes, name cells, find domains."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.imputing import WantedGenes
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.method import Task
from napari_tessera.methods import method_for
from napari_tessera.workflows.verbs import begin, carry_out, make_spec, with_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.contract.options import Options
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import Run
    from napari_tessera.workflows.prepare import ReferenceSource, TissueSource


def impute_genes(  # noqa: PLR0913 - a public verb
    tissue: TissueSource,
    reference: ReferenceSource,
    *,
    genes: Sequence[str] | None = None,
    method: str = "ensemble",
    options: Options | None = None,
    selection: Selection | None = None,
    monitor: Monitor | None = None,
    out: Path | str | None = None,
    again: bool = False,
) -> Run:
    """Predict genes in the tissue from a reference that measured them.

    Parameters
    ----------
    tissue : path, SpatialData or AnnData
        The tissue; counts, logarithms or intensities, as far as the method takes them.
    reference : path or AnnData
        Dissociated cells with counts.
    genes : sequence of str, optional
        Genes to predict beside the shared ones; ``["all"]`` takes every gene of the reference.
    method : str
        ``ensemble``, ``stai``, ``spaim``, ``come`` or ``baseline``.
    options, selection, monitor, out, again
        As for `map_cells`.

    Returns
    -------
    Run
        Its ``result.imputation`` has values, intervals and the correlation to expect per gene.

    Raises
    ------
    RefusedError
        If the data cannot be used; nothing was written.
    OptionError
        If the method has no say in which genes are predicted.
    FitCancelled
        If the monitor says so.
    FitError
        If the fit cannot be completed.
    """
    chosen = method_for(Task.IMPUTE, method)
    if genes is not None:
        options = chosen.options_type() if options is None else options
        if not isinstance(options, WantedGenes):
            msg = f"Method {method}: expected no genes, found {len(genes)}."
            raise OptionError(msg, "This method predicts the genes that both sides have.")
        options = dataclasses.replace(options, genes=",".join(genes))
    spec = make_spec(
        tissue, reference, method=method, options=options, task=Task.IMPUTE,
        selection=selection if selection is not None else Selection(),
    )  # fmt: skip
    start = begin(spec, tissue=tissue, reference=reference, out=out, again=again)
    return carry_out(start, monitor)


def annotate_spots(  # noqa: PLR0913 - a public verb
    tissue: TissueSource,
    reference: ReferenceSource,
    *,
    cell_type_column: str | None = None,
    method: str = "ensemble",
    options: Options | None = None,
    selection: Selection | None = None,
    monitor: Monitor | None = None,
    out: Path | str | None = None,
    again: bool = False,
) -> Run:
    """Name the cells of an imaging platform by the types of a reference.

    Parameters
    ----------
    tissue : path, SpatialData or AnnData
        The tissue, whose spots are cells.
    reference : path or AnnData
        Dissociated cells with types.
    cell_type_column : str, optional
        ``obs`` column of the reference with the cell types; chosen by itself if not given.
    method : str
        ``ensemble``, ``stai`` or ``baseline``.
    options, selection, monitor, out, again
        As for `map_cells`.

    Returns
    -------
    Run
        Its ``result.annotation`` has types, probabilities, sets and a p-value for strangers.

    Raises
    ------
    RefusedError
        If the data cannot be used; nothing was written.
    FitCancelled
        If the monitor says so.
    FitError
        If the fit cannot be completed.
    """
    spec = make_spec(
        tissue, reference, method=method, options=options, task=Task.ANNOTATE,
        selection=with_column(selection, cell_type_column),
    )  # fmt: skip
    start = begin(spec, tissue=tissue, reference=reference, out=out, again=again)
    return carry_out(start, monitor)


def find_domains(  # noqa: PLR0913 - a public verb
    tissue: TissueSource,
    *,
    source: Path | str | None = None,
    label_column: str | None = None,
    composition: str | None = None,
    method: str = "transst",
    options: Options | None = None,
    selection: Selection | None = None,
    monitor: Monitor | None = None,
    out: Path | str | None = None,
    again: bool = False,
) -> Run:
    """Find the spatial domains of a tissue, with what a labelled section taught where it helps.

    Parameters
    ----------
    tissue : path, SpatialData or AnnData
        The tissue; no reference is needed.
    source : path, optional
        Labelled section, ``.zarr`` or ``.h5ad`` with places.
    label_column : str, optional
        ``obs`` column of the source with its domains.
    composition : str, optional
        Run of this tissue whose composition of the spots is looked at beside the genes.
    method : str
        ``transst`` or ``baseline``.
    options, selection, monitor, out, again
        As for `map_cells`.

    Returns
    -------
    Run
        Its ``result.domains`` has soft labels; the warnings say whether the source was used.

    Raises
    ------
    RefusedError
        If the data cannot be used; nothing was written.
    FitCancelled
        If the monitor says so.
    FitError
        If the fit cannot be completed.
    """
    chosen = selection if selection is not None else Selection()
    if label_column is not None:
        chosen = dataclasses.replace(chosen, label_column=label_column)
    spec = make_spec(
        tissue, None, method=method, options=options, task=Task.CLUSTER, selection=chosen
    )
    if source is not None:
        spec = dataclasses.replace(spec, source=str(Path(source).absolute()))
    spec = dataclasses.replace(spec, composition=composition or "")
    start = begin(spec, tissue=tissue, out=out, again=again)
    return carry_out(start, monitor)
