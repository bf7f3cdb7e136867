"""SpaIM's losses and networks against the equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from napari_tessera.methods.spaim import losses, network
from napari_tessera.methods.spaim.network import Generator, Spaim, ToSpots
from napari_tessera.numerics.seeding import torch_generator

RNG = np.random.default_rng(0)


def values(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RNG.normal(size=shape))


def test_content_is_the_mean_squared_difference_over_copies() -> None:
    c, k = values(3, 5), values(4, 3, 5)
    wanted = np.mean([(c - copy).square().mean().item() for copy in k])
    assert losses.content(c, k).item() == pytest.approx(wanted)


def test_style_compares_gram_matrices_of_the_repeated_batch() -> None:
    t, s, copies = values(1, 5), values(3, 5), 4
    rows = s.repeat(copies, 1).numpy()
    own = np.repeat(t.numpy(), len(rows), axis=0)
    wanted = np.mean(((own @ own.T - rows @ rows.T) / (len(rows) * 5)) ** 2)
    assert losses.style(t, s, copies).item() == pytest.approx(wanted)


def test_style_teaches_the_targets_nothing() -> None:
    t, s = values(1, 5).requires_grad_(), values(3, 5).requires_grad_()
    losses.style(t, s, 2).backward()  # type: ignore[no-untyped-call]
    assert s.grad is None
    assert t.grad is not None


def test_the_cosine_loss_is_one_minus_the_mean_cosine() -> None:
    a, b = values(6, 9), values(6, 9)
    wanted = 1 - torch.nn.functional.cosine_similarity(a, b).mean()
    sums = ((a * b).sum(1), (a * a).sum(1), (b * b).sum(1))
    assert losses.cosine_loss(*sums).item() == pytest.approx(wanted.item())


def test_the_scale_of_a_target_does_not_matter() -> None:
    a, b = values(6, 9).abs(), values(6, 9).abs()
    found = [
        losses.cosine_loss((a * b * s).sum(1), (a * a).sum(1) * s * s, (b * b).sum(1)).item()
        for s in (1.0, 7.0)
    ]
    assert found[0] == pytest.approx(found[1])


def test_an_empty_gene_gives_a_finite_gradient() -> None:
    a = torch.zeros(1, 4, requires_grad=True)
    b = torch.ones(1, 4)
    losses.cosine_loss((a * b).sum(1), (a * a).sum(1), (b * b).sum(1)).backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert a.grad.isfinite().all()


def test_losses_pass_gradcheck() -> None:
    assert gradcheck(
        losses.content, (values(2, 3).requires_grad_(), values(2, 2, 3).requires_grad_())
    )
    positive = [values(4).abs().add(0.5).requires_grad_() for _ in range(3)]
    assert gradcheck(losses.cosine_loss, tuple(positive))


def test_pieces_of_spots_give_the_sums_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "PIECE", 4)
    out, drawn = ToSpots(10, torch_generator(0)), torch_generator(1)
    x, plain, made = (torch.rand(*n, generator=drawn) for n in ((3, 10), (3, 512), (2, 3, 512)))
    h, g = torch.cat(list(out(plain)), dim=1), torch.cat(list(out(made)), dim=2)
    found = out.products(x, plain, made)
    wanted = [(x * x).sum(1), (x * h).sum(1), (h * h).sum(1), (h * g).sum(2), (g * g).sum(2)]
    for a, b in zip(found, [*wanted, (x * g).sum(2)], strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-5)


def test_gradients_of_the_sums_pass_gradcheck() -> None:
    given = [values(4, 5), values(4), values(3, 4), values(3, 5), values(2, 3, 5)]
    given = [g if i == 2 else g.requires_grad_() for i, g in enumerate(given)]
    assert gradcheck(network._Products.apply, tuple(given))


def test_pieces_of_spots_read_what_the_whole_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "PIECE", 4)
    block = network.FromSpots(10, torch_generator(0))
    x = torch.rand(3, 10)
    weight = torch.cat([p.weight for p in block.pieces], dim=1)  # type: ignore[misc]
    bias = torch.stack([p.bias for p in block.pieces]).sum(0)  # type: ignore[misc]
    wanted = torch.relu(block.norm(x @ weight.T + bias))
    assert torch.allclose(block(x), wanted, atol=1e-6)


def test_the_generator_does_not_see_the_targets() -> None:
    net = Spaim(12, 5, torch_generator(0))
    profiles = torch.rand(2, 3, 5)
    first, second = (net.codes(torch.rand(3, 12), profiles) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.profile, b.profile)
        assert not torch.equal(a.content, b.content)


def test_like_profiles_give_like_patterns_in_any_order() -> None:
    net = Generator(12, 5, torch_generator(0))
    profiles = torch.rand(4, 5)
    profiles[2] = profiles[0]
    found = net.generated(profiles)
    assert torch.allclose(found[0], found[2])
    assert torch.allclose(net.generated(profiles.flip(0)), found.flip(0), atol=1e-6)
