"""Genes that a person looked at last, and those marked as favourites; kept between sessions."""

from __future__ import annotations

from qtpy.QtCore import QSettings

MOST_RECENT = 20


class GeneMemory:
    """Two lists of names in the user's own settings.

    Parameters
    ----------
    settings : QSettings, optional
        Where to keep them; an .ini file in the user's folder of settings where not given.
    """

    def __init__(self, settings: QSettings | None = None) -> None:
        kept = settings
        if kept is None:
            kept = QSettings(
                QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-tessera", "genes"
            )
        self._settings = kept

    @property
    def recent(self) -> tuple[str, ...]:
        """Names, the last one first."""
        return self._read("recent")

    @property
    def favourites(self) -> tuple[str, ...]:
        """Names, in the order in which they were marked."""
        return self._read("favourites")

    def look_at(self, names: list[str]) -> None:
        """Remember that these were looked at."""
        fresh = [*names, *(name for name in self.recent if name not in names)]
        self._write("recent", fresh[:MOST_RECENT])

    def mark(self, name: str, *, favourite: bool) -> None:
        """Make a gene a favourite, or no longer."""
        others = [other for other in self.favourites if other != name]
        self._write("favourites", [*others, name] if favourite else others)

    def _read(self, key: str) -> tuple[str, ...]:
        value = self._settings.value(key, [])
        names = [value] if isinstance(value, str) else list(value or [])
        return tuple(str(name) for name in names if name)

    def _write(self, key: str, names: list[str]) -> None:
        self._settings.setValue(key, names)
        self._settings.sync()
