"""Gaussian smoothing, as ``scipy.ndimage.gaussian_filter`` does it, on the image's own device.

Separable, and each pass runs along columns, which lie side by side; kernels are cut at four
standard deviations; borders are mirrored about the edge of the outermost pixel (scipy's "reflect":
d c b a | a b c d | d c b a), however far the kernel reaches.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

TRUNCATE = 4.0
"""Radius of a kernel in standard deviations."""

ROUND = 4
"""Kernels are filled up with zeros to radii that are multiples of it: a CPU's library makes ready
for each length by itself, and a dream has thirty."""

HOST = torch.device("cpu")

KNOWN = 512
"""Kernels, and rows of indices, that stay on a device: to send one to a GPU takes a wait."""


def gaussian(image: Tensor, sigma: float, *, colour: bool = False) -> Tensor:
    """A (N, C, H, W) image smoothed over H and W, and across its C channels with ``colour``.

    ``sigma`` is in pixels; across the channels it is in channels. Smoothing the colour axis
    is what ``gaussian_filter(gradient, sigma)`` of tutorial 14 does to an H x W x 3 array.
    """
    smooth = _along_height(_along_height(image, sigma).mT, sigma).mT
    return _across_channels(smooth, sigma) if colour else smooth


def kernel(sigma: float) -> Tensor:
    """The (2r + 1) weights of a Gaussian with r = ⌊4σ + ½⌋, float64, summing to one."""
    radius = int(TRUNCATE * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


@lru_cache(KNOWN)
def _filled(sigma: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A kernel with zeros at both ends."""
    weights = kernel(sigma)
    more = -(len(weights) // 2) % ROUND
    return functional.pad(weights, (more, more)).to(device, dtype)


@lru_cache(KNOWN)
def _mirrored(length: int, radius: int, device: torch.device = HOST) -> Tensor:
    """Indices of ``length`` samples, continued by ``radius`` mirrored ones on both sides."""
    index = torch.arange(-radius, length + radius) % (2 * length)
    return torch.where(index < length, index, 2 * length - 1 - index).to(device)


def _along_height(image: Tensor, sigma: float) -> Tensor:
    """Columns as channels of a depthwise convolution: a CPU takes a whole row of them at a time."""
    count, channels, height, width = image.shape
    weights = _filled(sigma, image.device, image.dtype)
    index = _mirrored(height, len(weights) // 2, image.device)
    rows = image.index_select(2, index).reshape(count * channels, len(index), 1, width)
    kernels = weights.view(1, 1, -1, 1).expand(width, 1, -1, 1)
    smooth = functional.conv2d(rows.permute(0, 3, 1, 2), kernels, groups=width)
    return smooth.permute(0, 2, 3, 1).reshape(image.shape)


def _across_channels(image: Tensor, sigma: float) -> Tensor:
    """Few channels under a wide kernel: the mirrored convolution as one small matrix."""
    matrix = _mixing(sigma, image.shape[1], image.device, image.dtype)
    return torch.einsum("dc,nchw->ndhw", matrix, image)


@lru_cache(KNOWN)
def _mixing(sigma: float, count: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """How much of each of so many channels goes into each."""
    weights = kernel(sigma)
    matrix, radius = torch.zeros(count, count, dtype=torch.float64), len(weights) // 2
    for channel in range(count):
        window = _mirrored(count, radius)[channel : channel + len(weights)]
        matrix[channel].index_add_(0, window, weights)
    return matrix.to(device, dtype)
