"""What the tour says at each dock, and how it sees that a person has done it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.workbench.tour import Stop

if TYPE_CHECKING:
    from napari_tessera.widgets.session import Session

_TISSUE = (
    "Here a tissue and its single cells are opened, and checked before anything is trained. Where "
    "nothing is open, the tour has just opened the sample: wait until it says <i>ready to run</i>."
)
_MODEL = (
    "Press <b>Run</b>: a model learns in the background where the cells belong. "
    "<b>Finish now</b> ends it early and keeps what it has learnt."
)
_RESULTS = (
    "A run that is done is listed here, its error beside that of a simple method. "
    "Tick <b>Spots</b> to see what each spot is made of."
)
_REGIONS = (
    "Press <b>Lasso</b>, hold the mouse button and draw around a part of the tissue. "
    "<b>Rank genes</b> then says which genes put the cells there."
)
_GENES = (
    "Type a part of a gene's name and step through the list with the arrow keys: "
    "each gene is drawn at once."
)
_EXPLORE = (
    "Press <b>On tissue</b> and draw around some spots. The bars tell what they are made of, "
    "<b>Rank genes</b> what sets them apart."
)
_LEAVE = (
    "<b>Export</b> writes all that you did as a Python script that does it again. "
    "That was the tour; a tissue of your own is opened in the Tissue dock."
)


def stops_of(session: Session) -> tuple[Stop, ...]:
    """Give the stops of the tour, in order.

    Parameters
    ----------
    session : Session
        Of the window that is shown around in.
    """
    bench, canvas = session.bench, session.canvas

    def spots_shown() -> int:
        layers = canvas.runs.get(canvas.current)
        return int(layers is not None and layers.showing.spots)

    return (
        Stop(dock="Tissue", words=_TISSUE, count=lambda: int(bench.can_run)),
        Stop(dock="Model", words=_MODEL, count=lambda: len(bench.jobs)),
        Stop(dock="Results", words=_RESULTS, count=spots_shown),
        Stop(dock="Regions & genes", words=_REGIONS, count=lambda: len(session.explaining.regions)),
        Stop(dock="Genes", words=_GENES, count=lambda: len(session.finding.chosen)),
        Stop(dock="Explore", words=_EXPLORE, count=lambda: int(session.exploring.first.any())),
        Stop(dock="Results", words=_LEAVE),
    )
