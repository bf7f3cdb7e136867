"""Put single cells back into their tissue.

The Python door: names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from napari_tessera.contract.errors import TesseraError
    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.regions import Region
    from napari_tessera.contract.results import Run
    from napari_tessera.data.convert import import_tissue
    from napari_tessera.data.read import open_tissue
    from napari_tessera.data.region_files import export_regions, import_regions
    from napari_tessera.data.regions import write_regions
    from napari_tessera.data.sample import write_sample
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.methods.baselines.annotation import AnnotationBaselineOptions
    from napari_tessera.methods.baselines.domains_options import SmoothedMixtureOptions
    from napari_tessera.methods.baselines.options import BaselineOptions
    from napari_tessera.methods.come.options import ComeOptions
    from napari_tessera.methods.ensemble.options import GeneEnsembleOptions
    from napari_tessera.methods.ensemble_annotation.options import EnsembleAnnotationOptions
    from napari_tessera.methods.spaim.options import SpaimOptions
    from napari_tessera.methods.stai.options import StaiOptions
    from napari_tessera.methods.stem.options import StemOptions
    from napari_tessera.methods.transst.options import TransstOptions
    from napari_tessera.widgets.demo import open_docks
    from napari_tessera.workflows.answers import annotate_spots, find_domains, impute_genes
    from napari_tessera.workflows.colours import set_colours
    from napari_tessera.workflows.compare import compare_runs
    from napari_tessera.workflows.domain_genes import write_domain_genes
    from napari_tessera.workflows.explain import explain_region
    from napari_tessera.workflows.export import write_tables
    from napari_tessera.workflows.scale import set_scale
    from napari_tessera.workflows.stored_steps import export_script
    from napari_tessera.workflows.verbs import delete, map_cells, read, resume, runs, write

__version__ = "0.1.0"

_DOOR: dict[str, str] = {
    "AnnotationBaselineOptions": "napari_tessera.methods.baselines.annotation",
    "BaselineOptions": "napari_tessera.methods.baselines.options",
    "ComeOptions": "napari_tessera.methods.come.options",
    "EnsembleAnnotationOptions": "napari_tessera.methods.ensemble_annotation.options",
    "ExplainOptions": "napari_tessera.explain.options",
    "GeneEnsembleOptions": "napari_tessera.methods.ensemble.options",
    "ImputingOptions": "napari_tessera.contract.imputing",
    "Region": "napari_tessera.contract.regions",
    "Run": "napari_tessera.contract.results",
    "Selection": "napari_tessera.contract.inputs",
    "SmoothedMixtureOptions": "napari_tessera.methods.baselines.domains_options",
    "SpaimOptions": "napari_tessera.methods.spaim.options",
    "StaiOptions": "napari_tessera.methods.stai.options",
    "StemOptions": "napari_tessera.methods.stem.options",
    "TesseraError": "napari_tessera.contract.errors",
    "TransstOptions": "napari_tessera.methods.transst.options",
    "annotate_spots": "napari_tessera.workflows.answers",
    "compare_runs": "napari_tessera.workflows.compare",
    "delete": "napari_tessera.workflows.verbs",
    "explain_region": "napari_tessera.workflows.explain",
    "export_regions": "napari_tessera.data.region_files",
    "export_script": "napari_tessera.workflows.stored_steps",
    "find_domains": "napari_tessera.workflows.answers",
    "import_regions": "napari_tessera.data.region_files",
    "import_tissue": "napari_tessera.data.convert",
    "impute_genes": "napari_tessera.workflows.answers",
    "map_cells": "napari_tessera.workflows.verbs",
    "open_docks": "napari_tessera.widgets.demo",
    "open_tissue": "napari_tessera.data.read",
    "read": "napari_tessera.workflows.verbs",
    "resume": "napari_tessera.workflows.verbs",
    "runs": "napari_tessera.workflows.verbs",
    "set_colours": "napari_tessera.workflows.colours",
    "set_scale": "napari_tessera.workflows.scale",
    "write": "napari_tessera.workflows.verbs",
    "write_domain_genes": "napari_tessera.workflows.domain_genes",
    "write_regions": "napari_tessera.data.regions",
    "write_sample": "napari_tessera.data.sample",
    "write_tables": "napari_tessera.workflows.export",
}
"""Public name to the module that holds it, sorted."""

__all__ = [
    "AnnotationBaselineOptions",
    "BaselineOptions",
    "ComeOptions",
    "EnsembleAnnotationOptions",
    "ExplainOptions",
    "GeneEnsembleOptions",
    "ImputingOptions",
    "Region",
    "Run",
    "Selection",
    "SmoothedMixtureOptions",
    "SpaimOptions",
    "StaiOptions",
    "StemOptions",
    "TesseraError",
    "TransstOptions",
    "__version__",
    "annotate_spots",
    "compare_runs",
    "delete",
    "explain_region",
    "export_regions",
    "export_script",
    "find_domains",
    "import_regions",
    "import_tissue",
    "impute_genes",
    "map_cells",
    "open_docks",
    "open_tissue",
    "read",
    "resume",
    "runs",
    "set_colours",
    "set_scale",
    "write",
    "write_domain_genes",
    "write_regions",
    "write_sample",
    "write_tables",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the door leads to
    """Load a public name from its module."""
    if name not in _DOOR:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(_DOOR[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
