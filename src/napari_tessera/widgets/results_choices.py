"""The form that says what of a run is drawn, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QWidget,
)

from napari_tessera.viewer.composition import SpotColour
from napari_tessera.viewer.placement import CellColour
from napari_tessera.viewer.raster import MOST_POINTS, DrawAs
from napari_tessera.widgets.blend_choice import BlendChoice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_tessera.widgets.results_layers import RunLayers

_CELLS = {
    CellColour.TYPE: "by cell type",
    CellColour.CONFIDENCE: "by confidence",
    CellColour.ENTROPY: "by entropy",
    CellColour.SPREAD: "by spread",
}
_SPOTS = {
    SpotColour.DOMINANT: "by dominant type",
    SpotColour.LEAD: "by dominant type, lead",
    SpotColour.BLEND: "by a blend of types",
    SpotColour.SHARE: "by share of the type below",
    SpotColour.ENTROPY: "by entropy",
    SpotColour.GENE: "by the gene below",
    SpotColour.GENE_WIDTH: "by the interval of the gene",
    SpotColour.TYPE: "by cell type",
    SpotColour.TYPE_CONFIDENCE: "by confidence of the type",
    SpotColour.NOVELTY: "by none of these (p)",
    SpotColour.DOMAIN: "by domain",
    SpotColour.DOMAIN_CONFIDENCE: "by confidence of the domain",
}
_LISTS = ("cell_colour", "draw_as", "spot_colour", "cell_type", "gene")
_DRAW_AS = {
    DrawAs.AUTO: "automatic",
    DrawAs.POINTS: "points",
    DrawAs.RASTER: "raster",
}
_DRAW_AS_TIP = (
    "Points are napari's own. A raster is a picture of what is in view, painted anew as you move: "
    f"much faster for many. Automatic takes it above {MOST_POINTS:,}."
)


class ShowingForm(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Check boxes and lists for the fields of `Showing`.

    Attributes
    ----------
    changed : Signal
        Emitted with a dict of the one field that a person changed.
    """

    changed = Signal(dict)

    def __init__(self) -> None:
        super().__init__()
        self.cells = _check("Cells", "Draw the placed cells")
        self.cell_colour = _choice(_CELLS.items(), "What the colour of a cell says")
        self.fade = _check("Unsure ones fade", "Let whatever is unsure fade, in every run")
        self.draw_as = _choice(_DRAW_AS.items(), _DRAW_AS_TIP)
        self.spots = _check("Spots", "Draw the composition of the spots")
        self.spot_colour = _choice(_SPOTS.items(), "What the colour of a spot says")
        self.blend = BlendChoice()
        self.blend.hide()
        self.pies = _check("Pies", "Draw the shares of every spot as a pie when you are near")
        self.density = _check("Density", "Draw where the cells of the type below lie, as a veil")
        self.cell_type = _choice((), "The one type meant by a share and by the density")
        self.gene = _choice(
            (),
            "The predicted gene that is drawn, with the correlation to expect, r; type to search",
        )
        _let_search(self.gene)
        self._setting = False
        self._lay_out()
        self.blend.changed.connect(lambda chosen: self._tell("blend", chosen))
        for name in ("cells", "fade", "spots", "pies", "density"):
            getattr(self, name).toggled.connect(lambda on, n=name: self._tell(n, bool(on)))
        for name in _LISTS:
            box = getattr(self, name)
            box.activated.connect(lambda _i, n=name, b=box: self._tell(n, b.currentData()))

    def set_showing(self, layers: RunLayers | None) -> None:
        """Show what is drawn of a run without telling anyone.

        Parameters
        ----------
        layers : RunLayers or None
            Layers of the run; None leaves the form as it is.
        """
        if layers is None:
            return
        self._setting = True
        showing, result = layers.showing, layers.run.result
        _refill(self.cell_type, [(name, name) for name in layers.types])
        _refill(self.spot_colour, [(how, _SPOTS[how]) for how in layers.colours])
        _refill(self.gene, [(name, f"{name}: {words}") for name, words in layers.genes])
        for name in ("cells", "fade", "spots", "pies", "density"):
            getattr(self, name).setChecked(getattr(showing, name))
        for name in _LISTS:
            box = getattr(self, name)
            box.setCurrentIndex(max(box.findData(getattr(showing, name)), 0))
        self.blend.set_showing(layers)
        self.blend.setVisible(showing.spot_colour is SpotColour.BLEND)
        self.gene.lineEdit().setCursorPosition(0)
        has_types = result.placement is not None and result.placement.cell_types is not None
        for widget in (self.cells, self.cell_colour):
            widget.setEnabled(result.placement is not None)
        for widget in (self.spots, self.spot_colour):
            widget.setEnabled(bool(layers.colours))
        self.pies.setEnabled(result.composition is not None)
        for widget in (self.gene, self.gene_word):
            widget.setVisible(bool(layers.genes))
        self.density.setEnabled(has_types)
        self.cell_type.setEnabled(bool(layers.types))
        self._setting = False

    def _tell(self, name: str, value: Any) -> None:  # noqa: ANN401 - a field of Showing
        if self._setting:
            return
        changes = {name: value}
        if name in {"spot_colour", "blend", "gene"}:
            changes["spots"] = True
        if name == "gene" and self.spot_colour.currentData() is not SpotColour.GENE_WIDTH:
            changes["spot_colour"] = SpotColour.GENE
        if name == "cell_colour":
            changes["cells"] = True
        self.changed.emit(changes)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.cells, 0, 0)
        grid.addWidget(self.cell_colour, 0, 1)
        grid.addWidget(self.fade, 1, 1)
        grid.addWidget(self.spots, 2, 0)
        grid.addWidget(self.spot_colour, 2, 1)
        grid.addWidget(self.blend, 3, 0, 1, 2)
        grid.addWidget(self.pies, 4, 0)
        grid.addWidget(QLabel("of the spots, once zoomed in"), 4, 1)
        grid.addWidget(self.density, 5, 0)
        grid.addWidget(QLabel("of the type below"), 5, 1)
        grid.addWidget(QLabel("Type"), 6, 0)
        grid.addWidget(self.cell_type, 6, 1)
        self.gene_word = QLabel("Gene")
        grid.addWidget(self.gene_word, 7, 0)
        grid.addWidget(self.gene, 7, 1)
        for seldom in (self.blend, self.gene, self.gene_word):
            seldom.hide()  # until there is a run that has use for it
        grid.addWidget(QLabel("Drawn as"), 8, 0)
        grid.addWidget(self.draw_as, 8, 1)


def _refill(box: QComboBox, entries: list[tuple[Any, str]]) -> None:
    """Offer other entries, unless they are the same."""
    if [box.itemData(i) for i in range(box.count())] == [value for value, _ in entries]:
        return
    box.clear()
    for value, text in entries:
        box.addItem(text, value)


def _let_search(box: QComboBox) -> None:
    """Let a person type a part of an entry."""
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    completer = box.completer()
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)


def _check(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(tip)
    return box


def _choice(entries: Iterable[tuple[str, str]], tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    for value, text in entries:
        box.addItem(text, value)
    return box
