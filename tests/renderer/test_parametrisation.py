"""Decorrelated frequencies: exact both ways, as strong and as coloured as in photographs."""

from __future__ import annotations

import torch

from renderer.parametrisation import (
    COLOUR_AXES,
    GAIN,
    START_DEVIATION,
    Parametrisation,
    colour_axes,
    spectrum_scale,
)

SIZE = (24, 16)


def drawn(how: Parametrisation, count: int = 1) -> torch.Tensor:
    return how.start([torch.Generator().manual_seed(seed) for seed in range(count)])


def inverse(pixels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The parameters of some pictures, by the inverse of each part."""
    plane = torch.logit(pixels / 255)
    plane = torch.einsum("cr,nrhw->nchw", colour_axes().double().inverse(), plane)
    return torch.view_as_real(torch.fft.rfft2(plane / GAIN) / spectrum_scale(size))


def test_every_picture_has_parameters() -> None:
    pixels = 20 + 215 * torch.rand(2, 3, *SIZE, dtype=torch.float64)
    again = Parametrisation(SIZE).pixels(inverse(pixels, SIZE))
    assert torch.allclose(again, pixels, atol=1e-9)


def test_frequencies_are_scaled_by_what_a_person_computes() -> None:
    scale = spectrum_scale((4, 4))
    assert scale[0, 0] == scale[0, 1] == scale[1, 0] == 4 / 0.25  # mean and one cycle a picture
    assert scale[0, 2] == 4 / 0.5
    assert torch.isclose(scale[2, 2], torch.tensor(4 / 0.5**0.5))


def test_a_start_is_nearly_grey_and_falls_with_the_frequency() -> None:
    how = Parametrisation((64, 64), decorrelate=False)
    parameters = drawn(how, 40)
    assert abs(parameters.std().item() / START_DEVIATION - 1) < 0.02
    pixels = how.pixels(parameters)
    assert (pixels - 127.5).abs().max() < 40
    strength = torch.fft.rfft2(torch.logit(pixels / 255)).abs().mean((0, 1))
    assert abs(strength[0, 2] / strength[0, 16] - 8) < 1.5  # 1/f: an eighth at eight times f


def test_colours_vary_as_those_of_imagenet() -> None:
    how = Parametrisation((32, 32), fourier=False)
    values = torch.logit(how.pixels(drawn(how, 40)) / 255) / START_DEVIATION
    found = torch.cov(values.transpose(0, 1).flatten(1))
    axes = torch.tensor(COLOUR_AXES) / (0.26**2 + 0.27**2 + 0.27**2) ** 0.5
    assert torch.allclose(found, axes @ axes.T, atol=0.02)


def test_pixels_may_be_moved_as_they_are() -> None:
    how = Parametrisation((4, 6), fourier=False, decorrelate=False)
    parameters = drawn(how)
    assert parameters.shape == (1, 3, 4, 6)
    assert torch.equal(how.pixels(parameters), 255 * torch.sigmoid(parameters))


def test_a_picture_depends_on_its_own_generator_alone() -> None:
    how = Parametrisation((8, 8))
    assert torch.equal(drawn(how, 3)[1:2], how.start([torch.Generator().manual_seed(1)]))
