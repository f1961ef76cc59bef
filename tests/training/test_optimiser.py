"""Muon: an orthogonal step of the size of an AdamW step, and a loss that falls."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.motifs.optimiser import MATCH, Muon, orthogonal


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5)])
def test_singular_values_become_alike(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert values.min() > 0.3
    assert values.max() < 1.3


def test_the_first_step_is_as_large_as_said() -> None:
    torch.manual_seed(0)
    kernel = nn.Parameter(torch.zeros(8, 4, 3, 3))
    kernel.grad = torch.randn_like(kernel)
    Muon([kernel], lr=0.1, weight_decay=0.0).step()
    assert kernel.square().mean().sqrt().item() == pytest.approx(0.1 * MATCH, rel=0.3)
    assert (kernel * kernel.grad).sum() < 0


def test_weight_decay_shrinks_what_has_no_gradient_to_speak_of() -> None:
    kernel = nn.Parameter(torch.ones(2, 2, 1, 1))
    kernel.grad = torch.zeros_like(kernel)
    Muon([kernel], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(kernel.detach(), torch.full((2, 2, 1, 1), 0.95))


def test_a_convolution_learns() -> None:
    torch.manual_seed(0)
    wanted, learnt = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False)
    optimiser, losses = Muon(learnt.parameters(), lr=0.1, weight_decay=0.0), []
    for _ in range(60):
        pictures = torch.randn(8, 3, 8, 8)
        loss = (learnt(pictures) - wanted(pictures)).square().mean()
        learnt.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
