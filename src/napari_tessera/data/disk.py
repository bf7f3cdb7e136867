"""Files that are on the disk when we say so: whole or not at all, flushed in the right order."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from pathlib import Path

_HERE, _EXCHANGE = -100, 2
"""Linux's AT_FDCWD and RENAME_EXCHANGE."""
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
"""What systems, network disks and containers say that cannot exchange."""


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that neither name is ever missing.

    Parameters
    ----------
    one, other : Path
        Both exist, on one file system.

    Returns
    -------
    bool
        False where the system or the disk cannot do it; then nothing has happened.

    Raises
    ------
    OSError
        If it could, and failed.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    sys.audit("os.rename", str(one), str(other), -1, -1)  # as any other rename
    places = (_HERE, os.fsencode(one), _HERE, os.fsencode(other))
    if library.renameat2(*places, _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a reader finds the old one or the new one, never half of it.

    Parameters
    ----------
    path : Path
        File to write or replace.
    text : str
        Its content.
    """
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    flush_folder(path.parent)


def flush_tree(folder: Path) -> None:
    """Flush every file and every folder below to the disk.

    Parameters
    ----------
    folder : Path
        Top of the tree.
    """
    for root, _, files in os.walk(folder):
        for name in files:
            _flush(Path(root) / name)
        flush_folder(Path(root))


def flush_folder(folder: Path) -> None:
    """Flush the entries of a folder, where the system lets folders be flushed."""
    with contextlib.suppress(PermissionError):  # Windows opens no folders
        _flush(folder)


def _flush(path: Path) -> None:
    """Flush one file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
