"""Undo and redo: what was changed, and what was taken back."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
DEEPEST = 100
"""Changes that can be taken back."""


class History(Generic[T]):
    """Changes from one value to the next, the newest last."""

    def __init__(self) -> None:
        self._done: list[tuple[T, T]] = []
        self._undone: list[tuple[T, T]] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return bool(self._undone)

    @property
    def former(self) -> T | None:
        """Value before the newest change; None where nothing was changed."""
        return self._done[-1][0] if self._done else None

    def add(self, before: T, after: T) -> None:
        """Write a change down; what was taken back before is forgotten."""
        self._done = [*self._done, (before, after)][-DEEPEST:]
        self._undone.clear()

    def merge(self, after: T) -> None:
        """Let the newest change end at another value; what was taken back before is forgotten."""
        before, _ = self._done.pop()
        self.add(before, after)

    def undo(self) -> T | None:
        """Take the newest change back: give what was before it, None where there is none."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1][0]

    def redo(self) -> T | None:
        """Make the change again that was taken back last: give its value, None without one."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1][1]

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
