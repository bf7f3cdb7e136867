"""``demo``: hand over to the window."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def run_demo(arguments: argparse.Namespace) -> int:
    """Open the demo window.

    Returns
    -------
    int
        Exit code.
    """
    demo = importlib.import_module("napari_tessera.widgets.demo")
    code: int = demo.run_demo(headless=arguments.headless, screenshot=arguments.screenshot)
    return code
