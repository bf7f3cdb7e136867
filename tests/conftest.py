"""Fixtures that every test may use, and what the suite says about the real data."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from napari_tessera.data.sample import SamplePaths

KIT_VARIABLE = "NAPARI_TESSERA_DATA"
LAST_TEST = "test_the_real_data_are_as_they_were"
PICTURE_SIZE = 300
"""Longer side of planted pictures in pixels: a person gets 1200, which take two seconds to draw."""

LONGEST_ROOMS = ("window", "methods", "data", "workflows", "cli", "widgets", "workbench")
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


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., SamplePaths]:
    """Put a planted sample of some sizes into a folder; each is planted once in a process."""
    from napari_tessera.data.sample import SamplePaths, write_sample

    @functools.cache
    def planted(**sizes: int) -> Path:
        folder = tmp_path_factory.mktemp("planted")
        write_sample(folder, **sizes)
        return folder

    def copy(folder: Path, **sizes: int) -> SamplePaths:
        shutil.copytree(planted(**sizes), folder, dirs_exist_ok=True)
        return SamplePaths(
            name="planted tissue",
            tissue=folder / "tissue.zarr",
            reference=folder / "reference.h5ad",
            truth=folder / "truth.h5ad",
        )

    return copy


@pytest.fixture
def quick_errands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have inputs checked and results stored in this process, one after the other.

    A child takes seconds to import what it needs; a test whose fact is another spares itself that.
    """
    from napari_tessera.cli import fit_command, parser
    from napari_tessera.contract.errors import RefusedError
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.jobs.run_dir import RunDir, read_spec
    from napari_tessera.workflows.commit import commit_run

    one_at_a_time = threading.Lock()

    def ask(_errands: Errands, arguments: Sequence[str], **_: object) -> dict[str, Any]:
        asked = parser.make_parser().parse_args(list(arguments))
        with one_at_a_time:
            if asked.command == "commit":
                return {"store": str(commit_run(RunDir(asked.run_dir)))}
            assert asked.command == "check"
            try:
                return fit_command._check(read_spec(asked.spec), RunDir(asked.run_dir))
            except RefusedError as error:
                return {"report": error.report.to_json(), "run": "", "fingerprint": ""}

    monkeypatch.setattr(Errands, "ask_child", ask)
    yield
    with one_at_a_time:  # what was dropped may still read
        pass


@pytest.fixture
def kit_changes(kit: Path, pytestconfig: pytest.Config) -> tuple[str, ...]:
    """Files of the real data that are not what they were before the first test."""
    before, now = pytestconfig.stash[_DIGESTS], digests(kit)
    return tuple(name for name in {*before, *now} if before.get(name) != now.get(name))


def pytest_configure() -> None:
    """Have small pictures drawn, before any module plants a tissue."""
    from napari_tessera.testing import planted

    planted.IMAGE_SIZE = PICTURE_SIZE


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
