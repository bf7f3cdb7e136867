"""The plot of how the number of domains was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.domains import Domains
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.widgets.main_thread import MainThread
from napari_tessera.widgets.number_plot import NumberPlot
from napari_tessera.workbench.bench import Bench
from napari_tessera.workbench.domain_editing import DomainEditing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


def run(name: str, curve: dict[int, float]) -> Run:
    """Make a run with three domains."""
    domains = Domains(
        spot_names=np.array(["a", "b", "c"]), names=np.array(["1", "2", "3"]),
        probability=np.eye(3, dtype=np.float32), curve=curve,
        stability=dict.fromkeys(curve, 0.5),
    )  # fmt: skip
    return Run(name=name, result=RunResult(domains=domains),
               provenance=Provenance(method="transst"))  # fmt: skip


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[tuple[NumberPlot, DomainEditing]]:
    """Make the plot, with nothing to show."""
    post = MainThread()
    bench = Bench(post.post)
    editing = DomainEditing(bench, post.post)
    plot = NumberPlot(editing)
    qtbot.addWidget(plot)
    yield plot, editing
    editing.close()
    bench.close()


Desk = tuple[NumberPlot, DomainEditing]


def test_there_is_no_plot_before_a_run(desk: Desk) -> None:
    assert desk[0].isHidden()


def test_the_curve_of_a_run_is_drawn_and_explained(desk: Desk) -> None:
    plot, editing = desk
    editing.open(run("transst_1", {2: 30.0, 3: 20.0, 4: 10.0}))
    curve, ring = plot.criterion.listDataItems()
    assert not plot.isHidden()
    assert curve.getData()[0].tolist() == [2, 3, 4]
    assert ring.getData()[0].tolist() == [3]
    assert "3 are the most stable" in plot.story.text()


def test_a_run_whose_number_was_given_has_no_plot(desk: Desk) -> None:
    plot, editing = desk
    editing.open(run("transst_1", {2: 30.0, 3: 20.0}))
    editing.open(run("transst_2", {}))
    assert plot.isHidden()
