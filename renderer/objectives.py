"""What does a dream raise? Objectives are values: they have names, and can be added and weighted.

    objective = layer("inception4c") + 0.3 * layer("inception3b", channels=(5, 17))
    objective = guided("inception4c", features) - 0.5 * layer("conv2")

An objective is a weighted sum of terms, each a scalar of one layer's activation. Scalars of
different layers differ by orders of magnitude, so it is not they that are added up but their
gradients, each over its own standard deviation: weights are shares of the step, as those of a style
transfer's losses are. Terms are after Mordvintsev et al. 2015 (``losses``), the arithmetic after
the habit of lucid's objectives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from renderer import networks
from renderer.aims import Aim
from renderer.errors import NetworkError
from renderer.losses import (
    chosen,
    class_objective,
    guided_objective,
    layer_objective,
    standardised,
)
from renderer.networks import Network


@dataclass(frozen=True, eq=False)
class Term:
    """A scalar to raise, of the activation (1, C, h, w) of one layer: a mean over its positions."""

    layer: str
    value: Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Objective:
    """Terms and their weights; ``a + b``, ``a - b``, ``0.3 * a`` and ``-a`` are objectives too."""

    terms: tuple[tuple[float, Term], ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layer of each term."""
        return tuple(term.layer for _, term in self.terms)

    def __add__(self, other: Objective) -> Objective:
        return Objective(self.terms + other.terms)

    def __sub__(self, other: Objective) -> Objective:
        return self + -other

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __rmul__(self, weight: float) -> Objective:
        return Objective(tuple((weight * own, term) for own, term in self.terms))


def layer(name: str, channels: Sequence[int] = ()) -> Objective:
    """The mean squared activation of a layer, or of some of its channels."""
    return _single(name, lambda active: layer_objective(active, channels))


def classes(indexes: Sequence[int]) -> Objective:
    """The mean score of some classes, by their indexes."""
    return _single("classes", lambda scores: class_objective(scores, indexes))


def guided(name: str, features: Tensor, channels: Sequence[int] = ()) -> Objective:
    """The likeness of a layer's activation to a guide's, (1, C, h, w), in some or all channels."""
    guide = _chosen(features, channels)[0].flatten(1).detach()
    return _single(name, lambda active: guided_objective(_chosen(active, channels), guide))


def objective(
    aims: Sequence[Aim], network: Network, guides: Mapping[int, Mapping[str, Tensor]]
) -> Objective:
    """The weighted sum of some aims; ``guides`` are the features, by layer, of each guide picture.

    Raises NetworkError for a layer, channel or class that the network doesn't have.
    """
    first, *others = (aim.weight * _objective(aim, network, guides) for aim in aims)
    return sum(others, start=first)


def slopes(
    terms: Sequence[Term],
    image: Tensor,
    features: Mapping[str, Tensor],
    parts: Callable[[str], Sequence[tuple[Any, ...]]] = lambda layer: [(...,)],
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """Each term's gradient with regard to the image that the features come from, and its values.

    ``parts(layer)`` are indexes of the activations of independent pictures, all on one canvas,
    among those of a layer: each has a value of its own, and the gradient is that of their sum. The
    graph is gone afterwards.
    """
    for number, term in enumerate(terms, start=1):
        active = features[term.layer]
        pull, values = torch.zeros_like(active), []
        for part in parts(term.layer):
            own = active.detach()[part].requires_grad_()
            with torch.enable_grad():
                value = term.value(own)
            (pull[part],) = torch.autograd.grad(value, own)
            values.append(value.detach())
        more = number < len(terms)
        (slope,) = torch.autograd.grad(active, image, pull, retain_graph=more)
        yield slope, values


def combined(objectives: Sequence[Objective], slopes: Sequence[Tensor]) -> list[Tensor]:
    """Each objective's gradient: the sum of weight × gradient/std over its terms, given in turn."""
    given, found = iter(slopes), []
    for one in objectives:
        parts = [weight * standardised(next(given)) for weight, _ in one.terms]
        found.append(sum(parts[1:], start=parts[0]))
    return found


def _single(name: str, value: Callable[[Tensor], Tensor]) -> Objective:
    return Objective(((1.0, Term(name, value)),))


def _chosen(activation: Tensor, channels: Sequence[int]) -> Tensor:
    return chosen(activation, channels) if channels else activation


def _objective(aim: Aim, network: Network, guides: Mapping[int, Mapping[str, Tensor]]) -> Objective:
    entry = networks.entry(network.name)
    if aim.classes:
        return classes(networks.resolve_classes(entry, aim.classes))
    name = networks.resolve_layer(entry, aim.layer)
    _check_channels(name, aim.channels, networks.channels(entry, name))
    if aim.guide is not None:
        return guided(name, guides[aim.guide][name], aim.channels)
    return layer(name, aim.channels)


def _check_channels(layer: str, chosen: tuple[int, ...], count: int) -> None:
    beyond = [channel for channel in chosen if channel >= count]
    if beyond:
        raise NetworkError(
            f"layer {layer} has no channel {beyond[0]}: its {count} channels are 0 to {count - 1}"
        )
