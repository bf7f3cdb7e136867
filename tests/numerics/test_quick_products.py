"""Quick products while anybody trains, full precision afterwards."""

from __future__ import annotations

import contextlib

import torch

from napari_tessera.numerics.tensors import quick_products


def test_overlapping_fits_share_the_setting_and_the_last_puts_it_back() -> None:
    before = torch.get_float32_matmul_precision()
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    first.enter_context(quick_products())
    second.enter_context(quick_products())
    first.close()
    assert torch.get_float32_matmul_precision() == "medium"
    second.close()
    assert torch.get_float32_matmul_precision() == before


def test_an_error_puts_the_setting_back() -> None:
    before = torch.get_float32_matmul_precision()
    with contextlib.suppress(ValueError), quick_products():
        raise ValueError
    assert torch.get_float32_matmul_precision() == before
