"""Python's search for garbage beside a window."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from napari_tessera.widgets.settled import Settled
from napari_tessera.workbench.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:  # noqa: ARG001 - Qt must be there
    made = Bench(lambda work: work())
    yield made
    made.close()
    gc.unfreeze()


def test_what_is_there_once_a_tissue_is_open_is_not_searched_again(
    bench: Bench, qtbot: QtBot
) -> None:
    settled = Settled(bench)
    assert gc.get_freeze_count() == 0
    bench.tissue_opened.emit(None)
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 1000)
    settled.close()
    assert gc.get_freeze_count() == 0


def test_a_window_that_closes_at_once_spares_nothing(bench: Bench, qtbot: QtBot) -> None:
    settled = Settled(bench)
    bench.tissue_opened.emit(None)
    settled.close()
    qtbot.wait(300)
    assert gc.get_freeze_count() == 0
