"""Random draws: every one has a generator made from the seed and from where it is used.

A step's generator depends on the seed, the stage and the step alone, so a fit that goes on from a
checkpoint draws exactly what an unbroken one would.
"""

from __future__ import annotations

import numpy as np
import torch


def rng_for(seed: int, *stream: int) -> np.random.Generator:
    """Numpy generator of one stream of draws.

    Parameters
    ----------
    seed : int
        Seed of the run, >= 0.
    *stream : int
        Where it is used: stage, step and the like, each >= 0.
    """
    return np.random.default_rng([seed, *stream])


def torch_generator(seed: int, *stream: int) -> torch.Generator:
    """Torch generator on the CPU of one stream of draws; see `rng_for`."""
    state = np.random.SeedSequence([seed, *stream]).generate_state(1, np.uint64)[0]
    generator = torch.Generator()
    generator.manual_seed(int(state >> np.uint64(1)))
    return generator
