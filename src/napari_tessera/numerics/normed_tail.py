"""What follows the first layer of an encoder, with its derivative written out by hand.

Layers are LayerNorm, ReLU, linear, again and again; the last one may be divided by its norm. Along
a straight path the first layer's output is linear in the path's parameter a, so mean and variance
of the first LayerNorm are known in closed form, and its derivative can be summed over the nodes
before it is made as wide as the layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A LayerNorm.

    Parameters
    ----------
    gain, shift : torch.Tensor, shape (width,), float32
        Its weights.
    eps : float
        Added to the variance.
    """

    gain: torch.Tensor
    shift: torch.Tensor
    eps: float


@dataclass(frozen=True, kw_only=True)
class NormedTail:
    """Layers behind the first one.

    Parameters
    ----------
    norms : tuple of Norm
        One before every linear layer.
    weights, biases : tuple of torch.Tensor
        The linear layers, (out, in) and (out,).
    cosine : bool
        Whether the last output is divided by its norm.
    """

    norms: tuple[Norm, ...]
    weights: tuple[torch.Tensor, ...]
    biases: tuple[torch.Tensor, ...]
    cosine: bool

    @cached_property
    def centred(self) -> tuple[torch.Tensor, torch.Tensor]:
        """First linear layer less what the norm behind it subtracts.

        Weights (in, out), laid out so that a unit's are beside each other, and bias (out,).
        """
        weight, bias = self.weights[0], self.biases[0]
        return (weight - weight.mean(dim=0)).T.contiguous(), bias - bias.mean()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """From the first layer's output, shape (n, width), to embeddings, shape (n, n_dims)."""
        for norm, weight, bias in zip(self.norms, self.weights, self.biases, strict=True):
            x = functional.layer_norm(x, norm.gain.shape, norm.gain, norm.shift, norm.eps)
            x = functional.linear(functional.relu(x), weight, bias)
        return functional.normalize(x, dim=1) if self.cosine else x


@dataclass(frozen=True, kw_only=True)
class Ray:
    """Straight paths at the first layer's output: ``begin + a * step`` at the nodes a.

    Parameters
    ----------
    begin : torch.Tensor, shape (width,)
        Where all of them begin, bias included.
    step : torch.Tensor, shape (n, width)
        How far each one goes.
    nodes, weights : torch.Tensor, shape (n, n_nodes)
        Nodes in 0 to 1 and weights of each path's quadrature.
    """

    begin: torch.Tensor
    step: torch.Tensor
    nodes: torch.Tensor
    weights: torch.Tensor

    def part(self, rows: slice) -> Ray:
        """Take some of the paths."""
        return replace(
            self, step=self.step[rows], nodes=self.nodes[rows], weights=self.weights[rows]
        )


class NormedPass:
    """One pass along some paths and back; for a `NormedTail`.

    Parameters
    ----------
    tail : NormedTail
        The layers.
    ray : Ray
        The paths.
    """

    def __init__(self, tail: NormedTail, ray: Ray) -> None:
        self._tail, self._ray = tail, ray
        self._kept: list[tuple[torch.Tensor, ...]] = []
        self._first = FirstNorm(tail.norms[0], ray)
        self._active = self._first.forward().relu_()

    def forward(self) -> torch.Tensor:
        """Embeddings of all nodes of all paths, shape (n * n_nodes, n_dims)."""
        tail = self._tail
        x = torch.addmm(tail.biases[0], self._active, tail.weights[0].T)
        for norm, weight, bias in zip(
            tail.norms[1:], tail.weights[1:], tail.biases[1:], strict=True
        ):
            shape = norm.gain.shape
            y, mean, rate = torch.native_layer_norm(x, shape, norm.gain, norm.shift, norm.eps)
            self._kept.append((x, mean, rate, y.relu_()))
            x = torch.addmm(bias, y, weight.T)
        if not tail.cosine:
            return x
        self._length = torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_(min=1e-12)
        self._unit = x.div_(self._length)
        return self._unit

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
        tail, back = self._tail, torch.ops.aten
        if tail.cosine:
            along = torch.linalg.vecdot(gradient, self._unit).unsqueeze(1)
            gradient = gradient.addcmul_(self._unit, along, value=-1).div_(self._length)
        layers: list[Any] = list(zip(tail.norms[1:], tail.weights[1:], self._kept, strict=True))
        for norm, weight, (x, mean, rate, y) in reversed(layers):
            g = gradient @ weight
            g = back.threshold_backward.grad_input(g, y, 0, grad_input=g)
            gradient = back.native_layer_norm_backward(
                g, x, norm.gain.shape, mean, rate, norm.gain, norm.shift, [True, False, False]
            )[0]
        g = gradient @ tail.weights[0]
        return self._first.pull(
            back.threshold_backward.grad_input(g, self._active, 0, grad_input=g)
        )


class FirstNorm:
    """The first LayerNorm along straight paths.

    Parameters
    ----------
    norm : Norm
        Its weights.
    ray : Ray
        The paths.

    Attributes
    ----------
    begin : torch.Tensor, shape (width,)
        Where the paths begin, less its mean.
    step : torch.Tensor, shape (n, width)
        How far they go, less their means.
    rate : torch.Tensor, shape (n, n_nodes)
        Inverse standard deviation at every node.
    """

    def __init__(self, norm: Norm, ray: Ray) -> None:
        self._norm, self._nodes, self._weights = norm, ray.nodes, ray.weights
        self.begin = ray.begin - ray.begin.mean()
        self.step = ray.step - ray.step.mean(dim=1, keepdim=True)
        width, a = ray.begin.numel(), ray.nodes
        cross, far = (self.step @ self.begin)[:, None], self.step.square().sum(dim=1)[:, None]
        spread = (self.begin @ self.begin + 2 * a * cross + a.square() * far).clamp_(min=0)
        self.rate = (spread / width + norm.eps).rsqrt()

    def forward(self) -> torch.Tensor:
        """Normalised outputs at all nodes, shape (n * n_nodes, width)."""
        norm, width = self._norm, self.begin.numel()
        rate = self.rate[:, :, None]
        found = torch.addcmul(norm.shift, rate, self.begin * norm.gain)
        found.addcmul_(rate * self._nodes[:, :, None], (self.step * norm.gain)[:, None])
        return found.view(-1, width)

    def pull(self, gradient: torch.Tensor) -> torch.Tensor:
        """Mean over the nodes of the gradient at the input, shape (n, width)."""
        n, n_nodes = self.rate.shape
        width = self.begin.numel()
        rate, a, gain = self.rate, self._nodes, self._norm.gain
        cube = gradient.view(n, n_nodes, width)
        mean = torch.bmm((self._weights * rate)[:, None], cube).squeeze(1).mul_(gain)
        along = (gradient @ (self.begin * gain)).view(n, n_nodes)
        along = along + a * torch.bmm(cube, (self.step * gain)[:, :, None]).squeeze(2)
        return self.unseen(mean, along)

    def unseen(self, mean: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
        """Take from a mean gradient what the norm does not see.

        Parameters
        ----------
        mean : torch.Tensor, shape (n, width)
            Mean over the nodes of rate times gradient, times the gain. Its memory is used.
        along : torch.Tensor, shape (n, n_nodes)
            Product of gradient, gain and centred input at every node.
        """
        mean -= mean.mean(dim=1, keepdim=True)
        share = self._weights * self.rate.pow(3) * along / self.begin.numel()
        mean -= share.sum(dim=1)[:, None] * self.begin
        return mean.sub_((share * self._nodes).sum(dim=1)[:, None] * self.step)
