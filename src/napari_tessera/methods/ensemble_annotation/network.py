"""A small network that names types, trained on reference cells that are thinned anew all the time.

One hidden layer sees the logarithms of the counts and the roots of the shares, and so how genes go
together, which a regression does not. It never meets the same thinned cell twice. Its answer is
that of the moving average of its weights, and it is trained for as long as held-out cells of the
first fold gain by it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import skip_init

from napari_tessera.numerics.minimise import Optimisation, Plan, module_arrays
from napari_tessera.numerics.seeding import rng_for, torch_generator
from napari_tessera.numerics.softmax_regression import ThinnedCells, log_loss
from napari_tessera.numerics.tensors import one_thread
from napari_tessera.numerics.thinning import Transform, features

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.numerics.cross_fit import HeldOutCells

WIDTH = 256
"""Width of the hidden layer."""

HIDDEN_DROPOUT, INPUT_DROPOUT = 0.4, 0.1
"""Shares of units and of inputs that are dropped in training."""

RATE, BATCH, DECAY = 1e-3, 128, 0.99
"""Learning rate, cells per step, and decay of the moving average per step."""

CHECK, PATIENCE, MOST_STEPS = 100, 5, 1500
"""Steps between two looks at held-out cells, looks without a gain that end it, most steps."""

LEAST_GAIN = 1e-3
"""Fall of the log loss, in nats, that counts as a gain."""

AT_LEAST, AT_MOST = 1024, 4096
"""Rows that are thinned and z-scored together; few cells are thinned several times."""

STREAM = 70
"""Stream of draws of the final fit; folds take the ones after it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TypeNetwork:
    """A trained network.

    Parameters
    ----------
    hidden_weights : ndarray, shape (256, 2 * n_genes), float32
        From the roots of shares, then the logarithms, to the hidden layer.
    hidden_bias : ndarray, shape (256,), float32
        Offsets of the hidden layer.
    weights : ndarray, shape (n_types, 256), float32
        From the hidden layer to the logits.
    bias : ndarray, shape (n_types,), float32
        Offsets of the logits.
    """

    hidden_weights: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def log_posterior(self, counts: sparse.csr_matrix) -> NDArray[np.float64]:
        """Log probabilities of the types for counts of one side, shape (n_obs, n_types)."""
        n_genes = counts.shape[1]
        hidden = features(counts, Transform.ROOT) @ self.hidden_weights[:, :n_genes].T
        hidden += features(counts, Transform.LOG) @ self.hidden_weights[:, n_genes:].T
        hidden += self.hidden_bias
        logits = np.maximum(hidden, 0.0) @ self.weights.T + self.bias
        return np.asarray(log_softmax(logits.astype(np.float64), axis=1))


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkFit:
    """What a network says about cells that it has not seen, and the one that saw all.

    Parameters
    ----------
    log_p : ndarray, shape (n_cells, n_types), float64
        Log probabilities of the held-out cells.
    n_steps : int
        Steps that were best on the first fold.
    network : TypeNetwork
        Trained on all cells for as many steps.
    """

    log_p: NDArray[np.float64]
    n_steps: int
    network: TypeNetwork


class _Layers(nn.Module):
    """Both layers, with dropout whose draws are given."""

    def __init__(self, n_inputs: int, n_types: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = skip_init(nn.Linear, n_inputs, WIDTH)  # type: ignore[no-untyped-call]
        self.out = skip_init(nn.Linear, WIDTH, n_types)  # type: ignore[no-untyped-call]
        for layer, n in ((self.hidden, n_inputs), (self.out, WIDTH)):
            with torch.no_grad():
                for values in (layer.weight, layer.bias):
                    values.uniform_(-1 / math.sqrt(n), 1 / math.sqrt(n), generator=generator)

    def forward(self, x: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
        """Logits of rows, shape (n_rows, n_types)."""
        hidden = torch.relu(self.hidden(_dropped(x, INPUT_DROPOUT, draws)))
        found: torch.Tensor = self.out(_dropped(hidden, HIDDEN_DROPOUT, draws))
        return found


def _dropped(x: torch.Tensor, share: float, draws: torch.Generator) -> torch.Tensor:
    """Zero a share of the values and scale the others up."""
    return x * ((torch.rand(x.shape, generator=draws) >= share) / (1 - share))


def _plan(net: _Layers, cells: ThinnedCells, seed: int, stream: int) -> Plan:
    """Say how a network is trained on cells that are thinned anew in every pass."""
    copies = np.tile(np.arange(cells.codes.size), max(1, AT_LEAST // cells.codes.size))
    n_at_once = min(AT_MOST, copies.size)
    n_batches = -(-n_at_once // BATCH)
    codes = torch.as_tensor(cells.codes)
    x, rows = torch.empty(0), torch.empty(0, dtype=torch.int64)

    def terms(step: int) -> dict[str, torch.Tensor]:
        nonlocal x, rows
        part = step % n_batches
        if part == 0:
            rng = rng_for(seed, stream, step)
            rows = torch.as_tensor(rng.permutation(copies)[:n_at_once])
            thinned = cells.take(rows.numpy()).thinned(rng)
            both = [features(thinned, t) for t in (Transform.ROOT, Transform.LOG)]
            x = torch.as_tensor(np.concatenate(both, axis=1))
        some = slice(part * BATCH, (part + 1) * BATCH)
        logits = net(x[some], torch_generator(seed, stream, step))
        return {"loss": cross_entropy(logits, codes[rows[some]])}

    return Plan(
        terms=terms, weights=lambda _: {"loss": 1.0}, n_steps=MOST_STEPS, rate=lambda _: RATE
    )


def trained(
    cells: ThinnedCells, seed: int, stream: int, every: int
) -> Iterator[tuple[int, TypeNetwork]]:
    """Train a network; gives the steps taken and the average so far, now and then.

    Parameters
    ----------
    cells : ThinnedCells
        What it learns from.
    seed, stream : int
        Where its draws come from.
    every : int
        Steps from one network to the next.
    """
    net = _Layers(2 * cells.counts.shape[1], cells.n_types, torch_generator(seed, stream))
    run = Optimisation.start(net, _plan(net, cells, seed, stream))
    weights = [p.detach() for p in net.parameters()]
    average = [w.clone() for w in weights]
    while not run.done:
        run.advance()
        share = 1 - min(DECAY, (1 + run.step) / (10 + run.step))
        torch._foreach_lerp_(average, weights, share)
        if run.step % every == 0:
            yield run.step, _packed(net, average)


def _packed(net: _Layers, average: list[torch.Tensor]) -> TypeNetwork:
    """Averaged weights as plain arrays."""
    arrays = dict(zip(module_arrays(net), (a.numpy().copy() for a in average), strict=True))
    return TypeNetwork(
        hidden_weights=arrays["hidden.weight"],
        hidden_bias=arrays["hidden.bias"],
        weights=arrays["out.weight"],
        bias=arrays["out.bias"],
    )


def fit_network(
    cells: ThinnedCells, held: HeldOutCells, seed: int, beat: Callable[[], None]
) -> NetworkFit:
    """Choose how long to train on the first fold; answer for every fold; train on all cells.

    Parameters
    ----------
    cells : ThinnedCells
        All cells.
    held : HeldOutCells
        The same cells as they are held out.
    seed : int
        Seed of weights, thinning and dropout.
    beat : callable
        Called now and then; may raise to give up.
    """
    log_p = np.empty((cells.codes.size, cells.n_types))
    with one_thread():
        n_steps = _best_length(cells, held, seed, log_p, beat)
        for fold in range(1, held.n_folds):
            out = held.folds == fold
            some = cells.take(np.flatnonzero(~out))
            _, network = next(trained(some, seed, STREAM + 1 + fold, n_steps))
            log_p[out] = network.log_posterior(held.counts)[out]
            beat()
        _, network = next(trained(cells, seed, STREAM, n_steps))
    return NetworkFit(log_p=log_p, n_steps=n_steps, network=network)


def _best_length(
    cells: ThinnedCells,
    held: HeldOutCells,
    seed: int,
    log_p: NDArray[np.float64],
    beat: Callable[[], None],
) -> int:
    """Find the steps with the least log loss on the first fold; its answers go to `log_p`."""
    out = held.folds == 0
    least, n_steps = np.inf, CHECK
    for step, network in trained(cells.take(np.flatnonzero(~out)), seed, STREAM + 1, CHECK):
        answer = network.log_posterior(held.counts)[out]
        loss = log_loss(answer, cells.codes[out])
        if loss < least - LEAST_GAIN:
            least, n_steps, log_p[out] = loss, step, answer
        beat()
        if step >= n_steps + PATIENCE * CHECK:
            break
    return n_steps
