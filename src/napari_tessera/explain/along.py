"""Follow paths through a network and come back with the mean gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

from napari_tessera.numerics.normed_paths import TwoLayerPass, suits
from napari_tessera.numerics.normed_tail import NormedPass, NormedTail, Ray

if TYPE_CHECKING:
    from collections.abc import Callable


class Pass(Protocol):
    """One pass along some paths and back; see `NormedPass`."""

    def forward(self) -> torch.Tensor:
        """Embeddings of all nodes of all paths, shape (n * n_nodes, n_dims)."""

    def pull(self, gradient: torch.Tensor) -> torch.Tensor:
        """Mean over the nodes of the gradient at the first layer, shape (n, width)."""


def along(rest: Callable[[torch.Tensor], torch.Tensor], ray: Ray, *, compiled: bool) -> Pass:
    """Prepare a pass: by hand where the layers are known, else by torch's own derivatives.

    Parameters
    ----------
    rest : callable
        What follows the first layer.
    ray : Ray
        The paths.
    compiled : bool
        Whether there is so much to do that compiled loops pay, where they suit.
    """
    if not isinstance(rest, NormedTail):
        return AutogradPass(rest, ray)
    if compiled and suits(rest, ray.step.device):
        return TwoLayerPass(rest, ray)
    return NormedPass(rest, ray)


class AutogradPass:
    """A pass through any layers.

    Parameters
    ----------
    rest : callable
        What follows the first layer.
    ray : Ray
        The paths.
    """

    def __init__(self, rest: Callable[[torch.Tensor], torch.Tensor], ray: Ray) -> None:
        self._ray = ray
        at = torch.addcmul(ray.begin, ray.nodes[:, :, None], ray.step[:, None])
        self._at = at.reshape(-1, ray.begin.numel()).requires_grad_()
        with torch.enable_grad():
            self._embedded = rest(self._at)

    def forward(self) -> torch.Tensor:
        """Embeddings of all nodes of all paths, shape (n * n_nodes, n_dims)."""
        return self._embedded.detach()

    def pull(self, gradient: torch.Tensor) -> torch.Tensor:
        """Mean over the nodes of the gradient at the first layer, shape (n, width)."""
        (found,) = torch.autograd.grad(self._embedded, self._at, gradient)
        n, width = self._ray.step.shape
        return torch.bmm(self._ray.weights[:, None], found.view(n, -1, width)).squeeze(1)
