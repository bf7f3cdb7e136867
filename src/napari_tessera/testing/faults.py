"""Harm done on purpose: kills and errors at a chosen file-system call, damaged files.

A piece of work is run in a forked process. Python's audit hook reports every call that changes a
file; at the chosen one the process is killed, or the call fails. So every point of a write can be
tried, one after the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import signal
import sys
import traceback
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

CHANGES = ("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate")
"""Audit events that change files; opening for writing is one more."""

REFUSED, RAISED = 3, 4
"""Exit codes of a forked process whose work raised the expected error, or another one."""


class Harm(StrEnum):
    """What happens at the chosen call."""

    COUNT = "count"
    KILL = "kill"
    ENOSPC = "ENOSPC"
    EIO = "EIO"
    EACCES = "EACCES"
    FULL = "full"


@dataclasses.dataclass(frozen=True)
class Fault:
    """Harm at the n-th call that changes a file, the first being 1.

    Parameters
    ----------
    harm : Harm
        ``full`` fails this call and all later ones that need space; the other errors fail one.
    at : int
        Which call.
    """

    harm: Harm
    at: int = 0


class Hook:
    """Audit hook that counts calls and does the harm; it cannot be taken off, only disarmed."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.n_calls, self.armed = fault, 0, False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take an audit event."""
        if not self.armed or not changes_files(event, arguments):
            return
        self.n_calls += 1
        harm, at = self.fault.harm, self.fault.at
        if harm is Harm.KILL and self.n_calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        if harm is Harm.FULL and self.n_calls >= at and event in {"open", "os.mkdir"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if harm in {Harm.ENOSPC, Harm.EIO, Harm.EACCES} and self.n_calls == at:
            number = int(getattr(errno, harm))
            raise OSError(number, os.strerror(number))


def changes_files(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether an audit event changes a file."""
    if event != "open":
        return event in CHANGES
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def strike(
    work: Callable[[], object], fault: Fault, expected: tuple[type[Exception], ...] = ()
) -> tuple[int, str]:
    """Do a piece of work in a forked process under a fault.

    Fork before anything has started threads: only what is imported may be at hand.

    Parameters
    ----------
    work : callable
        Takes nothing.
    fault : Fault
        What happens to it.
    expected : tuple of exception types
        Errors that are an answer.

    Returns
    -------
    ended : int
        0; `REFUSED` after an expected error; `RAISED` after another; minus the signal.
    said : str
        Number of calls where they were counted, else the error.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code, said = _suffer(work, fault, expected)
        with contextlib.suppress(OSError):
            os.write(writing, said.encode()[-4000:])
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def _suffer(
    work: Callable[[], object], fault: Fault, expected: tuple[type[Exception], ...]
) -> tuple[int, str]:
    """Work under the fault; gives exit code and words."""
    hook = Hook(fault)
    sys.addaudithook(hook)
    hook.armed = True
    try:
        work()
    except expected as error:
        return REFUSED, str(error)
    except BaseException:  # noqa: BLE001 - told to the parent
        return RAISED, traceback.format_exc()
    finally:
        hook.armed = False
    return 0, str(hook.n_calls)


def count_calls(work: Callable[[], object]) -> int:
    """Count the calls of a piece of work that change files; it is done, in a forked process."""
    ended, said = strike(work, Fault(Harm.COUNT))
    if ended != 0:
        msg = f"the work failed without any fault: {said}"
        raise RuntimeError(msg)
    return int(said)


class Damage(StrEnum):
    """What may happen to a file on a disk."""

    DELETED = "deleted"
    CUT = "cut"
    FLIPPED = "flipped"


def damage(path: Path, how: Damage, rng: np.random.Generator) -> None:
    """Damage a file.

    Parameters
    ----------
    path : Path
        A file with content.
    how : Damage
        ``flipped`` inverts one bit, ``cut`` leaves a part.
    rng : numpy.random.Generator
        Where.
    """
    if how is Damage.DELETED:
        path.unlink()
        return
    raw = bytearray(path.read_bytes())
    at = int(rng.integers(len(raw))) if raw else 0
    if how is Damage.CUT or not raw:
        path.write_bytes(bytes(raw[:at]) if raw else b"\0")
        return
    raw[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(bytes(raw))
