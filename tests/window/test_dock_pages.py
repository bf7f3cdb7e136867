"""Every control of a dock that has a name is named on the page of the dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from qtpy.QtWidgets import QCheckBox, QPushButton, QTabBar

from napari_tessera.widgets.docks import MAKERS, find_dock

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget
    from tests.window.conftest import Window

pytestmark = pytest.mark.window

PAGES = Path(__file__).parents[2] / "docs" / "docks"


def named(dock: QWidget) -> set[str]:
    """Words on the buttons, boxes and tabs of a dock."""
    every = [made for kind in (QPushButton, QCheckBox) for made in dock.findChildren(kind)]
    found = {made.text() for made in every if made.window() is dock.window()}  # not of dialogs
    for bar in dock.findChildren(QTabBar):
        found |= {bar.tabText(i) for i in range(bar.count())}
    return {word.replace("&", "").strip(" ▲▼") for word in found if word}


def test_every_control_is_on_the_page_of_its_dock(window: Window) -> None:
    missing = {}
    for name in MAKERS:
        page = (PAGES / f"{name.split(' ')[0].lower()}.md").read_text(encoding="utf-8")
        dock = find_dock(window.viewer, name)
        assert dock is not None
        words = named(dock)
        assert len(words) > 1
        missing[name] = {word for word in words if f"**{word}**" not in page}
    assert missing == {name: set() for name in MAKERS}
