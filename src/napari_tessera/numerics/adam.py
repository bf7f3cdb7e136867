"""AdamW as torch has it, without torch's compiler."""

from __future__ import annotations

import inspect

import torch


class PlainAdamW(torch.optim.AdamW):
    """AdamW whose first step does not import the compiler.

    torch keeps its compiler out of these methods by calling them through it, and imports it for
    that: more than a second of processor time in every child, for something that no fit here uses.
    The methods themselves are torch's own, and steps are the same to the last bit.
    """

    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))
