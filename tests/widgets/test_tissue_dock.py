"""The Tissue dock: what it asks of the bench, and what it says of the data."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QLabel

from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.report import Problem, Report, Severity
from napari_tessera.data.choices import ReferenceChoices, TissueChoices
from napari_tessera.widgets.legible import clipped_words
from napari_tessera.widgets.tissue_dock import Part, TissueDock
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from napari_tessera.contract.inputs import PictureScale

CHOICES = TissueChoices(
    tables=("table", "second"),
    coordinate_systems=("global", "aligned"),
    images=("he", "dapi"),
    regions={"table": ("spots",), "second": ("spots", "labels")},
    layers={"table": ("counts",), "second": ()},
    gene_columns={"table": (), "second": ("symbol",)},
    sample_columns={},
)
CELLS = ReferenceChoices(
    layers=("counts", "raw"),
    gene_columns=(),
    cell_type_columns=("cell_type", "subtype"),
    n_cells=1564,
    n_genes=16880,
)
CHOSEN = Selection(
    table="table",
    region="spots",
    coordinate_system="global",
    image="he",
    cell_type_column="cell_type",
)


class Asked(Bench):
    """A bench that only notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__(lambda work: work())
        self.asked: list[Any] = []

    def open_tissue(
        self, source: object, *, image: Path | None = None, image_scale: PictureScale = 1.0
    ) -> None:
        self.asked.append(("tissue", source, image, image_scale))

    def open_reference(self, source: object) -> None:
        self.asked.append(("reference", source))

    def select(self, **changes: object) -> None:
        self.asked.append(changes)

    def show(self) -> None:
        """Say that a tissue and a reference were opened."""
        self.choices, self.reference_choices, self.selection = CHOICES, CELLS, CHOSEN
        self.reference = Path("wu.h5ad")
        self.tissue = SimpleNamespace(path=Path("a1.zarr"), title="a1")  # type: ignore[assignment]
        self.tissue_opened.emit(None)
        self.reference_opened.emit(CELLS)
        self.selection_changed.emit(CHOSEN)


@pytest.fixture
def bench() -> Asked:
    return Asked()


@pytest.fixture
def dock(qtbot: QtBot, bench: Asked) -> TissueDock:
    dock = TissueDock(bench)
    qtbot.addWidget(dock)
    dock.resize(340, 620)
    dock.show()
    return dock


def _problem(severity: Severity, found: str = "3 negative values") -> Problem:
    return Problem(
        code="counts-negative", severity=severity, element="table", column="X",
        expected="counts of 0 or more", found=found, hint="Choose the layer with raw counts.",
    )  # fmt: skip


def _report(*problems: Problem) -> Report:
    return Report(problems=problems, n_cells=1564, n_spots=346, n_genes=13339)


def _words(dock: TissueDock) -> str:
    return " ".join(label.text() for label in dock.problems.findChildren(QLabel))


def _drop(part: Part, *paths: str) -> bool:
    """Drop files as a person does; False if they are not taken."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys)
    entering.ignore()
    part.dragEnterEvent(entering)
    if not entering.isAccepted():
        return False
    part.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys))
    return True


def test_every_choice_is_offered(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    offered = {
        name: [box.itemText(i) for i in range(box.count())] for name, box in dock.boxes.items()
    }
    assert offered == {
        "table": ["table", "second"],
        "region": ["spots"],
        "coordinate_system": ["global", "aligned"],
        "image": ["he", "dapi"],
        "layer": ["X", "counts"],
        "gene_column": ["index"],
        "cell_type_column": ["cell_type", "subtype"],
        "reference_layer": ["X", "counts", "raw"],
        "reference_gene_column": ["index"],
    }


def test_what_is_chosen_is_shown(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    shown = (dock.boxes["image"].currentText(), dock.boxes["layer"].currentText())
    assert shown == ("he", "X")


def test_boxes_without_a_choice_are_not_in_the_way(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    assert not dock.boxes["gene_column"].isVisible()
    assert dock.boxes["reference_layer"].isVisible()


def test_choosing_tells_the_bench(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    dock.boxes["image"].textActivated.emit("dapi")
    assert bench.asked == [{"image": "dapi"}]


def test_another_table_forgets_what_was_chosen_in_the_first(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    dock.boxes["table"].textActivated.emit("second")
    assert bench.asked == [{"table": "second", "region": None, "layer": None, "gene_column": None}]


def test_the_matrix_itself_is_no_layer(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    dock.boxes["layer"].textActivated.emit("X")
    assert bench.asked == [{"layer": None}]


def test_sizes_are_said_before_anything_is_trained(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    bench.checked.emit(_report())
    said = dock.summary.text()
    assert all(size in said for size in ("346 spots", "1,564 cells", "13,339 shared genes"))
    assert "ready to run" in said


def test_a_refusal_says_all_of_it(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    bench.checked.emit(_report(_problem(Severity.REFUSE)))
    said = _words(dock)
    parts = ("table, X", "counts of 0 or more", "3 negative values", "Choose the layer")
    assert all(part in said for part in parts)
    assert "cannot be trained" in dock.summary.text()


def test_refusals_come_first(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    found = (_problem(Severity.REMARK, "first"), _problem(Severity.REFUSE, "second"))
    bench.checked.emit(_report(*found))
    assert _words(dock).index("second") < _words(dock).index("first")


def test_each_kind_of_problem_has_a_sign_with_words(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    bench.checked.emit(_report(*(_problem(severity) for severity in Severity)))
    signs = [label for label in dock.problems.findChildren(QLabel) if not label.pixmap().isNull()]
    assert len({sign.accessibleName() for sign in signs}) == 3


def test_text_from_the_data_is_not_read_as_markup(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    bench.checked.emit(_report(_problem(Severity.REFUSE, "<b>bold</b>")))
    assert "&lt;b&gt;" in _words(dock)


def test_old_problems_go_while_the_gate_is_asked(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    bench.checked.emit(_report(_problem(Severity.REFUSE)))
    bench.checking.emit()
    assert dock.problems.rows == []


def test_a_failure_says_what_to_do(dock: TissueDock, bench: Asked) -> None:
    bench.failed.emit("Found nothing there.", "Check the spelling.")
    assert "Found nothing there." in _words(dock)
    assert "Check the spelling." in _words(dock)


def test_what_takes_time_shows_a_moving_bar(dock: TissueDock, bench: Asked) -> None:
    bench.busy_changed.emit("Opening a1.zarr")
    assert dock.busy_bar.isVisible()
    bench.busy_changed.emit("")
    assert not dock.busy_bar.isVisible()


def test_a_tissue_dropped_on_the_dock_is_opened(dock: TissueDock, bench: Asked) -> None:
    assert _drop(dock.tissue_part, "/data/a1.zarr")
    assert bench.asked == [("tissue", Path("/data/a1.zarr"), None, 1.0)]


def test_cells_dropped_on_the_reference_are_read(dock: TissueDock, bench: Asked) -> None:
    assert _drop(dock.reference_part, "/data/wu.h5ad")
    assert bench.asked == [("reference", Path("/data/wu.h5ad"))]


def test_two_files_at_once_are_not_taken(dock: TissueDock) -> None:
    assert not _drop(dock.tissue_part, "/a.zarr", "/b.zarr")


def test_a_tissue_without_a_store_offers_to_keep_it(dock: TissueDock, bench: Asked) -> None:
    bench.show()
    before = dock.keep.isVisible()
    bench.tissue = SimpleNamespace(path=None, title="in memory")  # type: ignore[assignment]
    bench.tissue_opened.emit(None)
    assert (before, dock.keep.isVisible()) == (False, True)


def test_a_dock_that_is_opened_late_shows_what_is_there(qtbot: QtBot, bench: Asked) -> None:
    bench.show()
    bench.report = _report()
    late = TissueDock(bench)
    qtbot.addWidget(late)
    assert late.boxes["table"].currentText() == "table"
    assert "346 spots" in late.summary.text()


@pytest.mark.parametrize("width", [300, 340, 420])
def test_nothing_is_clipped(dock: TissueDock, bench: Asked, qtbot: QtBot, width: int) -> None:
    bench.show()
    bench.checked.emit(_report(*(_problem(severity) for severity in Severity)))
    dock.resize(width, 700)
    qtbot.wait(30)
    assert clipped_words(dock) == []
