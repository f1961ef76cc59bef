"""How is style transfer written down directly, by one who takes PyTorch as it comes?

Nothing of Reverie is in here: VGG's layers one after the other, float32, autograd, the losses as
their formulas say. This is what benchmarks compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Vgg:
    """Kernels and biases of VGG's convolutions, in order, and which of them come after a pool."""

    convolutions: Sequence[tuple[Tensor, Tensor]]
    pooled: Sequence[bool]

    def features(self, image: Tensor) -> list[Tensor]:
        """The activations after each convolution and its ReLU, of a picture in 0..255."""
        mean = torch.tensor(MEAN, device=image.device)[:, None, None]
        deviation = torch.tensor(DEVIATION, device=image.device)[:, None, None]
        active, found = (image / 255 - mean) / deviation, []
        for (kernel, bias), pool in zip(self.convolutions, self.pooled, strict=True):
            if pool:
                active = F.max_pool2d(active, 2)
            active = F.relu(F.conv2d(active, kernel, bias, padding=1))
            found.append(active)
        return found


def gram(active: Tensor) -> Tensor:
    flat = active[0].flatten(1)
    return flat @ flat.T


def variation(image: Tensor) -> Tensor:
    down = (image[:, :, 1:] - image[:, :, :-1]).abs().sum()
    return down + (image[:, :, :, 1:] - image[:, :, :, :-1]).abs().sum()


class Style:
    """The report's style transfer: each loss over its present value, steps of one deviation."""

    def __init__(self, vgg: Vgg, content: Tensor, style: Tensor, *, content_layer: int) -> None:
        self.vgg, self.content_layer = vgg, content_layer
        with torch.no_grad():
            self.content = vgg.features(content)[content_layer]
            self.grams = [gram(active) for active in vgg.features(style)]

    def step(self, image: Tensor, *, weights: Sequence[float], step_size: float) -> Tensor:
        """The next picture."""
        image = image.detach().requires_grad_()
        features = self.vgg.features(image)
        styles = [F.mse_loss(gram(f), g) for f, g in zip(features, self.grams, strict=True)]
        losses = (
            F.mse_loss(features[self.content_layer], self.content),
            torch.stack(styles).mean(),
            variation(image),
        )
        total = sum(
            w * loss / (loss.detach() + 1e-10) for w, loss in zip(weights, losses, strict=True)
        )
        (slope,) = torch.autograd.grad(total, image)
        move = step_size / (slope.std(correction=0) + 1e-8) * slope
        return (image.detach() - move).clamp(0, 255)
