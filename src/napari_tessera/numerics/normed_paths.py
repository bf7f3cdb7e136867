"""Straight paths through a network of two normalised layers, without a product per node.

The numbers are those of `napari_tessera.numerics.normed_tail.NormedPass`; loops are in
`napari_tessera.numerics.path_kernels`, which numba compiles when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.numerics.normed_tail import FirstNorm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.numerics.normed_tail import NormedTail, Ray
    from napari_tessera.numerics.path_kernels import Kept, Line, Second

WORD = 8
"""Units whose being active is compared at once: the width must be a multiple."""


def suits(tail: NormedTail, device: torch.device) -> bool:
    """Whether `TwoLayerPass` can follow paths through these layers there."""
    fits = len(tail.norms) == 2 and tail.norms[0].gain.numel() % WORD == 0
    return fits and device.type == "cpu"


class TwoLayerPass:
    """One pass along some paths and back; for a `NormedTail` that `suits`.

    Parameters
    ----------
    tail : NormedTail
        The layers.
    ray : Ray
        The paths.
    """

    def __init__(self, tail: NormedTail, ray: Ray) -> None:
        from napari_tessera.numerics.path_kernels import find_active

        self._tail, self._ray = tail, ray
        self._first = FirstNorm(tail.norms[0], ray)
        self._line = _line(self._first, tail, ray)
        self._second = _second(tail)
        shape = (*ray.nodes.shape, self._first.begin.numel())
        self._active: NDArray[np.int8] = np.empty(shape, dtype=np.int8)
        find_active(self._line, self._active)
        self._on = torch.from_numpy(self._active[:, 0]).float()

    def forward(self) -> torch.Tensor:
        """Embeddings of all nodes of all paths, shape (n * n_nodes, n_dims)."""
        from napari_tessera.numerics.path_kernels import go, shorten

        tail, n_out = self._tail, self._tail.biases[0].numel()
        self._kept = _room(self._ray, n_out)
        self._raised = torch.empty(self._ray.nodes.numel(), n_out)
        rows = (self._first_sums().numpy(), self._raised.numpy())
        go(self._line, self._second, self._active, self._kept, rows)
        self._embedded = torch.addmm(tail.biases[1], self._raised, tail.weights[1].T)
        if tail.cosine:
            self._length = np.empty(len(self._raised), dtype=np.float32)
            shorten(self._embedded.numpy(), self._length)
        return self._embedded

    def pull(self, gradient: torch.Tensor) -> torch.Tensor:
        """From gradients at the embeddings to their mean over the nodes at the first layer.

        Parameters
        ----------
        gradient : torch.Tensor, shape (n * n_nodes, n_dims)
            Its memory may be used.

        Returns
        -------
        torch.Tensor, shape (n, width)
        """
        from napari_tessera.numerics.path_kernels import come_back, turn_only

        tail, (n, n_nodes) = self._tail, self._ray.nodes.shape
        gradient = gradient.contiguous()
        if tail.cosine:
            turn_only(gradient.numpy(), self._embedded.numpy(), self._length)
        h = torch.mm(gradient, tail.weights[1], out=self._raised)
        whole, products = torch.empty(n, h.shape[1]), torch.empty(n, n_nodes)
        changed = torch.zeros(n, self._first.begin.numel())
        parts = (h, self._ray.weights, whole, changed, products)
        back = tuple(part.contiguous().numpy() for part in parts)
        come_back(self._line, self._second, self._active, self._kept, back)
        mean = torch.addcmul(changed, whole @ tail.centred[0].T, self._on)
        return self._first.unseen(mean.mul_(tail.norms[0].gain), products)

    def _first_sums(self) -> torch.Tensor:
        """Add up the units that are active at the first node, (3, n, n_out)."""
        tail, on = self._tail, self._on
        begin, step, shift = (torch.from_numpy(v) for v in self._line[:3])
        sums = torch.empty(3, len(on), tail.biases[0].numel())
        weight, bias = tail.centred
        units = torch.cat([on * begin, on * step, on * shift])
        torch.mm(units, weight, out=sums.view(len(units), -1))
        sums[2] += bias
        return sums


def _line(first: FirstNorm, tail: NormedTail, ray: Ray) -> Line:
    """Lay the paths out for the loops."""
    from napari_tessera.numerics.path_kernels import Line

    norm = tail.norms[0]
    parts = (first.begin * norm.gain, first.step * norm.gain, norm.shift, first.rate, ray.nodes)
    return Line(*(part.contiguous().numpy() for part in parts))


def _second(tail: NormedTail) -> Second:
    """Lay the second layer out for the loops."""
    from napari_tessera.numerics.path_kernels import Second

    norm = tail.norms[1]
    parts = (tail.centred[0], norm.gain, norm.shift, torch.tensor([norm.eps]))
    return Second(*(part.contiguous().numpy() for part in parts))


def _room(ray: Ray, n_out: int) -> Kept:
    """Arrays that the way there fills."""
    from napari_tessera.numerics.path_kernels import Kept

    n, n_nodes = ray.nodes.shape
    return Kept(
        *(
            np.empty(shape, dtype=np.float32)
            for shape in ((n, n_nodes, n_out), (n, n_nodes), (n, n_out))
        )
    )
