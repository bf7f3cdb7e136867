"""The one training loop: stopping, reporting, recording and resuming are right once."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.errors import DivergedError, MemoryExhaustedError
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.contract.state import State
from napari_tessera.numerics.adam import PlainAdamW
from napari_tessera.numerics.blocks import with_smaller_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

CLIP, WEIGHT_DECAY, WARM_UP = 5.0, 0.01, 0.3
"""Gradient norm, decay of AdamW, and the share of the steps in which the rate rises."""

RECORD_EVERY = 5
"""Steps between two values in the history."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What to minimise, and for how long.

    Parameters
    ----------
    terms : callable
        From the step to the unweighted loss terms; draws only from generators made of the step, so
        that a resumed run sees what an unbroken one would.
    weights : callable
        From the step to the weight of every term.
    n_steps : int
        Optimiser steps.
    rate : callable
        From the step to the learning rate.
    weight_decay : float
        Decay of AdamW; 0 is Adam.
    clip : float
        Largest norm of the gradient; infinite for none.
    """

    terms: Callable[[int], Mapping[str, Tensor]]
    weights: Callable[[int], Mapping[str, float]]
    n_steps: int
    rate: Callable[[int], float]
    weight_decay: float = WEIGHT_DECAY
    clip: float = CLIP


@dataclasses.dataclass(frozen=True, kw_only=True)
class Watch:
    """How a stage of training appears to whoever watches.

    Parameters
    ----------
    monitor : Monitor
        Takes progress and checkpoints.
    describe : callable
        From the share of the stage done, the step and the losses to a `Progress`.
    wrap : callable
        From the state of this loop to the state of the whole fit.
    each_step : callable
        Called after every step: previews.
    """

    monitor: Monitor
    describe: Callable[[int, Mapping[str, float]], Progress]
    wrap: Callable[[State], State]
    each_step: Callable[[int], None] = lambda _step: None


def one_cycle(n_steps: int, peak: float) -> Callable[[int], float]:
    """Rate that rises for the first 30 % of the steps and falls to nearly zero on a cosine."""
    rise = max(1, round(WARM_UP * n_steps))

    def rate(step: int) -> float:
        if step < rise:
            return peak * (0.04 + 0.96 * (1 - math.cos(math.pi * step / rise)) / 2)
        share = (step - rise) / max(1, n_steps - rise)
        return peak * (1e-4 + (1 + math.cos(math.pi * share)) / 2)

    return rate


def minimise(
    net: nn.Module, plan: Plan, watch: Watch, resume: State | None = None
) -> tuple[dict[str, tuple[float, ...]], bool]:
    """Take the planned steps of AdamW, unless the watcher wants to finish early.

    Parameters
    ----------
    net : Module
        Is trained in place.
    plan : Plan
        Losses and schedule.
    watch : Watch
        Who is told.
    resume : State or None
        State of this loop from a checkpoint.

    Returns
    -------
    history : dict of str to tuple of float
        ``step``, ``total`` and every unweighted term.
    finished_early : bool
        Whether the watcher asked for it.

    Raises
    ------
    DivergedError
        If the loss is not a finite number.
    MemoryExhaustedError
        If the device has no memory left.
    FitCancelled
        If the watcher says so.
    """
    run = Optimisation.start(net, plan, resume)
    early = False
    while not (run.done or early):
        run.advance()
        watch.each_step(run.step - 1)
        watch.monitor.checkpoint(lambda: watch.wrap(run.state()))
        early = watch.monitor.report(watch.describe(run.step, run.losses)) is Verdict.FINISH
    return run.end(), early


@dataclasses.dataclass
class Optimisation:
    """One network on its way through a plan.

    Parameters
    ----------
    net : Module
        Is trained in place.
    plan : Plan
        Losses and schedule.
    optimiser : Optimizer
        Keeps its moments.
    step : int
        Steps taken.
    losses : dict of str to float
        Unweighted terms of the last step and their weighted ``total``.
    history : dict of str to list of float
        ``step`` and the losses of every `RECORD_EVERY`-th step and of the last.
    """

    net: nn.Module
    plan: Plan
    optimiser: torch.optim.Optimizer
    step: int = 0
    losses: dict[str, float] = dataclasses.field(default_factory=dict)
    history: dict[str, list[float]] = dataclasses.field(default_factory=dict)

    @classmethod
    def start(cls, net: nn.Module, plan: Plan, resume: State | None = None) -> Optimisation:
        """Begin, or go on from a state of `state`."""
        parameters = [p for p in net.parameters() if p.requires_grad]
        optimiser = PlainAdamW(
            parameters, lr=plan.rate(0), weight_decay=plan.weight_decay, fused=True
        )
        run = cls(net, plan, optimiser)
        if resume is not None and resume.values:
            run.step = _restore(net, optimiser, resume, run.history)
        net.train()
        return run

    @property
    def done(self) -> bool:
        """Whether all steps are taken."""
        return self.step >= self.plan.n_steps

    def advance(self) -> None:
        """Take a step."""
        self.losses = _take_step(self.net, self.optimiser, self.plan, self.step)
        if self.step % RECORD_EVERY == 0 or self.step == self.plan.n_steps - 1:
            for name, value in {"step": float(self.step), **self.losses}.items():
                self.history.setdefault(name, []).append(value)
        self.step += 1

    def state(self) -> State:
        """All that is needed to go on as if it had not been broken."""
        return _state(self.net, self.optimiser, self.step, self.history)

    def end(self) -> dict[str, tuple[float, ...]]:
        """Leave the network ready to predict; gives the history."""
        self.net.eval()
        return {name: tuple(values) for name, values in self.history.items()}


def _take_step(
    net: nn.Module, optimiser: torch.optim.Optimizer, plan: Plan, step: int
) -> dict[str, float]:
    """One step; gives the unweighted terms and their weighted total."""
    for group in optimiser.param_groups:
        group["lr"] = plan.rate(step)
    try:
        losses = with_smaller_blocks(lambda: _gradients(net, optimiser, plan, step))
    except torch.OutOfMemoryError as error:
        msg = f"The device ran out of memory at step {step}: {error}"
        hint = "Choose fewer cells per step or fewer genes, or device cpu; then resume the run."
        raise MemoryExhaustedError(msg, hint) from error
    if not math.isfinite(losses["total"]):
        wrong = ", ".join(n for n, v in losses.items() if not math.isfinite(v))
        msg = f"The loss stopped being a number at step {step} ({wrong})."
        raise DivergedError(msg, "Lower the learning rate, and check the input for huge values.")
    optimiser.step()
    return losses


def _gradients(
    net: nn.Module, optimiser: torch.optim.Optimizer, plan: Plan, step: int
) -> dict[str, float]:
    """Losses of a step; their gradients are left in the weights."""
    weights = plan.weights(step)
    optimiser.zero_grad(set_to_none=True)  # first, so that old gradients take no memory
    terms = plan.terms(step)
    total = sum((weights[n] * t for n, t in terms.items() if weights[n] != 0), torch.zeros(()))
    total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(net.parameters(), plan.clip)
    return {n: float(t.detach()) for n, t in terms.items()} | {"total": float(total.detach())}


def module_arrays(net: nn.Module) -> dict[str, np.ndarray]:
    """Weights of a module by name, copied to the CPU."""
    return {name: t.detach().cpu().numpy().copy() for name, t in net.state_dict().items()}


def load_module(net: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """Inverse of `module_arrays`."""
    net.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})


def _state(
    net: nn.Module, optimiser: torch.optim.Optimizer, step: int, history: Mapping[str, list[float]]
) -> State:
    """All that the loop needs to go on as if it had not been broken."""
    arrays = {f"net/{n}": a for n, a in module_arrays(net).items()}
    for i, moments in optimiser.state_dict()["state"].items():
        for name, value in moments.items():
            arrays[f"adam/{i}/{name}"] = value.detach().cpu().numpy().copy()
    return State(
        arrays=arrays, values={"step": step, "history": {k: list(v) for k, v in history.items()}}
    )


def _restore(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    state: State,
    history: dict[str, list[float]],
) -> int:
    """Put a state back; gives the step to go on with."""
    load_module(net, state.part("net").arrays)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in state.part("adam").arrays.items():
        index, what = name.split("/")
        moments.setdefault(int(index), {})[what] = torch.from_numpy(np.array(value))
    whole = optimiser.state_dict()
    optimiser.load_state_dict({"state": moments, "param_groups": whole["param_groups"]})
    history.update({k: list(v) for k, v in state.values["history"].items()})
    return int(state.values["step"])
