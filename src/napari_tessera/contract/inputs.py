"""What is chosen, what is read, and what a method gets."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.state import State, pack_sparse, unpack_sparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from scipy import sparse

MICROMETRE = "micrometre"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Names of what to read; None means: choose a sensible default and say which.

    Parameters
    ----------
    table : str or None
        Table with the spots' expression.
    region : str or None
        Element that the table annotates, where it annotates several.
    coordinate_system : str or None
        Common coordinate system of spots and image.
    image : str or None
        Image to look at.
    layer : str or None
        Layer of the table that holds counts; ``raw`` is allowed.
    gene_column : str or None
        ``var`` column with gene symbols, where the index holds something else.
    sample_column : str or None
        ``obs`` column that tells sections apart.
    reference_layer, reference_gene_column : str or None
        The same for the reference.
    cell_type_column : str or None
        ``obs`` column of the reference with the cell types.
    within : str or None
        Name of a drawn region to which the fit is restricted.
    genes : tuple of str or None
        Genes to train on; None takes all that are shared.
    held_out_genes : tuple of str
        Genes that are never trained on.
    imputed_genes : tuple of str or None
        Genes to predict beside the shared ones; None where none are to be predicted.
    label_column : str or None
        ``obs`` column with the domains of a labelled source.
    """

    table: str | None = None
    region: str | None = None
    coordinate_system: str | None = None
    image: str | None = None
    layer: str | None = None
    gene_column: str | None = None
    sample_column: str | None = None
    reference_layer: str | None = None
    reference_gene_column: str | None = None
    cell_type_column: str | None = None
    within: str | None = None
    genes: tuple[str, ...] | None = None
    held_out_genes: tuple[str, ...] = ()
    imputed_genes: tuple[str, ...] | None = None
    label_column: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**plain)


PictureScale: TypeAlias = float | tuple[float, ...]
"""How a picture lies on the spots: its pixels per unit of their coordinates; or six numbers
``a, b, c, d, e, f`` that take a pixel (u, v) to ``x = a u + b v + c``, ``y = d u + e v + f``."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """The whole recipe of a run: ``spec.json`` in its run directory.

    Parameters
    ----------
    method : str
        Name in ``METHODS``.
    options : mapping
        Options of the method as JSON.
    selection : Selection
        What to read.
    tissue, reference : str
        Paths; empty for data that live only in memory.
    out : str
        Store that receives the result; empty where nothing is to be written.
    image : str
        Picture that lies beside the table; empty where there is none.
    image_scale : float or tuple of float
        Picture pixels per unit of the spots' coordinates; or six numbers of an affine map.
    task : str
        Question, as in `napari_tessera.contract.method.Task`.
    source : str
        Path of a labelled section for domains; empty where there is none.
    composition : str
        Run of the same tissue whose composition domains go by too; empty for none.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    tissue: str = ""
    reference: str = ""
    out: str = ""
    image: str = ""
    image_scale: PictureScale = 1.0
    task: str = "place cells"
    source: str = ""
    composition: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**{**plain, "selection": Selection.from_json(values["selection"])})

    def run_name(self, fingerprint: str, salt: str = "") -> str:
        """Return ``<method>_<8 hex>``: the same recipe on the same input has the same name.

        Parameters
        ----------
        fingerprint : str
            Hash of what was read; where things lie on disk does not matter.
        salt : str
            Anything that makes a further run of the same recipe distinct.
        """
        chosen = self.selection.to_json()
        recipe = [self.method, self.task, dict(self.options), chosen, fingerprint, salt]
        digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
        return f"{self.method}_{digest[:8]}"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where prepared data came from.

    Parameters
    ----------
    selection : Selection
        With every default filled in.
    preparation : tuple of str
        Named steps and repairs, in order.
    fingerprint : str
        Hash over shape and content of all that was read.
    composition : str
        Run of the same tissue whose composition was read too; empty for none.
    """

    selection: Selection = field(default_factory=Selection)
    preparation: tuple[str, ...] = ()
    fingerprint: str = ""
    composition: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(
            selection=Selection.from_json(values["selection"]),
            preparation=tuple(values["preparation"]),
            fingerprint=values["fingerprint"],
            composition=values.get("composition", ""),
        )


@dataclass(frozen=True, kw_only=True)
class PairedData:
    """Cells and spots over the same genes: what placement and composition are fitted to.

    Parameters
    ----------
    cells, spots : Expression
        The same ``gene_names`` in the same order.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Spot centres x, y as they lie in the coordinate system
        ``origin.selection.coordinate_system``; nothing else is scaled or moved, so the way back
        to an element is the inverse of the element's own transformation.
    unit : str
        Unit of that coordinate system: ``micrometre`` where the data say so, else ``pixel`` or
        ``unit``.
    pitch : float
        Typical distance of neighbouring spots in `unit` (lattice step, or sqrt(area / n_spots)).
    spot_graph : scipy.sparse.csr_matrix or None, shape (n_spots, n_spots)
        Spatial neighbours, 0/1.
    cell_types : ndarray of str or None, shape (n_cells,)
        Labels of the cells; never used for training unless a method says so.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.
    origin : Origin
        Where it came from.
    further : Expression or None
        Genes of the same cells that the spots lack, in the cells' scale: what can be imputed.

    Raises
    ------
    ValueError
        If shapes or gene names disagree.
    """

    cells: Expression
    spots: Expression
    spot_xy: NDArray[np.float64]
    unit: str
    pitch: float
    spot_graph: sparse.csr_matrix | None = None
    cell_types: NDArray[np.str_] | None = None
    sample: NDArray[np.str_] | None = None
    origin: Origin = field(default_factory=Origin)
    further: Expression | None = None

    def __post_init__(self) -> None:
        xy = np.asarray(self.spot_xy, dtype=np.float64)
        object.__setattr__(self, "spot_xy", xy)
        if not np.array_equal(self.cells.gene_names, self.spots.gene_names):
            msg = "cells and spots do not have the same genes in the same order"
            raise ValueError(msg)
        if xy.shape != (self.spots.n_obs, 2) or not np.isfinite(xy).all():
            msg = f"spot_xy must be finite, shape ({self.spots.n_obs}, 2); found {xy.shape}"
            raise ValueError(msg)
        if self.cell_types is not None and self.cell_types.shape != (self.cells.n_obs,):
            msg = f"cell_types must have shape ({self.cells.n_obs},)"
            raise ValueError(msg)
        if self.further is not None and self.further.n_obs != self.cells.n_obs:
            msg = f"further must have {self.cells.n_obs} cells; found {self.further.n_obs}"
            raise ValueError(msg)
        if not self.pitch > 0:
            msg = f"pitch must be above 0; found {self.pitch}"
            raise ValueError(msg)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.cells.n_obs

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return self.spots.n_obs

    @property
    def n_genes(self) -> int:
        """Number of shared genes."""
        return self.cells.n_genes

    def take_spots(self, rows: NDArray[np.integer]) -> PairedData:
        """Keep some spots only; the graph is cut to them."""
        return dataclasses.replace(
            self,
            spots=self.spots.take(rows),
            spot_xy=self.spot_xy[rows],
            spot_graph=None if self.spot_graph is None else self.spot_graph[rows][:, rows],
            sample=None if self.sample is None else self.sample[rows],
        )

    def to_state(self) -> State:
        """Arrays and values for ``inputs.safetensors``; strings go to the JSON part."""
        arrays = {
            "spot_xy": self.spot_xy,
            **pack_sparse("cells", self.cells.values),
            **pack_sparse("spots", self.spots.values),
        }
        if self.spot_graph is not None:
            arrays |= pack_sparse("spot_graph", self.spot_graph)
        if self.further is not None:
            arrays |= pack_sparse("further", self.further.values)
        values = {
            "cell_names": self.cells.obs_names.tolist(),
            "spot_names": self.spots.obs_names.tolist(),
            "gene_names": self.cells.gene_names.tolist(),
            "further_names": [] if self.further is None else self.further.gene_names.tolist(),
            "cell_scale": str(self.cells.scale),
            "spot_scale": str(self.spots.scale),
            "unit": self.unit,
            "pitch": self.pitch,
            "cell_types": None if self.cell_types is None else self.cell_types.tolist(),
            "sample": None if self.sample is None else self.sample.tolist(),
            "origin": self.origin.to_json(),
        }
        return State(arrays=arrays, values=values)

    @classmethod
    def from_state(cls, state: State) -> PairedData:
        """Inverse of `to_state`."""
        a, v = state.arrays, state.values
        genes = np.asarray(v["gene_names"], dtype=np.str_)

        further_names = np.asarray(v.get("further_names", []), dtype=np.str_)

        def expression(name: str, of: str, names: NDArray[np.str_]) -> Expression:
            return Expression(
                values=unpack_sparse(name, a),
                obs_names=np.asarray(v[f"{of}_names"], dtype=np.str_),
                gene_names=names,
                scale=ExpressionScale(v[f"{of}_scale"]),
            )

        def text(name: str) -> NDArray[np.str_] | None:
            return None if v[name] is None else np.asarray(v[name], dtype=np.str_)

        return cls(
            cells=expression("cells", "cell", genes),
            spots=expression("spots", "spot", genes),
            further=expression("further", "cell", further_names) if further_names.size else None,
            spot_xy=a["spot_xy"],
            unit=v["unit"],
            pitch=v["pitch"],
            spot_graph=unpack_sparse("spot_graph", a) if "spot_graph.data" in a else None,
            cell_types=text("cell_types"),
            sample=text("sample"),
            origin=Origin.from_json(v["origin"]),
        )
