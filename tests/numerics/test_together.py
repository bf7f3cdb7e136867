"""Laws of training several networks beside each other."""

from __future__ import annotations

import dataclasses
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tests.methods.watcher import Watcher

from napari_tessera.contract.errors import DivergedError, FitCancelled, MemoryExhaustedError
from napari_tessera.contract.progress import Progress
from napari_tessera.numerics import together
from napari_tessera.numerics.minimise import Plan, Watch, minimise, module_arrays, one_cycle
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.together import minimise_together, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    from napari_tessera.numerics.together import Together

STEPS = (4, 9, 6)


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def network(i: int) -> nn.Module:
    net = torch.nn.Linear(40, 30)
    generator = torch_generator(0, i)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator))
    return net


def plan(net: nn.Module, n_steps: int, seen: set[tuple[int, int]] | None = None) -> Plan:
    def terms(step: int) -> Mapping[str, Tensor]:
        if seen is not None:
            seen.add((threading.get_ident(), torch.get_num_threads()))
        rows = torch.randn((64, 40), generator=torch_generator(1, step))
        return {"square": (net(rows) - rows.sum(dim=1, keepdim=True)).square().mean()}

    return Plan(
        terms=terms, weights=lambda _: {"square": 1.0}, n_steps=n_steps, rate=one_cycle(9, 0.1)
    )


def watch(watcher: Watcher) -> Watch:
    return Watch(
        monitor=watcher,
        describe=lambda step, losses: Progress(stage="", step=step, losses=losses),
        wrap=lambda state: state,
    )


def train(
    at_once: int, watcher: Watcher | None = None, resume: object = None
) -> tuple[list[nn.Module], Together]:
    nets = [network(i) for i in range(len(STEPS))]
    pairs = [(net, plan(net, n)) for net, n in zip(nets, STEPS, strict=True)]
    return nets, minimise_together(pairs, watch(watcher or Watcher()), resume, at_once=at_once)  # type: ignore[arg-type]


def assert_equal(left: list[nn.Module], right: list[nn.Module]) -> None:
    for one, other in zip(left, right, strict=True):
        weights = module_arrays(other)
        assert all(np.array_equal(a, weights[name]) for name, a in module_arrays(one).items())


@pytest.mark.parametrize("at_once", [2, 3, 5])
def test_what_is_learned_does_not_depend_on_the_number_of_threads(at_once: int) -> None:
    nets, trained = train(at_once)
    alone, by_itself = train(1)
    assert_equal(nets, alone)
    assert trained == by_itself


def test_each_learns_what_it_would_learn_alone() -> None:
    nets, _ = train(3)
    torch.set_num_threads(1)
    alone = [network(i) for i in range(len(STEPS))]
    for net, n_steps in zip(alone, STEPS, strict=True):
        minimise(net, plan(net, n_steps), watch(Watcher()))
    assert_equal(nets, alone)


def test_every_network_takes_its_steps() -> None:
    _, trained = train(2)
    assert [history["step"][-1] for history in trained.histories] == [n - 1 for n in STEPS]
    assert trained.shares == [1.0, 1.0, 1.0]
    assert not trained.early


def test_threads_for_networks_have_one_core_each() -> None:
    torch.set_num_threads(3)
    seen: set[tuple[int, int]] = set()
    pairs = [(net, plan(net, 5, seen)) for net in (network(0), network(1))]
    minimise_together(pairs, watch(Watcher()), at_once=2)
    assert threading.get_ident() not in {thread for thread, _ in seen}
    assert {cores for _, cores in seen} == {1}
    assert torch.get_num_threads() == 3


def test_without_threads_all_cores_work_for_one_step() -> None:
    torch.set_num_threads(3)
    seen: set[tuple[int, int]] = set()
    net = network(0)
    minimise_together([(net, plan(net, 2, seen))], watch(Watcher()), at_once=0)
    assert seen == {(threading.get_ident(), 3)}


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("cancel_at", [1, 3, 5, 8])
def test_a_resumed_training_ends_as_an_unbroken_one(cancel_at: int) -> None:
    watcher = Watcher(cancel_at=cancel_at)
    with pytest.raises(FitCancelled):
        train(2, watcher)
    nets, trained = train(3, resume=watcher.state)
    unbroken, whole = train(2)
    assert_equal(nets, unbroken)
    assert trained.histories == whole.histories


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "TURN_S", 0.0)


@pytest.mark.usefixtures("step_by_step")
def test_those_that_are_behind_go_first() -> None:
    _, trained = train(1, Watcher(finish_at=7))
    assert trained.shares == [3 / 4, 2 / 9, 2 / 6]
    assert trained.early


def test_a_turn_is_several_steps_and_each_of_them_is_told_of() -> None:
    told: list[int] = []
    watcher = Watcher()
    looking = dataclasses.replace(watch(watcher), each_step=told.append)
    net = network(0)
    minimise_together([(net, plan(net, 9))], looking, at_once=2)
    assert told == list(range(9))
    assert len(watcher.seen) < 9


def test_the_interpreter_is_left_as_it_was() -> None:
    before = sys.getswitchinterval()
    train(2)
    assert sys.getswitchinterval() == before


def test_pieces_side_by_side_come_back_in_order_with_a_core_each() -> None:
    torch.set_num_threads(3)
    found = list(side_by_side(lambda i: (i, torch.get_num_threads()), range(20)))
    assert found == [(i, 1) for i in range(20)]
    assert torch.get_num_threads() == 3


def test_what_fails_in_a_thread_is_raised() -> None:
    net = network(0)
    broken = dataclasses.replace(
        plan(net, 3), terms=lambda _: {"square": net(torch.ones(2, 40)).sum() * float("nan")}
    )
    with pytest.raises(DivergedError, match="square"):
        minimise_together([(net, broken)], watch(Watcher()), at_once=2)


def test_a_thread_that_ends_without_a_word_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = network(0)

    def vanish(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("concurrent.futures._base.Future.set_exception", vanish)
    monkeypatch.setattr("concurrent.futures._base.Future.set_result", vanish)
    with pytest.raises(MemoryExhaustedError, match="memory ran out"):
        minimise_together([(net, plan(net, 3))], watch(Watcher()), at_once=2)
