"""Sections on their own, with a labelled one beside them where there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import Origin
from napari_tessera.contract.state import State, join_states, pack_sparse, unpack_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


@runtime_checkable
class SeesPicture(Protocol):
    """Options of a method that can go by more than genes: the picture, and a composition."""

    @property
    def picture(self) -> bool:
        """Whether colour and texture around the spots are wanted."""


@dataclass(frozen=True, kw_only=True)
class SectionData:
    """Spots of one or several sections.

    Parameters
    ----------
    spots : Expression
        Expression of the spots.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Centres in `unit`.
    spot_graph : scipy.sparse.csr_matrix, shape (n_spots, n_spots)
        Spatial neighbours, symmetric, 0/1, none across sections.
    unit : str
        Unit of the coordinates.
    pitch : float
        Typical distance of neighbouring spots in `unit`.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot.
    labels : ndarray of str or None, shape (n_spots,)
        Domains that people gave; a source has them, a target has not.
    source : SectionData or None
        Labelled section over the same genes in the same order.
    picture : ndarray or None, shape (n_spots, n_features), float32
        Colour and texture of the picture around every spot.
    composition : ndarray or None, shape (n_spots, n_types), float32
        Shares of cell types in every spot, as a run found them.
    origin : Origin
        Where it came from.

    Raises
    ------
    ValueError
        If shapes or gene names disagree, or a source has no labels.
    """

    spots: Expression
    spot_xy: NDArray[np.float64]
    spot_graph: sparse.csr_matrix
    unit: str
    pitch: float
    sample: NDArray[np.str_] | None = None
    labels: NDArray[np.str_] | None = None
    source: SectionData | None = None
    picture: NDArray[np.float32] | None = None
    composition: NDArray[np.float32] | None = None
    origin: Origin = field(default_factory=Origin)

    def __post_init__(self) -> None:
        n_spots = self.spots.n_obs
        if self.spot_xy.shape != (n_spots, 2) or not np.isfinite(self.spot_xy).all():
            msg = f"spot_xy must be finite, shape ({n_spots}, 2); found {self.spot_xy.shape}"
            raise ValueError(msg)
        if self.spot_graph.shape != (n_spots, n_spots):
            msg = f"spot_graph must have shape ({n_spots}, {n_spots})"
            raise ValueError(msg)
        for name in ("sample", "labels"):
            values = getattr(self, name)
            if values is not None and values.shape != (n_spots,):
                msg = f"{name} must have shape ({n_spots},); found {values.shape}"
                raise ValueError(msg)
        for name in ("picture", "composition"):
            beside = getattr(self, name)
            if beside is not None and len(beside) != n_spots:
                msg = f"{name} must have {n_spots} rows; found {len(beside)}"
                raise ValueError(msg)
        if self.source is not None and self.source.labels is None:
            msg = "a source must have labels"
            raise ValueError(msg)
        if self.source is not None and not np.array_equal(
            self.source.spots.gene_names, self.spots.gene_names
        ):
            msg = "spots and source do not have the same genes in the same order"
            raise ValueError(msg)

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return self.spots.n_obs

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return self.spots.n_genes

    def to_state(self) -> State:
        """Arrays and values for ``inputs.safetensors``; strings go to the JSON part."""
        arrays = {
            "spot_xy": self.spot_xy,
            **pack_sparse("spots", self.spots.values),
            **pack_sparse("spot_graph", self.spot_graph),
        }
        beside = {"picture": self.picture, "composition": self.composition}
        arrays |= {name: values for name, values in beside.items() if values is not None}
        values = {
            "spot_names": self.spots.obs_names.tolist(),
            "gene_names": self.spots.gene_names.tolist(),
            "spot_scale": str(self.spots.scale),
            "unit": self.unit,
            "pitch": self.pitch,
            "sample": None if self.sample is None else self.sample.tolist(),
            "labels": None if self.labels is None else self.labels.tolist(),
            "origin": self.origin.to_json(),
        }
        own = State(arrays=arrays, values=values)
        parts = {"section": own}
        if self.source is not None:
            parts["source"] = self.source.to_state()
        return join_states(parts)

    @classmethod
    def from_state(cls, state: State) -> SectionData:
        """Inverse of `to_state`."""
        own, other = state.part("section"), state.part("source")
        a, v = own.arrays, own.values

        def text(name: str) -> NDArray[np.str_] | None:
            return None if v[name] is None else np.asarray(v[name], dtype=np.str_)

        return cls(
            spots=Expression(
                values=unpack_sparse("spots", a),
                obs_names=np.asarray(v["spot_names"], dtype=np.str_),
                gene_names=np.asarray(v["gene_names"], dtype=np.str_),
                scale=ExpressionScale(v["spot_scale"]),
            ),
            spot_xy=a["spot_xy"],
            spot_graph=unpack_sparse("spot_graph", a),
            unit=v["unit"],
            pitch=v["pitch"],
            sample=text("sample"),
            labels=text("labels"),
            source=cls.from_state(other) if other.arrays else None,
            picture=a.get("picture"),
            composition=a.get("composition"),
            origin=Origin.from_json(v["origin"]),
        )
