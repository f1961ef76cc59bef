"""What is compared: Gram matrices, total variation, dream objectives.

Pure functions of tensors in any floating dtype, but Gram matrices are in float32 at least;
activations are (N, C, H, W), N = 1 unless a line says otherwise. Sources: Gatys et al. 2015
(arXiv:1508.06576) and 2016 (CVPR), Mordvintsev et al. 2015, and Hvass Laboratories' TensorFlow
tutorials 14 and 15, whose normalisation the report uses. It differs from Gatys': every term is a
mean, and Gram matrices are not divided by their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from renderer.taps import gram

GUARD = 1e-8
"""Added to a standard deviation before dividing by it (tutorials 14 and 15)."""

MATCHES_AT_ONCE = 2**24
"""Dot products of a guided objective that are held at a time: 64 MiB."""

INDEXES = 256
"""Choices of channels that stay on a device: to send one there takes a wait."""

LOSS_GUARD = 1e-10
"""Added to a loss before dividing by it (tutorial 15)."""


def gram_matrix(activation: Tensor, *, mean: bool = False) -> Tensor:
    """The (C, C) Gram matrix FᵀF of one (1, C, H, W) activation.

    Summed over the H·W positions as in the report, or averaged over them with ``mean``, which makes
    pictures of different sizes comparable. Differs from Gatys 2015, eq. 4, which divides the *loss*
    by the squared numbers of channels and positions.
    """
    product = gram(activation)
    return product / (activation.shape[2] * activation.shape[3]) if mean else product


def total_variation(image: Tensor, beside: Tensor | None = None) -> Tensor:
    """Sum of absolute differences of neighbouring pixels, downwards and to the right, (N,).

    Of a part of a picture, ``image`` reaches one row and ``beside`` one column into what follows.
    """
    right = image if beside is None else beside
    down, beside = image.diff(dim=-2).abs(), right.diff(dim=-1).abs()
    return down.sum((1, 2, 3)) + beside.sum((1, 2, 3))


def layer_objective(activation: Tensor, channels: Sequence[int] = ()) -> Tensor:
    """Mean of the squared activation over all elements, or over the chosen channels only."""
    return (chosen(activation, channels) if channels else activation).square().mean()


def class_objective(scores: Tensor, classes: Sequence[int]) -> Tensor:
    """Mean score of the chosen classes over all positions of a class map, (1, K, h, w).

    The classifier is linear, so this mean is the score of the average-pooled picture (before the
    softmax): "maximise the confidence of an output neuron" (the report, section 1).
    """
    return chosen(scores, classes).mean()


def chosen(activation: Tensor, channels: Sequence[int]) -> Tensor:
    """Some channels of an activation, in the order in which they are named."""
    return activation.index_select(1, _index(tuple(channels), activation.device))


@lru_cache(INDEXES)
def _index(channels: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(channels).to(device)


def guided_objective(activation: Tensor, guide: Tensor) -> Tensor:
    """Mean over all positions of the dot product with the guide's best matching feature there.

    ``guide`` is (C, P): a guide picture's features at its P positions. The best match of a position
    is the one with the largest dot product, and it is held fixed, so that the gradient with respect
    to the activation is that feature (the notebook of Mordvintsev et al. 2015, "Controlling
    dreams"). Differs from it: a mean, not a sum, as all objectives here.
    """
    features = activation[0].flatten(1)
    return (features * guide[:, best_matches(features, guide)]).sum(0).mean()


def best_matches(features: Tensor, guide: Tensor) -> Tensor:
    """For each of N features, (C, N), the index of the guide's, (C, P), of largest dot product."""
    with torch.no_grad():
        # In parts: the products of a low layer's positions with the guide's would fill the memory.
        parts = torch.split(features.T, max(1, MATCHES_AT_ONCE // guide.shape[1]))
        return torch.cat([(part @ guide).argmax(1) for part in parts])


def standardised(gradient: Tensor) -> Tensor:
    """The gradient over its population standard deviation: the unit step of both algorithms."""
    return gradient / (gradient.std(correction=0) + GUARD)


def channel_objectives(
    activation: Tensor, channels: Sequence[int], *, centre: bool = False
) -> Tensor:
    """One channel's mean for each of N pictures, (N,); with ``centre`` its value in the middle.

    ``channels[n]`` is that of picture n (Olah et al., "Feature Visualization", Distill 2017).
    """
    height, width = activation.shape[2:]
    device = activation.device
    own = activation[torch.arange(len(channels), device=device), _index(tuple(channels), device)]
    return own[:, height // 2, width // 2] if centre else own.mean((1, 2))


def likeness(activation: Tensor) -> Tensor:
    """How alike N pictures are: the mean cosine between the Gram matrices of two, a scalar.

    The diversity term of Olah et al. (Distill 2017, "The Enemy of Feature Visualization" ff.), as
    a mean over pairs where they have the sum.
    """
    grams = torch.stack([gram_matrix(one[None]).flatten() for one in activation])
    cosines = functional.normalize(grams) @ functional.normalize(grams).T
    count = len(activation)
    return (cosines.sum() - cosines.trace()) / (count * (count - 1))
