"""Colours that a person chooses for types and domains: shown at once, kept soon, undone.

Everything is read and changed on the window's thread, as in `napari_tessera.workbench.bench`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_tessera.workbench.history import History
from napari_tessera.workbench.reading import target_of
from napari_tessera.workbench.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_tessera.contract.results import Run
    from napari_tessera.data.read import Tissue
    from napari_tessera.workbench.bench import Bench


class Colouring:
    """Chosen colours of the runs of the open tissue.

    Parameters
    ----------
    bench : Bench
        Knows tissue and runs.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    changed : Signal
        Emitted with the name of a run and all of its chosen colours.
    failed : Signal
        Emitted with what went wrong and what to do; the colours stay on the screen.
    """

    changed = Signal(str, dict)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self._bench = bench
        self._tasks = Tasks(post, self._on_failure)
        self._chosen: dict[str, Mapping[str, str]] = {}
        self._steps: History[tuple[str, Mapping[str, str]]] = History()
        self._unkept: dict[str, tuple[Tissue, Mapping[str, str]]] = {}
        self._keeping = ""
        bench.tissue_opened.connect(lambda _: self._forget())
        bench.run_loaded.connect(self._on_run)
        bench.runs_changed.connect(lambda _: self._keep_next())

    # -- verbs ---------------------------------------------------------------------------------

    def choose(self, run: str, name: str, colour: str) -> None:
        """Give a type or domain another colour.

        Parameters
        ----------
        run : str
            Run whose colour it is; one that was loaded.
        name : str
            Type or domain.
        colour : str
            ``#rrggbb``.
        """
        before = self._chosen.get(run, {})
        after = {**before, name: colour}
        if after != before:
            self._steps.add((run, before), (run, after))
            self._take(run, after)

    def undo(self) -> None:
        """Take the last change back, if there is one."""
        step = self._steps.undo()
        if step is not None:
            self._take(*step)

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        step = self._steps.redo()
        if step is not None:
            self._take(*step)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._steps.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._steps.can_redo

    @property
    def kept(self) -> bool:
        """Whether all that was chosen is in the store."""
        return not self._unkept and not self._keeping

    def close(self, timeout_s: float = 1.0) -> None:
        """Drop what is under way; a child that writes ends its work."""
        self._tasks.close(timeout_s)

    # -- parts ---------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Start anew with another tissue; what has not been kept yet still will be."""
        self._chosen.clear()
        self._steps.clear()

    def _on_run(self, run: Run) -> None:
        self._chosen.setdefault(run.name, run.colours)

    def _take(self, run: str, colours: Mapping[str, str]) -> None:
        self._chosen[run] = colours
        shown = self._bench.shown
        if shown is not None and shown.name == run:
            self._bench.shown = dataclasses.replace(shown, colours=colours)
        if self._bench.tissue is not None:
            self._unkept[run] = (self._bench.tissue, colours)
        self.changed.emit(run, dict(colours))
        self._keep_next()

    def _keep_next(self) -> None:
        """Write the colours of one run; a run that is not in the store yet waits for that."""
        ready = [
            name
            for name, (tissue, _) in self._unkept.items()
            if tissue is not self._bench.tissue or name in {run.name for run in self._bench.runs}
        ]
        if self._keeping or not ready:
            return
        self._keeping = name = ready[0]
        tissue, colours = self._unkept.pop(name)
        self._tasks.do("Keeping colours", lambda: self._write(tissue, name, colours), self._after)

    def _write(self, tissue: Tissue, run: str, colours: Mapping[str, str]) -> None:
        if tissue.path is not None:
            pairs = [f"--set={name}={colour}" for name, colour in colours.items()]
            store = str(tissue.path)
            self._tasks.errands.ask_child(
                ["colours", store, "--run", run, "--reset", "--json", *pairs], survives=True
            )
            return
        from napari_tessera.data.colours import write_colours

        write_colours(target_of(tissue), run, colours)

    def _after(self, _: None) -> None:
        self._keeping = ""
        self._keep_next()

    def _on_failure(self, message: str, hint: str) -> None:
        self._keeping = ""
        self.failed.emit(message, hint)
        self._keep_next()
