"""Convolutions and the way back through them: torch's own values, whatever kernel and stride."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from renderer.networks.convolution import Kernels, convolved

CONVOLUTIONS = {
    "pointwise": nn.Conv2d(20, 9, 1),
    "padded": nn.Conv2d(6, 8, 3, padding=1),
    "wide": nn.Conv2d(3, 8, 5, padding=2),
    "oblong": nn.Conv2d(5, 4, (1, 7), padding=(0, 3)),
    "first": nn.Conv2d(3, 16, 7, stride=2, padding=3),
    "first of all": nn.Conv2d(3, 8, 3, stride=2),
    "first of fours": nn.Conv2d(1, 8, 7, stride=4, padding=2),
    "strided": nn.Conv2d(32, 8, 3, stride=2, padding=1),
    "grouped": nn.Conv2d(8, 8, 3, groups=4, padding=1),
    "spread": nn.Conv2d(4, 4, 3, dilation=2, padding=2),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("size", [(16, 16), (17, 22), (23, 18), (9, 31)])
@pytest.mark.parametrize("bare", [False, True])
def test_agrees_with_torch(name: str, size: tuple[int, int], bare: bool) -> None:
    torch.manual_seed(0)
    conv = CONVOLUTIONS[name].requires_grad_(False)
    padding = (0, 0) if bare else (int(conv.padding[0]), int(conv.padding[1]))
    image = torch.randn(1, conv.in_channels, *size).requires_grad_()
    exact = nn.functional.conv2d(
        image.double(),
        conv.weight.double(),
        conv.bias.double(),
        conv.stride,
        padding,
        conv.dilation,
        conv.groups,
    )
    found = convolved(image, Kernels(conv), padding)
    slope = torch.randn_like(found)
    (expected,) = torch.autograd.grad(exact, image, slope.double())
    (ours,) = torch.autograd.grad(found, image, slope)
    assert ours.shape == image.shape
    assert (found - exact).abs().max() < 1e-5 * exact.abs().max()
    assert (ours - expected).abs().max() < 1e-5 * expected.abs().max()


def test_the_first_layer_and_small_kernels_are_turned() -> None:
    turned = {name for name, conv in CONVOLUTIONS.items() if Kernels(conv).turns}
    assert turned == set(CONVOLUTIONS) - {"strided", "grouped", "spread"}


@pytest.mark.parametrize("over", [(1, 0), (0, 2), (2, 1)])
def test_rows_may_be_left_out_at_either_end(over: tuple[int, int]) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 20, 5, padding=2).requires_grad_(False)
    image = torch.randn(1, 4, 12, 9).contiguous(memory_format=torch.channels_last).requires_grad_()
    found = convolved(image, Kernels(conv), (2, 2), over=over)
    whole = conv(image)[:, :, over[0] : 12 - over[1]]
    assert torch.allclose(found, whole, atol=1e-5)
    assert found.is_contiguous(memory_format=torch.channels_last)
    slope = torch.randn_like(found)
    (expected,) = torch.autograd.grad(whole.relu(), image, slope)
    (ours,) = torch.autograd.grad(found.relu_(), image, slope)
    assert torch.allclose(ours, expected, atol=1e-5)
