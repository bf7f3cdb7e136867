"""One writer per store: a lock of the system on the store's folder, and a lease that says whose.

The system's lock goes when its process dies. The lease file is for disks that several machines
share and whose locks do not reach the others, and for systems without such locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from typing import TYPE_CHECKING

from napari_tessera.contract.errors import StoreBusyError
from napari_tessera.data.keys import WORK

try:
    import fcntl
except ImportError:  # Windows; the lease alone has to do
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEASE = "lease.json"
STALE_AFTER_S = 900.0
"""A lease of another machine that is older than this was left by a crash."""


@contextlib.contextmanager
def store_lock(store: Path, *, wait_s: float = 10.0) -> Iterator[None]:
    """Be the only writer of a store.

    Parameters
    ----------
    store : Path
        Its folder; must exist.
    wait_s : float
        How long to wait for another writer, in seconds.

    Raises
    ------
    StoreBusyError
        If another process is still writing after that.
    """
    descriptor = os.open(store, os.O_RDONLY) if fcntl is not None else -1
    try:
        deadline = time.monotonic() + wait_s
        while not _taken(descriptor, store):
            if time.monotonic() >= deadline:
                msg = f"{store}: expected to be the only writer, found another process writing."
                raise StoreBusyError(msg, "Wait for it to end and try again.")
            time.sleep(0.05)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def write_lease(work: Path) -> None:
    """Say who is writing, in the folder that exists while somebody is."""
    lease = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.time()}
    (work / LEASE).write_text(json.dumps(lease))


def _taken(descriptor: int, store: Path) -> bool:
    """Try to take the lock once."""
    if descriptor >= 0:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    if _leased_elsewhere(store, has_lock=descriptor >= 0):
        if descriptor >= 0:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
    return True


def _leased_elsewhere(store: Path, *, has_lock: bool) -> bool:
    """Whether a live process holds a lease that the system's lock does not know of."""
    try:
        path = store / WORK / LEASE
        lease = json.loads(path.read_text())
        age = time.time() - path.stat().st_mtime
        host, pid = str(lease["host"]), int(lease["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if host != socket.gethostname():
        return age < STALE_AFTER_S
    if has_lock:
        return False
    import psutil

    return pid != os.getpid() and bool(psutil.pid_exists(pid))
