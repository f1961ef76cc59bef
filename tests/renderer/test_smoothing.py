"""Gaussian smoothing agrees with scipy's, which the report used."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from renderer.smoothing import gaussian, kernel


def hwc(image: torch.Tensor) -> np.ndarray:
    return image[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("sigma", [0.25, 0.5, 1.7, 4.1, 9.0])
@pytest.mark.parametrize("size", [(17, 23), (5, 4), (1, 40)])
def test_agrees_with_scipy(sigma: float, size: tuple[int, int]) -> None:
    image = torch.randn(1, 3, *size, dtype=torch.float64, generator=torch.manual_seed(1))
    spatial, colour = gaussian(image, sigma), gaussian(image, sigma, colour=True)
    np.testing.assert_allclose(
        hwc(spatial), gaussian_filter(hwc(image), (sigma, sigma, 0)), atol=1e-12
    )
    np.testing.assert_allclose(hwc(colour), gaussian_filter(hwc(image), sigma), atol=1e-12)


def test_kernel_sums_to_one_and_reaches_four_deviations() -> None:
    assert len(kernel(2.0)) == 17
    assert abs(kernel(2.0).sum().item() - 1) < 1e-15


def test_a_constant_stays_as_it_is() -> None:
    image = torch.full((1, 3, 6, 7), 42.0, dtype=torch.float64)
    assert torch.allclose(gaussian(image, 3.0, colour=True), image, atol=1e-12)
