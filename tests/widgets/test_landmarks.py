"""The dialog in which landmarks are set."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog, QInputDialog, QWidget

from napari_tessera.widgets import picture_dialog
from napari_tessera.widgets.landmarks import LandmarksDialog

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

SPOTS = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 30.0], [40.0, 30.0]])
CORNERS = [(0.0, 0.0), (80.0, 0.0), (0.0, 60.0)]


class Click:
    """What pyqtgraph's scene says of a click."""

    def __init__(self, at: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        self._at, self._button = at, button

    def button(self) -> Qt.MouseButton:
        return self._button

    def scenePos(self) -> QPointF:
        return self._at


@pytest.fixture
def dialog(qtbot: QtBot) -> LandmarksDialog:
    made = LandmarksDialog(None, np.zeros((30, 40, 3), np.uint8), 2, SPOTS)
    qtbot.addWidget(made)
    made.show()
    return made


def _pair(dialog: LandmarksDialog, n: int) -> None:
    for (u, v), (x, y) in zip(CORNERS[:n], SPOTS[:n], strict=True):
        dialog.set_place(0, u, v)
        dialog.set_place(1, x, y)


def test_three_pairs_make_the_map(dialog: LandmarksDialog) -> None:
    _pair(dialog, 3)
    np.testing.assert_allclose(dialog.affine or (), [0.5, 0.0, 0.0, 0.0, 0.5, 0.0], atol=1e-9)


def test_two_pairs_cannot_be_agreed_to(dialog: LandmarksDialog) -> None:
    _pair(dialog, 2)
    assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_it_says_where_the_next_click_belongs(dialog: LandmarksDialog) -> None:
    dialog.set_place(0, 1.0, 1.0)
    assert "among the spots" in dialog.words.text()


def test_a_second_click_on_a_side_moves_its_open_landmark(dialog: LandmarksDialog) -> None:
    dialog.set_place(0, 1.0, 1.0)
    dialog.set_place(0, 2.0, 2.0)
    assert dialog.places[0] == [(2.0, 2.0)]


def test_a_pair_is_taken_back_as_one(dialog: LandmarksDialog) -> None:
    _pair(dialog, 3)
    dialog.undo.click()
    assert [len(side) for side in dialog.places] == [2, 2]


def test_an_open_landmark_is_taken_back_alone(dialog: LandmarksDialog) -> None:
    _pair(dialog, 2)
    dialog.set_place(1, 5.0, 5.0)
    dialog.undo.click()
    assert [len(side) for side in dialog.places] == [2, 2]


def test_places_on_a_line_are_said_to_be_no_landmarks(dialog: LandmarksDialog) -> None:
    for at in (0.0, 10.0, 20.0):
        dialog.set_place(0, at, at)
        dialog.set_place(1, at, at)
    assert "line" in dialog.words.text()


def test_spots_show_on_the_picture_where_the_landmarks_put_them(dialog: LandmarksDialog) -> None:
    _pair(dialog, 3)
    np.testing.assert_allclose(np.column_stack(dialog._moved.getData()), SPOTS * 2, atol=1e-9)


@pytest.mark.parametrize("side", [0, 1])
def test_a_click_sets_a_place_on_the_side_that_was_clicked(
    dialog: LandmarksDialog, side: int
) -> None:
    at = dialog.panes[side].mapViewToScene(QPointF(7.0, 9.0))
    dialog.canvas.scene().sigMouseClicked.emit(Click(at))
    np.testing.assert_allclose(dialog.places[side], [(7.0, 9.0)], atol=1e-6)


def test_another_button_sets_nothing(dialog: LandmarksDialog) -> None:
    at = dialog.panes[0].mapViewToScene(QPointF(7.0, 9.0))
    dialog.canvas.scene().sigMouseClicked.emit(Click(at, Qt.MouseButton.RightButton))
    assert dialog.places == ([], [])


class Desk:
    """Stands for the workbench: does at once what it is given, and notes what it is asked for."""

    def __init__(self) -> None:
        self.view = SimpleNamespace(spots=SimpleNamespace(xy=SPOTS))
        self.origin = SimpleNamespace(source="spots.h5ad")
        self.tasks = self
        self.asked: list[dict[str, Any]] = []

    def do(self, _label: str, work: Any, take: Any, **_named: str) -> None:  # noqa: ANN401
        take(work())

    def open_tissue(self, _source: Path, **asked: Any) -> None:  # noqa: ANN401
        self.asked.append(asked)


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "he.png"
    Image.new("RGB", (80, 60)).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    return path


def _choose(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_, **__: (way, True))


def test_a_picture_is_opened_where_the_landmarks_put_it(
    qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(monkeypatch, picture_dialog.BY_LANDMARKS)
    parent, desk = QWidget(), Desk()
    qtbot.addWidget(parent)
    picture_dialog.place_picture(parent, desk)  # type: ignore[arg-type]
    dialog = parent.findChild(LandmarksDialog)
    _pair(dialog, 3)
    dialog.accept()
    assert desk.asked[0]["image"] == picture
    np.testing.assert_allclose(desk.asked[0]["image_scale"], [0.5, 0, 0, 0, 0.5, 0], atol=1e-9)


def test_a_picture_is_opened_at_the_scale_that_was_said(
    qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(monkeypatch, picture_dialog.BY_SCALE)
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (2.5, True))
    parent, desk = QWidget(), Desk()
    qtbot.addWidget(parent)
    picture_dialog.place_picture(parent, desk)  # type: ignore[arg-type]
    assert desk.asked == [{"image": picture, "image_scale": 2.5}]


def test_thinking_better_of_it_opens_nothing(
    qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_, **__: ("", False))
    parent, desk = QWidget(), Desk()
    qtbot.addWidget(parent)
    picture_dialog.place_picture(parent, desk)  # type: ignore[arg-type]
    assert picture.exists()
    assert not desk.asked
