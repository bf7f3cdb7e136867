"""Commit in processes that each meet a fault at their n-th file-system call.

Standard input: a JSON list of ``[STORE, "count" | "kill" | "full", N]``. Standard output: what each
process exited with. One process is forked per fault, before zarr has started any thread.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import sys
from pathlib import Path

WRITES = ("os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate")
NEEDS_SPACE = ("open", "os.mkdir")


class Faults:
    """Count the calls that change files, and do harm at one of them."""

    def __init__(self, fault: str, at: int) -> None:
        self.fault, self.at, self.n_calls, self.armed = fault, at, 0, False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take a call as the audit hook reports it."""
        if not self.armed or not self._changes(event, arguments):
            return
        self.n_calls += 1
        if self.fault == "kill" and self.n_calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "full" and self.n_calls >= self.at and event in NEEDS_SPACE:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _changes(self, event: str, arguments: tuple[object, ...]) -> bool:
        """Whether a call changes a file."""
        if event != "open":
            return event in WRITES
        flags = arguments[2] if len(arguments) > 2 else 0
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def commit(store: Path, fault: str, at: int) -> int:
    """Add one element and remove another under the fault; gives the exit code."""
    subject = importlib.import_module("test_commit")
    from napari_tessera.contract.errors import StoreError

    made, faults = subject.table(1), Faults(fault, at)
    sys.addaudithook(faults)
    faults.armed = True
    try:
        subject.commit_elements(store, {subject.NEW: made}, remove=[subject.OLD])
    except StoreError:
        return int(subject.STORE_ERROR)
    finally:
        faults.armed = False
    if fault == "count":
        store.with_suffix(".calls").write_text(str(faults.n_calls))
    return 0


def main() -> None:
    """Fork a process per fault, and tell how they ended."""
    sys.path.insert(0, str(Path(__file__).parent))
    importlib.import_module("test_commit")  # loaded once, before the first fork
    ended = []
    for store, fault, at in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            code = 4
            try:
                code = commit(Path(store), fault, at)
            finally:
                os._exit(code)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    json.dump(ended, sys.stdout)


if __name__ == "__main__":
    main()
