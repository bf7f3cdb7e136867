"""What is asked: run, group, the others, and within which cell type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal
from qtpy.QtWidgets import QFormLayout, QWidget

from napari_tessera.contract.regions import RegionKind
from napari_tessera.widgets.parts import combo, fill
from napari_tessera.workflows.explained import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Run

REGION, PATH, TYPE, DOMAIN = "a region", "along a path", "a cell type", "a domain"
REST, COMMONEST, ALL = "the rest", "its commonest type", "all cell types"

NARROW = 5
"""Letters of an entry that are seen at least: beside the longest label, in a narrow dock."""


class QuestionForm(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Five choices that make a question.

    Attributes
    ----------
    changed : Signal
        Emitted after any of them has changed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._regions: tuple[Region, ...] = ()
        self._types: list[str] = []
        self._domains: list[str] = []
        self.run = combo("Run whose map is explained", self._on_choice)
        self.kind = combo("What the group is", self._on_kind)
        self.group = combo("Which one", self._on_choice)
        self.against = combo("Who the others are", self._on_choice)
        self.within = combo(
            "Comparing cells of one type finds what places them; comparing all cells finds mostly "
            "the markers of the types that live there",
            self._on_choice,
        )
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for label, box in (
            ("Run", self.run), ("Which genes set apart", self.kind), ("called", self.group),
            ("from", self.against), ("within", self.within),
        ):  # fmt: skip
            box.setMinimumContentsLength(NARROW)
            form.addRow(label, box)
        fill(self.kind, (REGION, PATH, TYPE, DOMAIN), REGION)
        self._offer()

    def set_runs(self, names: Sequence[str]) -> None:
        """Offer other runs; the chosen one stays if it is among them."""
        kept = self.run.currentText()
        fill(self.run, names, kept if kept in names else next(iter(names), None))
        self.changed.emit()

    def set_regions(self, regions: tuple[Region, ...]) -> None:
        """Offer other regions and paths."""
        self._regions = regions
        self._offer()

    def set_run(self, run: Run) -> None:
        """Offer the types and domains of a run, and choose it."""
        placement, domains = run.result.placement, run.result.domains
        self._types = [] if placement is None else list(placement.type_names)
        self._domains = [] if domains is None else np.unique(domains.columns()["domain"]).tolist()
        if self.run.findText(run.name) >= 0:
            self.run.setCurrentText(run.name)
        self._offer()

    def choose_group(self, name: str) -> None:
        """Ask about a region or path that was chosen elsewhere."""
        for region in self._regions:
            if region.name == name:
                is_path = region.kind is RegionKind.PATH
                self.kind.setCurrentText(PATH if is_path else REGION)
                self._offer()
                self.group.setCurrentText(name)
                self._offer_others()
                self.changed.emit()

    def question(self) -> Question | None:
        """Give what is asked; None while there is nothing to ask about."""
        group, kind = self.group.currentText(), self.kind.currentText()
        if not group or not self.run.currentText():
            return None
        within = {COMMONEST: None, ALL: "all"}.get(
            self.within.currentText(), self.within.currentText()
        )
        against = None if self.against.currentText() == REST else self.against.currentText()
        field = {REGION: "region", PATH: "path", TYPE: "cell_type", DOMAIN: "domain"}[kind]
        if kind == PATH:
            against = None
        return Question(
            **{field: group}, against=against or None, within=None if kind == TYPE else within
        )

    def _on_choice(self, _text: str) -> None:
        self._offer_others()
        self.changed.emit()

    def _on_kind(self, _text: str) -> None:
        self._offer()
        self.changed.emit()

    def _names(self) -> list[str]:
        """Names of the chosen kind."""
        wanted = {REGION: RegionKind.AREA, PATH: RegionKind.PATH}
        kind = self.kind.currentText()
        if kind in wanted:
            return [r.name for r in self._regions if r.kind is wanted[kind]]
        return self._types if kind == TYPE else self._domains

    def _offer(self) -> None:
        """Fill every list for the chosen kind, and keep what can be kept."""
        names, kept = self._names(), self.group.currentText()
        fill(self.group, names, kept if kept in names else next(iter(names[-1:]), None))
        within = self.within.currentText()
        first = [ALL] if self.kind.currentText() == PATH else [COMMONEST, ALL]
        entries = [*first, *self._types]
        fill(self.within, entries, within if within in entries else entries[0])
        self.within.setEnabled(self.kind.currentText() != TYPE)
        self._offer_others()

    def _offer_others(self) -> None:
        """Fill the list of the others: everything else, or a second of the same kind."""
        kept, group = self.against.currentText(), self.group.currentText()
        others = [] if self.kind.currentText() == PATH else self._names()
        entries = [REST, *(name for name in others if name != group)]
        fill(self.against, entries, kept if kept in entries else REST)
        self.against.setEnabled(len(entries) > 1)
