"""Draw an H&E-like picture of a planted tissue.

Two stains over white light: every pixel is ``exp(-(eosin + haematoxylin))`` per colour channel, as
in a real slide. Fibres, fat vacuoles and ducts with a lumen follow the domains of the tissue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_tessera.testing.field import DOMAINS, TissueField

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EOSIN = np.array([0.06, 0.62, 0.30])
_HAEMATOXYLIN = np.array([1.05, 1.35, 0.55])
_LIGHT = np.array([247.0, 244.0, 246.0])
_PINK = np.array([0.62, 0.55, 0.80, 0.40, 0.30])
_HAZE = np.array([0.02, 0.20, 0.14, 0.16, 0.0])


def render_histology(
    field: TissueField,
    shape: tuple[int, int],
    scale: float,
    *,
    nucleus_radius: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Render the tissue.

    Parameters
    ----------
    field : TissueField
        The law of the tissue.
    shape : tuple of int
        Height and width in pixels; the tissue's origin is in the middle.
    scale : float
        Pixels per unit.
    nucleus_radius : float
        Pixels.
    rng : numpy.random.Generator
        Source of every draw.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Nearly white outside the tissue.
    """
    inside, domains = _survey(field, shape, scale)
    pink = (domains @ _PINK) * (0.55 + 0.9 * _fibres(shape, rng))
    haze = domains @ _HAZE * (0.7 + 0.6 * _cloud(shape, 6.0, rng))
    purple = haze + _nuclei(field, shape, scale, nucleus_radius, rng)
    fat = domains[..., DOMAINS.index("adipose")]
    open_space = fat * _vacuoles(shape, 4.2 * nucleus_radius, rng)
    solid = inside * (1.0 - 0.93 * open_space)
    stain = (pink * solid)[..., None] * _EOSIN + (purple * inside)[..., None] * _HAEMATOXYLIN
    picture = _LIGHT * np.exp(-stain) + rng.normal(0.0, 2.0, (*shape, 1))
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def _survey(
    field: TissueField, shape: tuple[int, int], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Inside-ness (height, width) and domains (height, width, n_domains), from a coarser grid."""
    coarse = 4
    rows, columns = (np.arange(0, n + coarse, coarse) + 0.5 for n in shape)
    x, y = np.meshgrid((columns - shape[1] / 2) / scale, (rows - shape[0] / 2) / scale)
    unit_xy = np.column_stack([x.ravel(), y.ravel()])
    depth = field.depth(unit_xy).reshape(x.shape)
    inside = 1.0 / (1.0 + np.exp((depth - 1.0) / 0.008))
    domains = field.domains(unit_xy).reshape(*x.shape, len(DOMAINS))

    def finer(values: NDArray[np.float64]) -> NDArray[np.float64]:
        zoom = (coarse, coarse, *([1] * (values.ndim - 2)))
        return np.asarray(ndimage.zoom(values, zoom, order=1))[: shape[0], : shape[1]]

    return finer(inside), finer(domains)


def _cloud(shape: tuple[int, int], width: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth noise between 0 and 1, shape (height, width)."""
    small = tuple(int(n / width) + 3 for n in shape)
    noise = ndimage.gaussian_filter(rng.random(small), 0.8)
    noise = (noise - noise.min()) / (np.ptp(noise) + 1e-12)
    zoom = [(n + width) / s for n, s in zip(shape, small, strict=True)]
    zoomed = np.clip(ndimage.zoom(noise, zoom, order=1), 0, 1)
    return np.asarray(zoomed[: shape[0], : shape[1]], dtype=np.float64)


def _fibres(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Wavy bundles of fibres between 0 and 1, shape (height, width)."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    bend = 90.0 * _cloud(shape, 130.0, rng) + 28.0 * _cloud(shape, 40.0, rng)
    slant = 0.6 * (_cloud(shape, 300.0, rng) - 0.5)
    lines = np.sin((rows + slant * columns + bend) / 2.1)
    grain = ndimage.gaussian_filter(rng.random(shape), 0.7)
    strength = _cloud(shape, 25.0, rng)
    mixed = 0.5 + 0.22 * lines * strength + 1.6 * (grain - 0.5)
    return np.asarray(np.clip(mixed, 0, 1), dtype=np.float64)


def _vacuoles(
    shape: tuple[int, int], spacing: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Round fat cells with thin walls, 1 in the empty middle, shape (height, width)."""
    from scipy.spatial import cKDTree

    rows, columns = (np.arange(0, n + 2 * spacing, spacing) for n in shape)
    seeds = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    seeds[:, ::2, 0] += spacing / 2
    seeds = seeds.reshape(-1, 2)
    seeds = seeds + rng.uniform(-0.3, 0.3, seeds.shape) * spacing
    pixels = np.indices(shape).reshape(2, -1).T
    near = np.asarray(cKDTree(seeds).query(pixels, k=2)[0])
    wall = (near[:, 1] - near[:, 0]).reshape(shape)
    return np.asarray(1.0 / (1.0 + np.exp(-(wall - 2.2) / 0.35)))


def _nuclei(
    field: TissueField,
    shape: tuple[int, int],
    scale: float,
    radius: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Haematoxylin of ellipses at freshly drawn cells, shape (height, width)."""
    per_radius = field.area() * (scale / radius) ** 2
    unit_xy = field.draw_positions(max(int(0.075 * per_radius), 16), rng)
    kind = field.domains(unit_xy).argmax(axis=1)
    size = radius * np.array([0.95, 1.25, 1.05, 0.8, 0.8])[kind]
    size = size * rng.uniform(0.8, 1.2, len(kind))
    flat = np.array([0.42, 0.8, 0.75, 0.95, 0.5])[kind]
    xy = unit_xy * scale + np.array(shape[::-1]) / 2
    angle = rng.uniform(0, np.pi, len(kind))
    reach = int(np.ceil(1.6 * radius)) + 1
    offset = np.arange(-reach, reach + 1)
    dy, dx = (o.ravel()[None, :] for o in np.meshgrid(offset, offset, indexing="ij"))
    corner = np.rint(xy).astype(int)
    px, py = dx + (corner - xy)[:, :1], dy + (corner - xy)[:, 1:]
    along = px * np.cos(angle)[:, None] + py * np.sin(angle)[:, None]
    across = (py * np.cos(angle)[:, None] - px * np.sin(angle)[:, None]) / flat[:, None]
    edge = (np.hypot(along, across) - size[:, None]) / 0.45
    ink = rng.uniform(0.55, 1.05, len(kind))[:, None] / (1.0 + np.exp(edge))
    row = np.clip(corner[:, 1:] + dy, 0, shape[0] - 1)
    column = np.clip(corner[:, :1] + dx, 0, shape[1] - 1)
    purple = np.zeros(shape)
    np.maximum.at(purple, (row, column), ink)
    return purple
