"""Bad, odd and hostile inputs as files: what is wrong with each, and what must come of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Outcome(StrEnum):
    """What must come of an input."""

    REFUSED = "refuse"
    MENDED = "repair"
    NOTED = "remark"
    ACCEPTED = "accept"


@dataclass(kw_only=True)
class Ground:
    """Copies of a good tissue and a good reference, for one case to spoil.

    Parameters
    ----------
    folder : Path
        Holds ``tissue.zarr``, ``reference.h5ad`` and ``spots.h5ad`` (the same tissue as a table
        with coordinates).
    tissue, reference : Path
        What the command is given; a case may point elsewhere.
    flags : list of str
        More arguments for the command.
    """

    folder: Path
    tissue: Path
    reference: Path
    flags: list[str] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """The tissue's store, wherever `tissue` points."""
        return self.folder / "tissue.zarr"

    @property
    def marker(self) -> Path:
        """File that hostile payloads would make, if their code ran."""
        return self.folder / "code_ran"

    def edit_cells(self, change: Callable[[Any], Any]) -> None:
        """Rewrite the reference; `change` works in place, or gives another table."""
        import anndata

        cells = anndata.read_h5ad(self.reference)
        changed = change(cells)
        (cells if changed is None else changed).write_h5ad(self.reference)

    def edit_table(
        self, change: Callable[[Any], Any], *, keep_marks: bool = True, zarr_format: int = 3
    ) -> None:
        """Rewrite the table in the store; without its marks it is any AnnData group."""
        import anndata
        import zarr

        path = self.store / "tables" / "table"
        table = anndata.read_zarr(path)
        marks = dict(zarr.open_group(path, mode="r").attrs)
        changed = change(table)
        shutil.rmtree(path)
        with anndata.settings.override(zarr_write_format=zarr_format):
            (table if changed is None else changed).write_zarr(path)
        if keep_marks:
            zarr.open_group(path, mode="a").attrs.update(marks)
        zarr.consolidate_metadata(self.store)

    def edit_spots(self, change: Callable[[Any], Any]) -> None:
        """Rewrite the ``.h5ad`` with coordinates, and make it the tissue."""
        import anndata

        self.as_spots()
        table = anndata.read_h5ad(self.tissue)
        changed = change(table)
        (table if changed is None else changed).write_h5ad(self.tissue)

    def as_spots(self) -> None:
        """Take the ``.h5ad`` with coordinates as the tissue."""
        self.tissue = self.folder / "spots.h5ad"
        self.flags += ["--out", str(self.folder / "out.zarr")]

    def edit_shapes(self, change: Callable[[Any], Any]) -> None:
        """Rewrite the circles."""
        import geopandas

        path = next((self.store / "shapes" / "spots").glob("*.parquet"))
        frame = geopandas.read_parquet(path)
        changed = change(frame)
        (frame if changed is None else changed).to_parquet(path)

    def edit_json(self, where: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrite a metadata file of the store, and what its root repeats of it."""
        path = self.store / where / "zarr.json"
        meta = json.loads(path.read_text())
        change(meta)
        path.write_text(json.dumps(meta))
        root = self.store / "zarr.json"
        listed = json.loads(root.read_text())
        node = listed.get("consolidated_metadata", {}).get("metadata", {}).get(where)
        if node is not None:
            change(node)
            root.write_text(json.dumps(listed))

    def edit_element(self, name: str, change: Callable[[Any], Any]) -> None:
        """Rewrite a picture of the store; `change` gets its pixels (channels, rows, columns)."""
        import numpy as np
        import spatialdata
        from spatialdata.models import Image2DModel

        sdata = spatialdata.read_zarr(self.store)
        pixels = change(np.asarray(sdata.images[name].data))
        tables, shapes = dict(sdata.tables), dict(sdata.shapes)
        images = {name: Image2DModel.parse(pixels, dims=("c", "y", "x"))}
        del sdata
        shutil.rmtree(self.store)
        spatialdata.SpatialData(images=images, shapes=shapes, tables=tables).write(self.store)


@dataclass(frozen=True, kw_only=True)
class BadInput:
    """One input.

    Parameters
    ----------
    name : str
        Unique name.
    group : str
        Heading under which people find it.
    about : str
        What is wrong, in a few words.
    code : str
        Code of the problem that names it; empty where the input is accepted.
    outcome : Outcome
        What must come of it.
    make : callable
        Spoils a `Ground`.
    """

    name: str
    group: str
    about: str
    code: str
    outcome: Outcome
    make: Callable[[Ground], Any]


Row = tuple[str, str, str, Callable[[Ground], Any]]
"""About, code, outcome (``refuse`` ...), what spoils."""


def listed(group: str, rows: list[Row]) -> tuple[BadInput, ...]:
    """Make inputs of one group from rows."""
    return tuple(
        BadInput(
            name=f"{group}: {about}", group=group, about=about, code=code,
            outcome=Outcome(outcome), make=make,
        )
        for about, code, outcome, make in rows
    )  # fmt: skip


def cells(change: Callable[[Any], Any]) -> Callable[[Ground], None]:
    """Spoil the reference."""
    return lambda ground: ground.edit_cells(change)


def table(change: Callable[[Any], Any]) -> Callable[[Ground], None]:
    """Spoil the table in the store."""
    return lambda ground: ground.edit_table(change)


def spots(change: Callable[[Any], Any]) -> Callable[[Ground], None]:
    """Spoil the ``.h5ad`` with coordinates."""
    return lambda ground: ground.edit_spots(change)


def flags(*given: str) -> Callable[[Ground], None]:
    """Give the command more arguments."""
    return lambda ground: ground.flags.extend(given)


def both(*makes: Callable[[Ground], Any]) -> Callable[[Ground], None]:
    """Do several things."""

    def make(ground: Ground) -> None:
        for one in makes:
            one(ground)

    return make


def all_bad_inputs() -> tuple[BadInput, ...]:
    """Every input of the catalogue."""
    from napari_tessera.testing import (
        bad_inputs_files,
        bad_inputs_hostile,
        bad_inputs_stores,
        bad_inputs_tables,
    )

    rooms = (bad_inputs_tables, bad_inputs_stores, bad_inputs_files, bad_inputs_hostile)
    return tuple(case for room in rooms for case in room.cases())


def plant_spots(folder: Path) -> None:
    """Write ``spots.h5ad``: the table of ``tissue.zarr`` with its coordinates.

    Parameters
    ----------
    folder : Path
        Holds the store.
    """
    import anndata
    import geopandas
    import numpy as np

    store = folder / "tissue.zarr"
    rows = anndata.read_zarr(store / "tables" / "table")
    frame = geopandas.read_parquet(next((store / "shapes" / "spots").glob("*.parquet")))
    rows.obs = rows.obs[["label"]]
    rows.uns = {}
    rows.obsm["spatial"] = np.column_stack([frame.geometry.x, frame.geometry.y])
    rows.write_h5ad(folder / "spots.h5ad")


def ground_in(folder: Path, planted: Path) -> Ground:
    """Copy good files for one case.

    Parameters
    ----------
    folder : Path
        Must not exist.
    planted : Path
        Holds ``tissue.zarr``, ``reference.h5ad`` and ``spots.h5ad``.
    """
    shutil.copytree(planted, folder)
    return Ground(folder=folder, tissue=folder / "tissue.zarr", reference=folder / "reference.h5ad")
