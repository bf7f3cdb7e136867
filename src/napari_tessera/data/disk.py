"""Files that are on the disk when we say so: whole or not at all, flushed in the right order."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


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
