"""How the documentation is built; warnings are errors."""

import sys
from pathlib import Path

import napari_tessera

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "napari-tessera"
author = "The napari-tessera developers"
copyright = f"2026, {author}"
version = release = napari_tessera.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinxcontrib.bibtex",
    "bad_inputs_table",
    "generated_pages",
]
exclude_patterns = ["_build", "_generated/README.md"]

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = "napari-tessera"
html_static_path = ["_static"]
