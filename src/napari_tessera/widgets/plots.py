"""Plots as all docks have them."""

from __future__ import annotations

import pyqtgraph
from qtpy.QtWidgets import QSizePolicy


def plain_plot() -> pyqtgraph.PlotWidget:
    """Make a plot without pyqtgraph's own menu and buttons."""
    plot = pyqtgraph.PlotWidget(background=None)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    return plot


def still_plot() -> pyqtgraph.PlotWidget:
    """Make such a plot that does not move under the mouse and may be narrow."""
    plot = plain_plot()
    plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
    plot.setMouseEnabled(x=False, y=False)
    return plot
