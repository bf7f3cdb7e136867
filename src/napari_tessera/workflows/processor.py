"""What a fit asks of the machine: its share of the cores, and a clear word when memory ends."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import MemoryExhaustedError, is_memory_error
from napari_tessera.contract.options import Device
from napari_tessera.jobs.supervise import usable_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_tessera.contract.inputs import RunSpec

_REMEDY = (
    "Choose a smaller batch or fewer cells, another device, or close other programs; "
    "the run can be resumed."
)


@contextlib.contextmanager
def thread_share() -> Iterator[None]:
    """Leave one core to the person: torch gets the others, or as many as OMP_NUM_THREADS says.

    Said even if the variable is set: numba, where it shares OpenMP with torch, gives torch all
    cores as soon as anything is computed in parallel, and sums depend on the number of threads.
    """
    import torch

    former = torch.get_num_threads()
    torch.set_num_threads(_asked_threads() or usable_threads())
    try:
        yield
    finally:
        torch.set_num_threads(former)


def _asked_threads() -> int:
    """Give what OMP_NUM_THREADS says of the outermost level; 0 where it says nothing."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() else 0


def check_device(spec: RunSpec) -> None:
    """Refuse a device that this machine does not have, before anything is read or written.

    Parameters
    ----------
    spec : RunSpec
        Recipe.

    Raises
    ------
    OptionError
        It names the device.
    """
    wanted = str(spec.options.get("device", Device.AUTO))
    if wanted in set(Device) - {Device.AUTO, Device.CPU}:
        from napari_tessera.numerics.tensors import pick_device

        pick_device(Device(wanted))


@contextlib.contextmanager
def memory_words(device: str) -> Iterator[None]:
    """Turn the several ways of running out of memory into one error with a remedy.

    Parameters
    ----------
    device : str
        Device that was asked for.

    Raises
    ------
    MemoryExhaustedError
        If memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_memory_error(error):
            said = f": {str(error).splitlines()[0]}" if str(error).strip() else ""
            msg = f"Expected enough memory for the fit (device {device}), found none left{said}"
            raise MemoryExhaustedError(msg, _REMEDY) from error
        raise
