"""The runs of the open tissue: listed, loaded, kept in the store, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.workbench import reading

if TYPE_CHECKING:
    from napari_tessera.contract.results import Run
    from napari_tessera.data.read import Tissue
    from napari_tessera.data.write import RunSummary
    from napari_tessera.jobs.run_dir import RunDir
    from napari_tessera.workbench.launching import Launcher
    from napari_tessera.workbench.tasks import Tasks


class Shelf:
    """Runs of one tissue.

    Parameters
    ----------
    tasks : Tasks
        Does what takes time.
    launcher : Launcher
        Writes into the store.

    Attributes
    ----------
    tissue : Tissue or None
        The one that is open.
    runs : tuple of RunSummary
        Its runs, newest first.
    shown : Run or None
        Run that was loaded last.
    """

    runs_changed = Signal(tuple)
    loaded = Signal(object)

    def __init__(self, tasks: Tasks, launcher: Launcher) -> None:
        self._tasks = tasks
        self._launcher = launcher
        self.tissue: Tissue | None = None
        self.runs: tuple[RunSummary, ...] = ()
        self.shown: Run | None = None
        self._version = ""

    def look_again(self) -> None:
        """List the runs anew if somebody else has written into the store."""
        tissue = self.tissue
        path = None if tissue is None else tissue.path
        if tissue is None or path is None:
            return

        before, self._version = self._version, reading.version_of(path)
        if self._version in {before, ""} or not before:
            return

        def take(runs: tuple[RunSummary, ...]) -> None:
            if tissue is self.tissue and [r.name for r in runs] != [r.name for r in self.runs]:
                self._set(runs)

        self._tasks.do("Listing runs", lambda: reading.runs_of(tissue), take, key="runs")

    @property
    def names(self) -> frozenset[str]:
        """Names of the runs."""
        return frozenset(summary.name for summary in self.runs)

    def change(self, tissue: Tissue, runs: tuple[RunSummary, ...]) -> None:
        """Take the runs of a tissue that was opened."""
        self.tissue, self.shown, self._version = tissue, None, ""
        self._set(runs)

    def load(self, name: str, run_dir: RunDir | None = None) -> None:
        """Read a run and show it; one that only a run directory holds is kept in the store too.

        Parameters
        ----------
        name : str
            Name of the run.
        run_dir : RunDir, optional
            Directory with its result; the store is read where there is none.
        """
        tissue = self.tissue
        if tissue is None:
            return

        def read() -> Run:
            known = run_dir if run_dir is not None else self._launcher.directory(tissue, name)
            if known.finished:
                run = reading.with_colours(tissue, known.load_result())
            else:
                run = reading.read_run_of(tissue, name)
            if run.result.placement is not None:
                _ = run.result.placement.type_names  # kept: of a million cells it takes 0.1 s
            return run

        def take(run: Run) -> None:
            if tissue is not self.tissue:  # another one was opened meanwhile
                return
            self.shown = run
            self.loaded.emit(run)

        self._tasks.do(f"Loading {name}", read, take, key="show")

    def keep(self, tissue: Tissue, run_dir: RunDir) -> None:
        """Write a finished run into the store of its tissue, and list it.

        Parameters
        ----------
        tissue : Tissue
            The one it belongs to, whether it is still open or not.
        run_dir : RunDir
            Directory of the run.
        """

        def write() -> Run:
            run = run_dir.load_result()
            self._launcher.commit(run_dir, run, tissue)
            return run

        def take(run: Run) -> None:
            if tissue is self.tissue and run.name not in self.names:
                self._set((reading.summary_of(run), *self.runs))

        self._tasks.do(f"Saving {run_dir.path.name}", write, take)

    def delete(self, name: str) -> None:
        """Delete the run of that name."""
        tissue = self.tissue
        if tissue is None:
            return

        def take(_: None) -> None:
            if tissue is self.tissue:
                self._set(tuple(summary for summary in self.runs if summary.name != name))

        self._tasks.do(f"Deleting {name}", lambda: self._launcher.delete(tissue, name), take)

    def _set(self, runs: tuple[RunSummary, ...]) -> None:
        self.runs = runs
        self.runs_changed.emit(runs)
