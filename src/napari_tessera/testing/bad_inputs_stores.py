"""Bad stores: links, places, sections, pictures, and stores of other tools and versions."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import Any

import numpy as np

from napari_tessera.testing.bad_inputs import (
    BadInput,
    Ground,
    Row,
    both,
    flags,
    listed,
    spots,
    table,
)


def link(key: str, value: Any, adata: Any) -> None:  # noqa: ANN401 - AnnData, here and below
    """Change what the table says that it annotates."""
    adata.uns["spatialdata_attrs"][key] = value


def obs(column: str, make: Any, adata: Any) -> None:  # noqa: ANN401
    """Change a column of the table."""
    adata.obs[column] = make(adata.obs[column].to_numpy().copy())


def first(value: Any, old: np.ndarray) -> np.ndarray:  # noqa: ANN401
    """Replace the first entry."""
    return np.array([value, *old.tolist()[1:]])


def unlink(adata: Any) -> None:  # noqa: ANN401
    """Let the table annotate nothing."""
    del adata.uns["spatialdata_attrs"]


def drop(column: str, adata: Any) -> None:  # noqa: ANN401
    """Drop a column."""
    del adata.obs[column]


def remove(*places: str) -> Any:  # noqa: ANN401
    """Remove parts of the store, and what its root says of them."""

    def make(ground: Ground) -> None:
        import zarr

        for place in places:
            shutil.rmtree(ground.store / place)
        zarr.consolidate_metadata(ground.store)

    return make


def other_image(ground: Ground) -> None:
    """Let the table annotate the picture."""
    ground.edit_table(partial(link, "region", "he"))
    ground.edit_table(partial(obs, "region", lambda old: np.repeat("he", old.size)))


def links() -> list[Row]:
    """Links between table and shapes."""
    ids = partial(partial, obs, "spot_id")
    return [
        ("a store without tables", "table-none", "refuse", remove("tables")),
        ("a table that is not there", "table-missing", "refuse", flags("--table", "nowhere")),
        ("a table that annotates nothing", "table-no-region", "refuse", table(unlink)),
        ("no column of regions", "element-invalid", "refuse", table(partial(drop, "region"))),
        ("no column of ids", "element-invalid", "refuse", table(partial(drop, "spot_id"))),
        ("a region that is not annotated", "region-not-annotated", "refuse", flags("--region", "x")),
        ("an annotated element that is missing", "region-missing", "refuse", remove("shapes/spots")),
        ("no row of the region", "element-invalid", "refuse", table(
            partial(obs, "region", lambda old: np.repeat("other", old.size)))),
        ("a table that annotates a picture", "region-no-places", "refuse", other_image),
        ("ids that match no spot", "instances-none-match", "refuse", table(ids(lambda old: old + 10_000))),
        ("ids as text against numbers", "instances-other-type", "refuse", table(ids(lambda old: old.astype(str)))),
        ("an id twice in the table", "instances-repeated", "refuse", table(ids(lambda old: first(old[1], old)))),
        ("an id of no spot", "instances-some-missing", "repair", table(ids(lambda old: first(10_000, old)))),
        ("a row without an id", "element-invalid", "refuse", table(ids(lambda old: first(np.nan, old.astype(float))))),
        ("rows in another order", "instances-order", "remark", table(lambda a: a[::-1].copy())),
        ("ids as fractions", "table-keys", "refuse", table(ids(lambda old: old.astype(float)))),
        ("a table that plain anndata wrote into the store", "table-plain", "refuse", lambda g: g.edit_table(
            lambda _a: None, keep_marks=False)),
        ("a table of zarr 2 in a store of zarr 3", "element-unread", "refuse", lambda g: g.edit_table(
            lambda _a: None, keep_marks=False, zarr_format=2)),
        ("sections in a column that is not there", "sections-missing", "refuse", flags("--sample-column", "x")),
        ("spots without a section", "sections-some-missing", "repair", both(
            table(lambda a: a.obs.insert(0, "s", [None, *["b"] * (a.n_obs - 1)])), flags("--sample-column", "s"))),
        ("a section for every spot", "sections-too-many", "refuse", both(
            table(lambda a: a.obs.insert(0, "s", a.obs_names.to_numpy())), flags("--sample-column", "s"))),
    ]  # fmt: skip


def shapes(change: Any) -> Any:  # noqa: ANN401
    """Spoil the circles."""
    return lambda ground: ground.edit_shapes(change)


def move(n: int, x: float, y: float, frame: Any) -> None:  # noqa: ANN401
    """Put the first spots elsewhere."""
    from shapely import Point

    points = list(frame.geometry)
    frame["geometry"] = [*[Point(x, y)] * n, *points[n:]]


def radius(value: float, frame: Any) -> None:  # noqa: ANN401
    """Give the first circle another radius."""
    frame["radius"] = [value, *frame["radius"].tolist()[1:]]


def line(frame: Any) -> None:  # noqa: ANN401
    """Put all spots on a line."""
    from shapely import Point

    frame["geometry"] = [Point(i, 2 * i) for i in range(len(frame))]


def repeat_shape(frame: Any) -> None:  # noqa: ANN401
    """Give two shapes one id."""
    frame.index = [1, *frame.index.tolist()[1:]]


def place(name: str, transformation: Any) -> Any:  # noqa: ANN401
    """Write another transformation of the spots."""

    def change(meta: dict[str, Any]) -> None:
        entry = meta["attributes"]["coordinateTransformations"][0]
        entry.update(transformation)
        entry["output"]["name"] = name

    return lambda ground: ground.edit_json("shapes/spots", change)


def spatial(make: Any) -> Any:  # noqa: ANN401
    """Change coordinates of the ``.h5ad``."""
    return spots(lambda a: a.obsm.__setitem__("spatial", make(np.asarray(a.obsm["spatial"]))))


def without_spatial(adata: Any) -> None:  # noqa: ANN401
    """Take coordinates away."""
    del adata.obsm["spatial"]


def places() -> list[Row]:
    """Where spots lie."""
    nan, scale = float("nan"), {"type": "scale"}
    plain = {"type": "identity"}
    return [
        ("a spot at NaN", "places-nan", "refuse", shapes(partial(move, 1, nan, 1))),
        ("a spot at infinity", "places-nan", "refuse", shapes(partial(move, 1, float("inf"), 1))),
        ("all spots at one place", "places-same", "refuse", shapes(partial(move, 60, 1, 1))),
        ("two spots at one place", "places-repeated", "remark", shapes(partial(move, 2, 1, 1))),
        ("all spots on one line", "places-line", "remark", shapes(line)),
        ("coordinates of 1e300", "places-far", "refuse", shapes(partial(move, 1, 1e300, 1))),
        ("a radius that is NaN", "places-radius", "refuse", shapes(partial(radius, nan))),
        ("a radius of 0", "element-invalid", "refuse", shapes(partial(radius, 0))),
        ("no shapes in the element", "element-invalid", "refuse", shapes(lambda f: f.iloc[:0])),
        ("two shapes of one id", "shapes-repeated", "refuse", shapes(repeat_shape)),
        ("a coordinate system nobody knows", "system-unknown", "refuse", flags("--coordinate-system", "x")),
        ("spots in a system of their own", "image-elsewhere", "remark", place("aside", plain)),
        ("the picture's system asked for, without spots", "system-not-of-spots", "refuse", both(
            place("aside", plain), flags("--coordinate-system", "global"))),
        ("picture and spots share no system", "image-not-shared", "refuse", both(
            place("aside", plain), flags("--coordinate-system", "aside", "--image", "he"))),
        ("a scale of 0", "system-flat", "refuse", place("global", {**scale, "scale": [0.0, 0.0]})),
        ("a scale of NaN", "system-nan", "refuse", place("global", {**scale, "scale": [nan, 1.0]})),
        ("spots in another unit than the picture", "image-aside", "remark", place("global", {**scale, "scale": [3.0, 3.0]})),
        ("no spot on the picture", "image-away", "remark", place("global", {"type": "translation", "translation": [1e6, 1e6]})),
        ("a table without coordinates", "places-none", "refuse", spots(without_spatial)),
        ("coordinates in one column", "places-shape", "refuse", spatial(lambda xy: xy[:, :1])),
        ("coordinates with a NaN", "places-not-finite", "refuse", spatial(lambda xy: np.where(np.arange(len(xy))[:, None] == 3, np.nan, xy))),
        ("coordinates as text", "places-text", "refuse", spatial(lambda xy: np.char.add("x", xy.astype("U8")).astype(object))),
        ("coordinates in three columns", "places-third", "repair", spatial(lambda xy: np.c_[xy, xy[:, 0]])),
    ]  # fmt: skip


def rgb_at(name: str, **fields: Any) -> Any:  # noqa: ANN401
    """Put a picture into the ``.h5ad`` as Space Ranger does."""
    sample = {
        "images": {"hires": fields["pixels"]},
        "scalefactors": {"tissue_hires_scalef": fields.get("factor", 1.0)},
    }
    return spots(lambda a: a.uns.__setitem__("spatial", {name: sample}))


def pixels(change: Any) -> Any:  # noqa: ANN401
    """Change the picture in the store."""
    return lambda ground: ground.edit_element("he", change)


def as_type(kind: str, n: int, old: np.ndarray) -> np.ndarray:
    """Give the picture another type and number of channels."""
    return np.asarray(np.resize(old, (n, *old.shape[1:])).astype(kind))


def named_outside(ground: Ground) -> None:
    """Let the table name a picture outside of its folder."""
    (ground.folder.parent / "secret.png").write_bytes(b"x")
    ground.edit_spots(lambda a: a.uns.__setitem__("image", {"file": "../secret.png"}))


def pictures() -> list[Row]:
    """Pictures inside tables and stores."""
    good = np.full((20, 30, 3), 200, dtype=np.uint8)
    shown = [(f"{n} channels of {k}", "", "accept", pixels(partial(as_type, k, n)))
             for k, n in (("uint16", 3), ("uint8", 1), ("bool", 1), ("int8", 3), ("float32", 4), ("uint16", 16))]  # fmt: skip
    return [
        ("an image that is not there", "image-missing", "refuse", flags("--image", "nowhere")),
        ("64 channels: rows taken for channels", "image-channels", "remark", pixels(partial(as_type, "uint8", 64))),
        ("a picture of one dimension", "picture-shape", "refuse", rgb_at("s", pixels=np.arange(9))),
        ("a picture with its channels first", "picture-axes", "refuse", rgb_at("s", pixels=np.zeros((3, 50, 60), np.uint8))),
        ("a picture with NaN", "picture-nan", "refuse", rgb_at("s", pixels=np.full((9, 9, 3), np.nan))),
        ("a scale factor of 0", "picture-factor", "refuse", rgb_at("s", pixels=good, factor=0.0)),
        ("a scale factor in words", "picture-factor", "refuse", rgb_at("s", pixels=good, factor="large")),
        ("a picture named outside of the table's folder", "picture-outside", "refuse", named_outside),
        ("a picture as Space Ranger writes it", "", "accept", rgb_at("s", pixels=good)),
        *shown,
    ]  # fmt: skip


def emptied(ground: Ground) -> None:
    """Leave an empty folder."""
    shutil.rmtree(ground.store)
    ground.store.mkdir()


def attributes(**given: Any) -> Any:  # noqa: ANN401
    """Write a root that says something else."""

    def make(ground: Ground) -> None:
        emptied(ground)
        meta = {"zarr_format": 3, "node_type": "group", "attributes": given}
        (ground.store / "zarr.json").write_text(json.dumps(meta))

    return make


def root(text: str) -> Any:  # noqa: ANN401
    """Write other text as the root's metadata."""
    return lambda ground: (ground.store / "zarr.json").write_text(text)


def cut(where: str, keep: float) -> Any:  # noqa: ANN401
    """Cut the largest file of a part off."""

    def make(ground: Ground) -> None:
        files = [
            p for p in (ground.store / where).rglob("*") if p.is_file() and p.suffix != ".json"
        ]
        path = max(files, key=lambda p: p.stat().st_size)
        raw = path.read_bytes()
        path.unlink() if keep < 0 else path.write_bytes(raw[: int(len(raw) * keep)])

    return make


def flip(where: str) -> Any:  # noqa: ANN401
    """Flip bits in the head of a piece."""

    def make(ground: Ground) -> None:
        path = next(
            p for p in (ground.store / where).rglob("*") if p.is_file() and p.suffix != ".json"
        )
        path.write_bytes(bytes(255 - b for b in path.read_bytes()[:8]) + path.read_bytes()[8:])

    return make


def older(ground: Ground) -> None:
    """Write the store in SpatialData's first format, on zarr 2."""
    import spatialdata
    from spatialdata._io.format import SpatialDataContainerFormatV01

    sdata = spatialdata.read_zarr(ground.store)
    sdata.write(ground.folder / "old.zarr", sdata_formats=SpatialDataContainerFormatV01())
    ground.tissue = ground.folder / "old.zarr"


def plain_anndata(ground: Ground) -> None:
    """Write a plain AnnData store."""
    import anndata

    adata = anndata.read_h5ad(ground.folder / "spots.h5ad")
    shutil.rmtree(ground.store)
    adata.write_zarr(ground.store)


def at(*parts: str) -> Any:  # noqa: ANN401
    """Give a part of the store as the tissue."""

    def make(ground: Ground) -> None:
        ground.tissue = ground.store.joinpath(*parts)
        ground.flags += ["--out", str(ground.folder / "out.zarr")]

    return make


def as_file(ground: Ground) -> None:
    """Make the store a file."""
    shutil.rmtree(ground.store)
    ground.store.write_text("a store, once")


def copy_hidden(ground: Ground) -> None:
    """Keep an element under a hidden name."""
    shutil.copytree(ground.store / "shapes" / "spots", ground.store / "shapes" / ".hidden")


def stores() -> list[Row]:
    """Write stores as other tools and versions do, and damaged ones."""
    counts = "tables/table/X/data"
    return [
        ("a folder that is empty", "store-no-root", "refuse", emptied),
        ("a store without elements", "store-empty", "refuse", attributes()),
        ("a file in place of the store", "store-file", "refuse", as_file),
        ("a plain AnnData store", "store-anndata", "refuse", plain_anndata),
        ("a MuData store", "store-mudata", "refuse", attributes(**{"encoding-type": "MuData"})),
        ("an OME-Zarr picture", "store-ome", "refuse", attributes(ome={"version": "0.5"})),
        ("an OME-NGFF 0.4 picture", "store-ngff", "refuse", attributes(multiscales=[])),
        ("a single zarr array", "store-array", "refuse", root('{"zarr_format": 3, "node_type": "array"}')),
        ("a store of a later version", "store-version", "refuse", attributes(spatialdata_attrs={"version": "9.9"})),
        ("a store of SpatialData 0.1, on zarr 2", "", "accept", older),
        ("a table inside a store", "store-inside", "refuse", at("tables", "table")),
        ("the folder around the store", "folder-of-stores", "refuse", at("..")),
        ("a root that is cut off", "metadata-damaged", "refuse", root('{"zarr_format": 3, "node')),
        ("a root that is empty", "metadata-empty", "refuse", root("")),
        ("a root that is a list", "metadata-other", "refuse", root("[1, 2]")),
        ("a root of zarr format 9", "metadata-format", "refuse", root('{"zarr_format": 9}')),
        ("a missing piece of the counts", "piece-missing", "refuse", cut(counts, -1)),
        ("an empty piece of the counts", "piece-empty", "refuse", cut(counts, 0)),
        ("a piece of the counts cut off", "store-damaged", "refuse", cut(counts, 0.5)),
        ("flipped bits in the counts", "store-damaged", "refuse", flip(counts)),
        ("a shapes file cut off", "store-damaged", "refuse", cut("shapes", 0.3)),
        ("a shapes file missing", "store-damaged", "refuse", cut("shapes", -1)),
        ("an element with a hidden name", "element-hidden", "remark", copy_hidden),
    ]  # fmt: skip


def cases() -> tuple[BadInput, ...]:
    """Give all of this room."""
    return (
        *listed("Links", links()),
        *listed("Places", places()),
        *listed("Pictures", pictures()),
        *listed("Stores", stores()),
    )
