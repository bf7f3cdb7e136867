"""``python -m napari_tessera``: the same as the command ``napari-tessera``."""

from __future__ import annotations

import sys

from napari_tessera.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
