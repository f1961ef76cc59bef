"""In which numbers is a picture that comes from noise best moved? In decorrelated frequencies.

Gradient ascent on pixels finds noise: neighbouring pixels and the three colours are moved as if
they had nothing to do with each other, though in photographs they go together. Olah et al.,
"Feature Visualization" (Distill 2017, section "Preconditioning and Parameterization"), move a
picture's Fourier coefficients instead, each scaled as strong as it is in photographs (1/f), and
colours along the axes in which those of ImageNet are uncorrelated. Numbers and formulas are those
of lucid (Apache-2.0), ``optvis/param/spatial.py`` and ``color.py``, by which it can be checked.

Parameters are (N, 3, H, W // 2 + 1, 2), real and imaginary parts, or (N, 3, H, W) without Fourier;
pictures are (N, 3, H, W), RGB, in 0..255 by a sigmoid, and wrap round at their borders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

COLOUR_AXES = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the covariance of ImageNet's colours (lucid): a row for each of R, G and B."""

START_DEVIATION = 0.01
"""Standard deviation of the parameters at the start: an almost even grey (lucid)."""

GAIN = 0.25
"""Between a transformed spectrum and the sigmoid (lucid)."""


@dataclass(frozen=True)
class Parametrisation:
    """How parameters and pictures of one size belong together; ``size`` is (height, width)."""

    size: tuple[int, int]
    fourier: bool = True
    decorrelate: bool = True

    def start(self, generators: Sequence[torch.Generator]) -> Tensor:
        """Parameters of a nearly grey picture for each generator, drawn on the CPU in float32."""
        height, width = self.size
        shape = (3, height, width // 2 + 1, 2) if self.fourier else (3, height, width)
        return START_DEVIATION * torch.stack([torch.randn(shape, generator=g) for g in generators])

    def pixels(self, parameters: Tensor) -> Tensor:
        """The pictures of some parameters."""
        plane = self._plane(parameters) if self.fourier else parameters
        if self.decorrelate:
            axes = colour_axes().to(plane)
            plane = torch.einsum("rc,nchw->nrhw", axes, plane)
        pixels: Tensor = 255 * torch.sigmoid(plane)
        return pixels

    def _plane(self, parameters: Tensor) -> Tensor:
        scale = spectrum_scale(self.size).to(parameters)
        spectrum = torch.view_as_complex(parameters) * scale
        plane: Tensor = GAIN * torch.fft.irfft2(spectrum, s=self.size)
        return plane


@cache
def colour_axes() -> Tensor:
    """``COLOUR_AXES`` over the length of its longest column, (3, 3)."""
    axes = torch.tensor(COLOUR_AXES)
    longest: Tensor = axes.norm(dim=0).max()
    return axes / longest


@cache
def spectrum_scale(size: tuple[int, int]) -> Tensor:
    """What each coefficient of a real spectrum is multiplied by: √(H·W) / frequency.

    (H, W // 2 + 1). Frequencies are in cycles a pixel; the mean counts as one cycle a picture.
    """
    height, width = size
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency: Tensor = (down.square() + across.square()).sqrt()
    scale: Tensor = math.sqrt(height * width) / frequency.clamp(min=1 / max(height, width))
    return scale
