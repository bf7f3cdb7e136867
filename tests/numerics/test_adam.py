"""AdamW without the compiler is torch's AdamW."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from napari_tessera.numerics.adam import PlainAdamW

ALONE = """
import sys
import torch
from napari_tessera.numerics.adam import PlainAdamW
weight = torch.nn.Parameter(torch.ones(3))
optimiser = PlainAdamW([weight], fused=True)
optimiser.zero_grad(set_to_none=True)
(weight**2).sum().backward()
optimiser.step()
optimiser.load_state_dict(optimiser.state_dict())
print("torch._dynamo" in sys.modules, bool((weight < 1).all()))
"""


def trained(kind: type[torch.optim.AdamW], *, fused: bool) -> torch.Tensor:
    """Weights after ten steps, whose rate falls."""
    weight = torch.nn.Parameter(torch.linspace(-1, 2, 50))
    optimiser = kind([weight], lr=0.1, weight_decay=0.02, fused=fused)
    for step in range(10):
        optimiser.param_groups[0]["lr"] = 0.1 / (step + 1)
        optimiser.zero_grad(set_to_none=True)
        ((weight - 3) ** 4).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return weight.detach()


@pytest.mark.parametrize("fused", [True, False])
def test_its_steps_are_those_of_torch(fused: bool) -> None:  # noqa: FBT001 - of the parametrisation
    assert torch.equal(trained(PlainAdamW, fused=fused), trained(torch.optim.AdamW, fused=fused))


def test_its_state_goes_on_in_a_new_one() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = PlainAdamW([weight], fused=True)
    weight.grad = torch.ones(3)
    optimiser.step()
    again = PlainAdamW([weight], fused=True)
    again.load_state_dict(optimiser.state_dict())
    assert torch.equal(again.state[weight]["exp_avg"], optimiser.state[weight]["exp_avg"])


def test_it_trains_without_the_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
