"""Fixtures that every test may use, and what the suite says about the real data."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

KIT_VARIABLE = "NAPARI_TESSERA_DATA"
LAST_TEST = "test_the_real_data_are_as_they_were"
LONGEST_ROOMS = ("window", "methods", "workflows", "workbench", "cli", "widgets")
_STATES = pytest.StashKey[dict[str, Any]]()
_DIGESTS = pytest.StashKey[dict[str, str]]()


def kit_folder() -> Path | None:
    """Folder of the real data; None where there is none."""
    folder = os.environ.get(KIT_VARIABLE, "")
    return Path(folder) if folder and Path(folder).is_dir() else None


def digests(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder, by its path in there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _same_draws_in_any_order(request: pytest.FixtureRequest) -> None:
    """Begin a module's own generator anew, so that no test depends on those before it."""
    drawn = getattr(request.module, "RNG", None)
    if isinstance(drawn, np.random.Generator):
        states = request.config.stash.setdefault(_STATES, {})
        first = states.setdefault(request.module.__name__, drawn.bit_generator.state)
        drawn.bit_generator.state = first


@pytest.fixture(scope="session")
def kit() -> Path:
    """Folder of the real data; the test is skipped where there is none."""
    folder = kit_folder()
    if folder is None:
        pytest.skip(f"{KIT_VARIABLE} does not point to the real data")
    return folder


@pytest.fixture
def kit_changes(kit: Path, pytestconfig: pytest.Config) -> tuple[str, ...]:
    """Files of the real data that are not what they were before the first test."""
    before, now = pytestconfig.stash[_DIGESTS], digests(kit)
    return tuple(name for name in {*before, *now} if before.get(name) != now.get(name))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember what the real data looked like."""
    folder = kit_folder()
    session.config.stash[_DIGESTS] = {} if folder is None else digests(folder)


def pytest_report_header() -> str:
    """Say which data the suite uses."""
    folder = kit_folder()
    if folder is not None:
        return f"data: the real data in {folder}"
    return f"data: planted tissues only; {KIT_VARIABLE} does not point to the real data"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Mark whatever asks for the real data, and look at their digests after everything else."""
    for item in items:
        if "kit" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kit)
    yield
    items.sort(key=lambda item: (item.name == LAST_TEST, _turn(item)))


def _turn(item: pytest.Item) -> int:
    """Rooms whose files take long come first: two workers then end at about the same time."""
    room = item.path.parent.name
    return LONGEST_ROOMS.index(room) if room in LONGEST_ROOMS else len(LONGEST_ROOMS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a skipped data test as failed where continuous integration said that there are data."""
    report = yield
    promised = os.environ.get("CI") and os.environ.get(KIT_VARIABLE)
    if report.skipped and promised and item.get_closest_marker("kit"):
        report.outcome = "failed"
        report.longrepr = (
            f"{KIT_VARIABLE} is set, but this data test was skipped: {report.longrepr}"
        )
    return report
