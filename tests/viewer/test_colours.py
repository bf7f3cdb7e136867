"""Colours: stable, told apart by everyone, and quick for a million points."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_tessera.contract.palette import PALETTE, colours_of
from napari_tessera.viewer.colours import (
    categories,
    coded,
    faded,
    hex_of,
    limits_of,
    palette_table,
    ramp,
    rgba_of,
    value_rgba,
)
from napari_tessera.viewer.gene_blend import BLEND

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
_SIGHT = {
    "full": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def _lab(colours: list[str], sight: str) -> NDArray[np.float64]:
    """CIELAB of colours as somebody sees them, shape (n, 3)."""
    rgb = np.array([rgba_of(colour)[:3] for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ _SIGHT[sight].T, 0, 1)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = seen @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f.T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", list(_SIGHT))
@pytest.mark.parametrize(("first", "apart"), [(16, 16), (30, 13)])
def test_any_two_colours_of_the_palette_can_be_told_apart(
    sight: str, first: int, apart: float
) -> None:
    lab = _lab(list(PALETTE)[:first], sight)
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)]
    assert min(distances) >= apart


@pytest.mark.parametrize("sight", list(_SIGHT))
def test_the_ramp_grows_lighter_for_everyone(sight: str) -> None:
    lightness = _lab([hex_of(tuple(c)) for c in ramp(32).tolist()], sight)[:, 0]
    assert (np.diff(lightness) > 0).all()


def test_the_order_of_the_names_does_not_change_their_colours() -> None:
    assert colours_of(["b", "a", "c"]) == colours_of(["c", "b", "a", "a"])


def test_more_names_than_colours_still_have_colours_of_their_own() -> None:
    names = [f"type {i:02d}" for i in range(75)]
    assert len(set(colours_of(names).values())) == 75


def test_categories_are_encoded_by_sorted_names() -> None:
    found = categories(np.array(["b", "a", "b", "c"]))
    assert found.names == ("a", "b", "c")
    assert found.codes.tolist() == [1, 0, 1, 2]
    assert found.counts.tolist() == [1, 2, 1]


def test_names_that_do_not_occur_still_share_the_palette() -> None:
    few = categories(np.array(["b"]), names=("a", "b", "c"))
    all_of_them = categories(np.array(["a", "b", "c"]))
    np.testing.assert_array_equal(few.rgba()[0], all_of_them.rgba()[1])


def test_every_item_has_the_colour_of_its_name() -> None:
    found = categories(np.array(["b", "a", "b"]))
    wanted = [rgba_of(colours_of(["a", "b"])[name]) for name in ("b", "a", "b")]
    np.testing.assert_allclose(found.rgba(), wanted, rtol=1e-6)


def test_numbers_run_along_the_ramp_from_end_to_end() -> None:
    rgba = value_rgba(np.array([-5.0, 0.0, 10.0, 99.0]), (0.0, 10.0))
    np.testing.assert_array_equal(rgba, ramp()[[0, 0, -1, -1]])


def test_a_number_that_is_missing_is_transparent() -> None:
    assert value_rgba(np.array([np.nan, np.inf, 0.5]), (0.0, 1.0))[:, 3].tolist() == [0, 0, 1]


@pytest.mark.parametrize("sight", list(_SIGHT))
def test_the_ramp_grows_lighter_all_the_way(sight: str) -> None:
    colours = ["#" + "".join(f"{round(255 * v):02x}" for v in c[:3]) for c in ramp(24).tolist()]
    assert (np.diff(_lab(colours, sight)[:, 0]) > 0).all()


@pytest.mark.parametrize("values", [[], [np.nan], [3.0, 3.0]])
def test_limits_are_never_empty(values: list[float]) -> None:
    low, high = limits_of(np.array(values))
    assert high > low


def test_an_unsure_item_fades_and_does_not_vanish() -> None:
    rgba = np.ones((2, 4), np.float32)
    alpha = faded(rgba, np.array([0.0, 1.0], np.float32))[:, 3]
    assert 0 < alpha[0] < 0.2
    assert alpha[1] == 1
    assert (rgba == 1).all()


def test_no_names_make_an_empty_table() -> None:
    assert palette_table(()).shape == (0, 4)


def test_a_million_points_are_recoloured_in_less_than_a_third_of_a_second() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"type {i}" for i in range(25)])
    found = categories(names[rng.integers(0, 25, 1_000_000)])
    values = rng.random(1_000_000, dtype=np.float32)
    seconds = min(_seconds(found.rgba) for _ in range(3))
    seconds += min(_seconds(lambda: value_rgba(values, (0.0, 1.0))) for _ in range(3))
    assert seconds < 0.3


def _seconds(work: object) -> float:
    began = time.process_time()
    assert callable(work)
    work()
    return time.process_time() - began


@pytest.mark.parametrize("sight", list(_SIGHT))
def test_colours_of_blended_genes_can_be_told_apart(sight: str) -> None:
    lab = _lab(list(BLEND), sight)
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)]
    assert min(distances) >= 25


def test_labels_that_are_encoded_already_have_the_colours_of_their_names() -> None:
    labels = np.array(["b", "c", "a"])
    codes = np.array([2, 0, 0, 1])
    made = coded(codes, labels)
    usual = categories(labels[codes], ("a", "b", "c"))
    assert made.names == usual.names
    np.testing.assert_array_equal(made.codes, usual.codes)
    np.testing.assert_array_equal(made.counts, usual.counts)


def test_the_range_of_many_numbers_is_that_of_evenly_spaced_ones() -> None:
    many = np.random.default_rng(0).normal(size=1_000_000)
    np.testing.assert_allclose(limits_of(many), np.quantile(many, (0.01, 0.99)), atol=0.03)
