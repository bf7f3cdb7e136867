"""One training of SpaIM: which targets, which profiles, which losses."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.methods.spaim.losses import content, cosine_loss, style
from napari_tessera.methods.spaim.network import PIECE, Generator, Spaim
from napari_tessera.methods.spaim.options import Aggregate, SpaimOptions
from napari_tessera.numerics.gene_views import cell_components
from napari_tessera.numerics.minimise import CLIP, WEIGHT_DECAY, Plan, Watch, minimise, one_cycle
from napari_tessera.numerics.seeding import rng_for, torch_generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.gene_panel import GenePanel

FEW_CLUSTERS, MANY_CLUSTERS = 10, 300
"""Clusters of the published form without cell types, and of the improved form."""

MOST_COMPONENTS = 200
"""Patterns over the spots that the improved form tells apart."""

LEAST_CLUSTERS = 3


def cluster_cells(inputs: PairedData, options: SpaimOptions) -> NDArray[np.int64]:
    """Cluster of every cell of the panel: its type, or k-means on principal components.

    The published form clusters by Leiden's method; results depend little on it.
    """
    from scipy.cluster.vq import kmeans2

    from napari_tessera.numerics.gene_panel import sample_cells

    types = inputs.cell_types
    if types is not None and options.clusters is None and not options.improved:
        found = np.unique(types[sample_cells(inputs.n_cells, options)], return_inverse=True)[1]
        if found.max() + 1 >= LEAST_CLUSTERS:
            return np.asarray(found, dtype=np.int64)
    components, scale = cell_components(inputs, options)
    wanted = options.clusters or (MANY_CLUSTERS if options.improved else FEW_CLUSTERS)
    wanted = max(LEAST_CLUSTERS, min(wanted, len(components) // 4))
    places = (components * scale).double().numpy()
    rng = rng_for(options.seed, wanted)
    _, found = kmeans2(places, wanted, minit="++", rng=rng, missing="warn")
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)


def gene_profiles(
    panel: GenePanel, clusters: NDArray[np.int64], options: SpaimOptions
) -> torch.Tensor:
    """Profile of every gene over the clusters, shape (n_all, n_clusters).

    Published: mean or median of the logged values. Improved: mean of the standardised ones, by the
    root of the cluster's share, so that products of profiles are close to correlations.
    """
    n_clusters = int(clusters.max()) + 1
    scale, centre = (1.0, 0.0) if options.improved else (panel.cell_sd, panel.cell_mean)
    found = np.empty((panel.n_all, n_clusters), dtype=np.float32)
    for number in range(n_clusters):
        own = panel.cells[clusters == number]
        middle = (
            np.median(own, axis=0) if options.aggregate is Aggregate.MEDIAN else own.mean(axis=0)
        )
        weight = math.sqrt(len(own)) if options.improved else 1.0
        found[:, number] = weight * (middle * scale + centre)
    if options.improved:
        found /= max(float(found.std()), 1e-9)
    return torch.from_numpy(found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Targets:
    """What the network is trained on.

    Parameters
    ----------
    x : torch.Tensor, shape (n_spots, n_genes)
        Logged values, or patterns in the basis; read by columns.
    scale, centre : torch.Tensor, shape (n_genes,)
        ``x * scale + centre`` is what is learned.
    profiles : torch.Tensor, shape (n_genes, n_clusters)
        Of the same genes.
    """

    x: torch.Tensor
    scale: torch.Tensor
    centre: torch.Tensor
    profiles: torch.Tensor

    def batch(self, genes: torch.Tensor) -> torch.Tensor:
        """Targets of some genes, shape (n, n_spots)."""
        found = self.x.new_empty(len(genes), len(self.x))
        scale, centre = self.scale[genes, None], self.centre[genes, None]
        for start in range(0, len(self.x), PIECE):
            rows = slice(start, start + PIECE)
            found[:, rows] = self.x[rows][:, genes].T * scale + centre
        return found


def in_basis(spots: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Patterns of standardised genes in an orthonormal basis of their own.

    Parameters
    ----------
    spots : torch.Tensor, shape (n_spots, n_genes)
        Standardised.

    Returns
    -------
    basis : torch.Tensor, shape (n_spots, n_components)
    coordinates : torch.Tensor, shape (n_components, n_genes)
        Cosines between genes are those over the spots, as far as the basis reaches.
    """
    values, vectors = torch.linalg.eigh((spots.T @ spots).double())
    kept = values > 1e-6 * values[-1]
    kept[: max(0, len(values) - MOST_COMPONENTS)] = False
    turned, length = vectors[:, kept], values[kept].sqrt()
    basis = (spots.double() @ turned / length).to(spots.dtype)
    return basis, (turned * length).T.to(spots.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """One network to be trained.

    Parameters
    ----------
    targets : Targets
        What is learned.
    options : SpaimOptions
        Options.
    stream : int
        Number of this training among all of a fit: its draws depend on it.
    n_epochs : int
        Passes over the genes.
    """

    targets: Targets
    options: SpaimOptions
    stream: int
    n_epochs: int

    @property
    def n_batches(self) -> int:
        """Steps of one pass."""
        return math.ceil(len(self.targets.profiles) / self.options.batch_genes)

    @property
    def n_steps(self) -> int:
        """Steps of the whole training."""
        return self.n_epochs * self.n_batches

    def run(
        self, watch: Watch, resume: State | None = None
    ) -> tuple[Generator, dict[str, tuple[float, ...]], bool]:
        """Train; gives the generator, its history, and whether somebody finished early."""
        targets = self.targets
        draws = torch_generator(self.options.seed, self.stream)
        net = Spaim(len(targets.x), targets.profiles.shape[1], draws).to(targets.x.device)
        history, early = minimise(net, self._plan(net), watch, resume)
        return net.generator, history, early

    def _plan(self, net: Spaim) -> Plan:
        improved, peak = self.options.improved, self.options.rate
        direct = 1.0 if improved else 0.0
        weights = {"content": 1.0, "style": 1.0, "autoencoder": 1.0, "transfer": 1.0}
        return Plan(
            terms=lambda step: self.terms(net, step),
            weights=lambda _step: {**weights, "direct": direct},
            n_steps=self.n_steps,
            rate=one_cycle(self.n_steps, peak) if improved else (lambda _step: peak),
            weight_decay=WEIGHT_DECAY if improved else 0.0,
            clip=CLIP if improved else math.inf,
        )

    def terms(self, net: Spaim, step: int) -> Mapping[str, torch.Tensor]:
        """Unweighted losses of one batch of genes and its masked copies."""
        x, profiles = self.batch(step)
        outer, inner = net.codes(x, profiles)
        made = net.generator.hidden(outer.profile * outer.gate, inner.profile * inner.gate)
        plain = net.generator.hidden(outer.content * outer.style, inner.content * inner.style)
        p = net.generator.out.products(x, plain, made)
        layers = (outer, inner)
        n_copies = len(profiles)
        return {
            "content": torch.stack([content(c.content, c.profile) for c in layers]).sum(),
            "style": torch.stack([style(c.gate, c.style, n_copies) for c in layers]).sum(),
            "autoencoder": cosine_loss(p.xh, p.xx, p.hh),
            "transfer": cosine_loss(p.hg, p.hh, p.gg),
            "direct": cosine_loss(p.xg, p.xx, p.gg),
        }

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Targets (n, n_spots) and profiles with their masked copies (n_copies, n, n_profile)."""
        targets, options = self.targets, self.options
        epoch, number = divmod(step, self.n_batches)
        n_genes = len(targets.profiles)
        order = torch.randperm(n_genes, generator=torch_generator(options.seed, self.stream, epoch))
        genes = order[number * options.batch_genes : (number + 1) * options.batch_genes]
        draws = torch_generator(options.seed, self.stream, n_genes, step)
        shape = (options.n_copies, len(genes), targets.profiles.shape[1])
        shown = torch.rand(shape, generator=draws) >= options.masked
        shown[0] = True
        at = genes.to(targets.x.device)
        return targets.batch(at), targets.profiles[at] * shown.to(targets.x.device)
