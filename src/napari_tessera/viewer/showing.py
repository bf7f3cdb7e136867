"""What of a run is on the screen, and how: the state that a dock edits and a canvas draws."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.placement import CellColour
from napari_tessera.viewer.raster import DrawAs


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What is shown of one run.

    Parameters
    ----------
    cells : bool
        Whether placed cells are drawn.
    cell_colour : CellColour
        What their colour says.
    fade : bool
        Whether whatever is drawn fades where it is unsure.
    spots : bool
        Whether spots are drawn by composition.
    spot_colour : SpotColour
        What their colour says.
    pies : bool
        Whether the shares of the spots are drawn as pies, once they are wide enough.
    density : bool
        Whether the density of `cell_type` lies over the tissue.
    cell_type : str
        The one type meant by a share and by the density.
    blend : tuple of str
        Types whose colours are blended.
    gene : str
        The predicted gene that is drawn.
    hidden : frozenset of str
        Types or domains that are not drawn.
    draw_as : DrawAs
        Whether dots are napari's points or a raster of what the camera sees.
    """

    cells: bool = True
    cell_colour: CellColour = CellColour.TYPE
    fade: bool = False
    spots: bool = False
    spot_colour: SpotColour = SpotColour.DOMINANT
    pies: bool = False
    density: bool = False
    cell_type: str = ""
    blend: tuple[str, ...] = ()
    gene: str = ""
    hidden: frozenset[str] = frozenset()
    draw_as: DrawAs = DrawAs.AUTO
