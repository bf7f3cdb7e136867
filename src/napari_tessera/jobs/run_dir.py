"""A run directory: everything that belongs to one run, and nothing that belongs to a store."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import InputError, StoreBusyError, StoreError
from napari_tessera.contract.inputs import PairedData, RunSpec
from napari_tessera.contract.results import Provenance, Run, RunResult
from napari_tessera.contract.sections import SectionData
from napari_tessera.contract.state import State, join_states
from napari_tessera.jobs.checkpoint import load_state, read_json, save_state, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

PREVIEWS_KEPT = 3
_SLOTS = ("checkpoint_0", "checkpoint_1")


LONGEST_LINE = 400
"""Longer lines of a log are not shown in messages."""


class RunDir:
    """Files of one run, each with a verb to write it and one to read it.

    Parameters
    ----------
    path : Path or str
        The folder; made when something is first written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._n_previews = 0

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    def exists(self) -> bool:
        """Whether a recipe lies here."""
        return (self.path / "spec.json").is_file()

    @property
    def ready(self) -> bool:
        """Whether a fit can start or go on from here."""
        return self.exists() and (self.path / "inputs.json").is_file()

    @property
    def finished(self) -> bool:
        """Whether the result lies here."""
        return (self.path / "result.json").is_file()

    @property
    def resumable(self) -> bool:
        """Whether there is a fit to go on with: prepared, and not finished."""
        return self.ready and not self.finished

    @property
    def log_path(self) -> Path:
        """File that takes whatever libraries print."""
        return self.path / "log.txt"

    @property
    def spec(self) -> RunSpec:
        """Recipe of the run.

        Raises
        ------
        InputError
            If there is none.
        """
        if not self.exists():
            msg = f"{self.path}: expected a run directory with spec.json, found none."
            raise InputError(msg, "Give the folder of a run, as `runs` prints it.")
        return read_spec(self.path / "spec.json")

    def write_spec(self, spec: RunSpec) -> None:
        """Write the recipe; it is written last, so that it stands for a complete preparation."""
        self.write_note("spec", spec.to_json())

    def write_note(self, name: str, values: Mapping[str, Any]) -> None:
        """Write ``<name>.json``."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / f"{name}.json", values)

    def read_note(self, name: str) -> dict[str, Any] | None:
        """Read ``<name>.json``; None where there is none."""
        path = self.path / f"{name}.json"
        return read_json(path) if path.is_file() else None

    @property
    def run_name(self) -> str:
        """Name of the run, as it was prepared; else the folder's."""
        note = self.read_note("prepared") or {}
        return str(note.get("run", self.path.name))

    def save_inputs(self, inputs: PairedData | SectionData) -> None:
        """Write what was prepared."""
        save_state(self.path / "inputs", inputs.to_state())

    def load_inputs(self) -> PairedData | SectionData:
        """Read what was prepared.

        Raises
        ------
        StoreError
            If it is missing or damaged.
        """
        state = load_state(self.path / "inputs")
        if "section/spot_xy" in state.arrays:
            return SectionData.from_state(state)
        return PairedData.from_state(state)

    def load_pair(self) -> PairedData:
        """Read the cells and spots that were prepared.

        Raises
        ------
        StoreError
            If they are missing or damaged, or a section was prepared.
        """
        inputs = self.load_inputs()
        if not isinstance(inputs, PairedData):
            msg = f"{self.path}: expected cells and spots, found a section alone."
            raise StoreError(msg, "Give a run that was fitted to reference cells.")
        return inputs

    def save_checkpoint(self, state: State) -> None:
        """Write a state to resume from into the older of two slots, so that one always stands."""
        serials = {slot: self._serial(slot) for slot in _SLOTS}
        oldest = min(_SLOTS, key=lambda slot: serials[slot])
        serial = State(values={"serial": max(serials.values()) + 1})
        save_state(self.path / oldest, join_states({"state": state, "slot": serial}))

    def load_checkpoint(self) -> State | None:
        """Read the newest checkpoint that is whole; None where there is none."""
        for slot in sorted(_SLOTS, key=self._serial, reverse=True):
            if self._serial(slot) > 0:
                with contextlib.suppress(StoreError):
                    return load_state(self.path / slot).part("state")
        return None

    def drop_checkpoints(self) -> None:
        """Remove checkpoints and previews; a finished run needs neither."""
        for pattern in ("checkpoint_?.*", "preview_*.npy"):
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)

    def save_preview(self, xy: NDArray[np.float64]) -> str:
        """Write coordinates to look at; an older preview or two stay for whoever is reading.

        Parameters
        ----------
        xy : ndarray, shape (n_cells, 2), float64
            Coordinates in the unit of the inputs.

        Returns
        -------
        str
            Name of the file in this directory.
        """
        self._n_previews += 1
        name = f"preview_{self._n_previews:05d}.npy"
        temporary = self.path / f".{name}.tmp"
        with temporary.open("wb") as file:
            np.save(file, np.asarray(xy, dtype=np.float64), allow_pickle=False)
        temporary.replace(self.path / name)
        for old in sorted(self.path.glob("preview_*.npy"))[:-PREVIEWS_KEPT]:
            old.unlink(missing_ok=True)
        return name

    def save_model(self, state: State) -> None:
        """Write what the method learned."""
        save_state(self.path / "model", state)

    def load_model(self) -> State:
        """Read what the method learned.

        Raises
        ------
        StoreError
            If it is missing or damaged.
        """
        return load_state(self.path / "model")

    def save_result(self, run: Run) -> None:
        """Write the result and how it came about."""
        head = {"name": run.name, "provenance": run.provenance.to_json()}
        parts = {"result": run.result.to_state(), "run": State(values=head)}
        save_state(self.path / "result", join_states(parts))

    def load_result(self) -> Run:
        """Read the result.

        Raises
        ------
        StoreError
            If it is missing or damaged.
        """
        state = load_state(self.path / "result")
        head = state.part("run").values
        return Run(
            name=head["name"],
            result=RunResult.from_state(state.part("result")),
            provenance=Provenance.from_json(head["provenance"]),
        )

    def log(self, text: str) -> None:
        """Add a line to the log."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text.rstrip()}\n")

    def log_tail(self, n_lines: int = 5) -> str:
        """Last lines of the log that say something to people; empty where there is none."""
        if not self.log_path.is_file():
            return ""
        text = self.log_path.read_bytes()[-16_000:].decode("utf-8", errors="replace")
        # a crash ends with the names of all compiled modules, sixty in one line
        lines = [line for line in text.splitlines() if line and len(line) <= LONGEST_LINE]
        return "\n".join(lines[-n_lines:])

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the directory for one fit.

        Raises
        ------
        StoreBusyError
            If another process fits this run.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as file:
            if not _take(file.fileno()):
                msg = f"{self.path}: expected to be alone, found another process that fits it."
                raise StoreBusyError(msg, "Wait for it to end, or cancel it.")
            yield

    def move_to(self, target: Path) -> RunDir:
        """Give a directory that was prepared elsewhere its place; what lies there already wins.

        Parameters
        ----------
        target : Path
            New path.
        """
        if RunDir(target).ready:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                shutil.rmtree(target)
            shutil.move(self.path, target)
        return RunDir(target)

    def _serial(self, slot: str) -> int:
        """Give the number of the checkpoint in a slot; 0 where there is none that can be read."""
        try:
            return int(read_json(self.path / f"{slot}.json")["values"]["slot/serial"])
        except (StoreError, KeyError, TypeError, ValueError):
            return 0


def read_spec(path: Path) -> RunSpec:
    """Read a recipe from a JSON file.

    Raises
    ------
    InputError
        If the file is not a recipe.
    """
    try:
        spec = RunSpec.from_json(read_json(path))
        _check_kinds(spec)
    except (StoreError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path}: expected the recipe of a run, found: {error}."
        raise InputError(msg, "Give a spec.json that this program wrote.") from error
    return spec


def _check_kinds(spec: RunSpec) -> None:
    """Refuse a recipe whose entries are of other types than they are declared.

    Raises
    ------
    TypeError
        It names the entry.
    """
    entries: dict[str, tuple[object, type | tuple[type, ...]]] = {
        "options": (spec.options, dict),
        "image_scale": (spec.image_scale, (int, float, tuple)),
    }
    for name in ("method", "task", "tissue", "reference", "source", "out", "image"):
        entries[name] = (getattr(spec, name), str)
    for name, value in vars(spec.selection).items():
        lists = name in {"genes", "held_out_genes", "imputed_genes"}
        entries[f"selection.{name}"] = (value, (tuple if lists else str, type(None)))
    for name, (value, kinds) in entries.items():
        if not isinstance(value, kinds):
            msg = f"{name} {value!r} of type {type(value).__name__}"
            raise TypeError(msg)
    chosen = spec.selection
    genes: tuple[object, ...] = (
        *(chosen.genes or ()), *chosen.held_out_genes, *(chosen.imputed_genes or ())
    )  # fmt: skip
    for gene in genes:
        if not isinstance(gene, str):
            msg = f"a gene {gene!r} of type {type(gene).__name__}"
            raise TypeError(msg)


def run_root(store: Path | None, title: str = "memory") -> Path:
    """Folder for the runs of a tissue: beside its store, else in the user's state folder.

    Parameters
    ----------
    store : Path or None
        Store that receives the results; None where there is none.
    title : str
        Name of the tissue, for the folder in the user's state folder.
    """
    if store is not None:
        beside = store.with_name(f"{store.name}.tessera")
        if _writable(beside if beside.exists() else beside.parent):
            return beside
        title = store.stem
    import platformdirs

    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", title).strip("._") or "memory"
    return platformdirs.user_state_path("napari-tessera", appauthor=False) / "runs" / plain


def _writable(folder: Path) -> bool:
    """Whether a file can be made in a folder; asked by making one."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _take(handle: int) -> bool:
    """Take a lock without waiting; systems that have none always succeed."""
    if os.name != "posix":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
