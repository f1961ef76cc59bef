"""How is Deep Dream written down directly, by one who takes PyTorch and scipy as they come?

The report's algorithm, which is Hvass Laboratories' tutorial 14: one tile at a time through torch's
own modules, autograd, scipy's Gaussians. Only the random tiles are seeded as Reverie seeds them, so
that pictures can be compared. This is what benchmarks compare with.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from renderer.networks import Network
from renderer.settings import DreamSettings


class Dream:
    """Dreams of one layer of a network; its last layer, in float32 unless it is given in more."""

    def __init__(self, network: Network, settings: DreamSettings) -> None:
        self.settings, self.stages = settings, copy.deepcopy(network.stages)
        for stage in self.stages.values():
            for name, module in list(stage.named_children()):
                if isinstance(module, nn.LocalResponseNorm):
                    how = (module.size, module.alpha, module.beta, module.k)
                    setattr(stage, name, nn.LocalResponseNorm(*how))
        mean = torch.tensor(network.preprocessing.mean)[:, None, None]
        self.mean = mean.to(next(network.parameters()))

    def features(self, image: Tensor) -> Tensor:
        """The layer's activations."""
        active = image - self.mean
        for stage in self.stages.values():
            active = stage(active)
        return active

    def __call__(self, image: Tensor, *, seed: int, depth: int = 0) -> Tensor:
        """The dreamed picture; ``depth`` counts the pyramid's levels from the largest."""
        how = self.settings
        if depth < how.repeats:
            size = [int(side * how.rescale_factor) for side in image.shape[2:]]
            blurred = self._smooth(image, (0.5, 0.5, 0.0))
            smaller = self(_resized(blurred, size), seed=seed, depth=depth + 1)
            image = how.blend * image + (1 - how.blend) * _resized(smaller, image.shape[2:])
        for i in range(how.iterations):
            image = self.step(image, i, random.Random(f"{seed}/{depth}/{i}"))
        return image

    def step(self, image: Tensor, i: int, rng: random.Random) -> Tensor:
        """The picture after one more step, the ``i``th of its level."""
        slope, sigma = torch.zeros_like(image), 4.0 * i / self.settings.iterations + 0.5
        for place in _tiles((image.shape[2], image.shape[3]), self.settings.tile_size, rng):
            tile = image[place].clone().requires_grad_()
            self.features(tile).square().mean().backward()
            assert tile.grad is not None
            slope[place] = tile.grad / (tile.grad.std(correction=0) + 1e-8)
        slope = sum(
            (self._smooth(slope, s) for s in (sigma, 2 * sigma, sigma / 2)), start=0 * slope
        )
        return image + self.settings.step_size / (slope.std(correction=0) + 1e-8) * slope

    def _smooth(self, image: Tensor, sigma: float | tuple[float, ...]) -> Tensor:
        array = gaussian_filter(image[0].permute(1, 2, 0).cpu().numpy(), sigma)
        return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))[None].to(image)


def _resized(image: Tensor, size: object) -> Tensor:
    return F.interpolate(image, tuple(size), mode="bilinear", align_corners=False)  # type: ignore[call-overload]


def _tiles(size: tuple[int, int], wanted: int, rng: random.Random) -> Iterator[tuple[object, ...]]:
    tall, wide = (math.ceil(n / max(1, round(n / wanted))) for n in size)
    for top in range(_start(tall, rng), size[0], tall):
        if top + tall <= 0:
            continue
        for left in range(_start(wide, rng), size[1], wide):
            if left + wide > 0:
                yield ..., slice(max(top, 0), top + tall), slice(max(left, 0), left + wide)


def _start(side: int, rng: random.Random) -> int:
    return rng.randint(-3 * (side // 4), -(side // 4))
