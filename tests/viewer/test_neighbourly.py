"""Metadata for the widgets of napari-spatialdata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from napari_tessera.viewer.neighbourly import element_metadata, spots_metadata

if TYPE_CHECKING:
    from napari_tessera.contract.views import TissueView

KEYS = {
    "sdata", "adata", "name", "region_key", "instance_key", "table_names", "indices",
    "_current_cs", "_active_in_cs", "_n_indices", "_columns_df",
}  # fmt: skip


@pytest.fixture
def sdata(view: TissueView) -> Any:  # noqa: ANN401 - a SpatialData
    import anndata as ad

    assert view.spots is not None
    n = len(view.spots.xy)
    region = ["spots"] * n + ["elsewhere"] * 3
    obs = pd.DataFrame(
        {"region": pd.Categorical(region), "id": np.arange(n + 3)},
        index=[*view.spots.names.tolist(), "a", "b", "c"],
    )
    table = ad.AnnData(X=np.zeros((n + 3, 2), np.float32), obs=obs)
    table.uns["spatialdata_attrs"] = {
        "region": ["spots", "elsewhere"], "region_key": "region", "instance_key": "id",
    }  # fmt: skip
    return _Opened(table, pd.DataFrame({"radius": np.ones(n)}, index=view.spots.instances))


class _Opened:
    """Just the part of a SpatialData that is looked into."""

    def __init__(self, table: Any, spots: Any) -> None:  # noqa: ANN401 - an AnnData, a table
        self.tables = {"table": table}
        self._spots = spots

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - an element
        return {"spots": self._spots}[name]


def test_a_layer_of_spots_has_every_key(sdata: Any, view: TissueView) -> None:  # noqa: ANN401
    assert set(spots_metadata(sdata, view)) == KEYS


def test_only_rows_of_the_drawn_region_are_handed_over(
    sdata: Any,  # noqa: ANN401 - a SpatialData
    view: TissueView,
) -> None:
    metadata = spots_metadata(sdata, view)
    assert metadata["adata"].n_obs == metadata["_n_indices"] == len(metadata["indices"])


def test_a_picture_says_in_which_coordinate_system_it_is_drawn() -> None:
    found = element_metadata(object(), "he", "global")
    assert (found["name"], found["_current_cs"], found["_active_in_cs"]) == (
        "he", "global", {"global"},
    )  # fmt: skip


def test_a_layer_that_lacks_circles_of_the_element_is_not_moved_with_it(
    sdata: Any,  # noqa: ANN401 - a SpatialData
    view: TissueView,
) -> None:
    sdata._spots = sdata._spots.iloc[1:]
    metadata = spots_metadata(sdata, view)
    assert "sdata" not in metadata
    assert metadata["adata"].n_obs == len(metadata["indices"])


def test_every_table_of_the_spots_can_be_chosen_their_own_first(
    sdata: Any,  # noqa: ANN401 - a SpatialData
    view: TissueView,
) -> None:
    tables = sdata.tables
    sdata.tables = {"another": tables["table"].copy(), **tables}
    assert spots_metadata(sdata, view)["table_names"] == ["table", "another"]
