"""How far is a picture from its content and its style, as sums over pieces of it?

The losses of renderer.losses, taken apart: a Gram matrix is a sum over positions, a content loss
one of squared differences, the variation one of absolute differences. So they can be added up over
the pieces of a picture (renderer.pieces) and over workers, and the report's combination of them has
slopes with regard to the sums, from which every piece gets its exact gradient. Sums are added and
compared in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.losses import LOSS_GUARD, total_variation
from renderer.networks.flow import Flow, Slices
from renderer.pieces import Piece, Sums
from renderer.settings import StyleSettings
from renderer.taps import of_one, with_gram, with_squares
from renderer.targets import Contents

GRAM, CONTENT, VARIATION = "gram.", "content.", "variation"
"""Names of the sums: of each style layer, of each content layer, of the picture."""


@dataclass(frozen=True)
class Comparison:
    """A content and a style to compare a picture with, and the weights of what is found.

    ``grams`` are the style's Gram matrices, summed or averaged as the settings say; ``contents``
    the content's activations at the content layers, for each piece by its core.
    """

    flow: Flow
    size: tuple[int, int]
    settings: StyleSettings
    grams: Mapping[str, Tensor]
    contents: Contents
    content_layers: Sequence[str]

    def is_on(self, device: torch.device) -> bool:
        """Whether all of it lies on a device, and nothing in the host's memory or in a file."""
        contents = (kept.held for each in self.contents.values() for kept in each.values())
        return all(held is not None and held.device == device for held in contents)

    def sums(self, part: Tensor, piece: Piece, *, known: bool = False) -> dict[str, Tensor]:
        """What a piece adds to the totals, as a function of its field's pixels.

        Of N pictures at once each, with one more axis in front. Where the totals are ``known``,
        the layers' are zeros: their graph alone is wanted.
        """
        found: dict[str, Tensor] = {}
        contents = self.contents[piece.core]

        def tap(layer: str, value: Tensor, where: Slices) -> Tensor:
            if layer in self.grams:
                value, found[GRAM + layer] = with_gram(value, where, known=known)
            if layer in contents:
                target = contents[layer].get().to(part)
                value, found[CONTENT + layer] = with_squares(value, where, target, known=known)
            return value

        self.flow.tapped(part, piece.field, tap)
        return {**found, VARIATION: variation(part, piece)}

    def complete(self, totals: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The totals, with zeros for layers of which these pieces have no position."""
        like = totals[VARIATION]
        names = (GRAM + name for name in self.grams)
        full = {name: _zeros(like, *self.grams[name.removeprefix(GRAM)].shape) for name in names}
        full |= {CONTENT + name: _zeros(like) for name in self.content_layers}
        return {**full, **totals}

    def slopes(self, totals: Mapping[str, Tensor]) -> tuple[Sums, dict[str, Tensor]]:
        """How w_c·Lc/Lc' + w_s·Ls/Ls' + w_d·Ld/Ld' changes with each total, and the losses.

        L' is a loss's present value, held constant (Hvass Laboratories' tutorial 15). Of N pictures
        at once those of each. Written out, not left to autograd: the matrices of all layers pass in
        a few operations, which a GPU begins as soon for all as for one.
        """
        settings = self.settings
        content, content_slopes = self._content(totals, settings.weight_content)
        style, style_slopes = self._style(totals, settings.weight_style)
        denoise = totals[VARIATION]
        losses = {"content": content, "style": style, "denoise": denoise}
        pull = _share(settings.weight_denoise, denoise)
        return {**content_slopes, **style_slopes, VARIATION: pull}, losses

    def _content(
        self, totals: Mapping[str, Tensor], weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean over layers of the mean squared difference, and its slopes."""
        names = [name for name in totals if name.startswith(CONTENT)]
        counts = [len(names) * self._elements(name.removeprefix(CONTENT)) for name in names]
        means = torch._foreach_div([totals[name] for name in names], counts)
        loss = torch.stack(means).sum(0)
        pulls = torch._foreach_div([_share(weight, loss)] * len(names), counts)
        return loss, dict(zip(names, pulls, strict=True))

    def _style(
        self, totals: Mapping[str, Tensor], weight: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean over layers of the mean squared difference of Gram matrices, and its slopes."""
        names = list(self.grams)
        positions = [float(self._positions(name)) for name in names]
        off = torch._foreach_div([totals[GRAM + name] for name in names], positions)
        torch._foreach_sub_(off, [self.grams[name].to(totals[VARIATION]) for name in names])
        loss = torch.stack([one.square().mean((-2, -1)) for one in off]).mean(0)
        elements = [one.shape[-1] ** 2 for one in off]
        factors = [2 / (len(off) * c * p) for c, p in zip(elements, positions, strict=True)]
        torch._foreach_mul_(off, factors)
        torch._foreach_mul_(off, [_share(weight, loss)[..., None, None]] * len(off))
        return loss, {GRAM + name: one for name, one in zip(names, off, strict=True)}

    def _positions(self, layer: str) -> int:
        """What a Gram matrix is divided by before it is compared."""
        return 1 if self.settings.gram == "sum" else math.prod(self.flow.size(layer, self.size))

    def _elements(self, layer: str) -> int:
        return math.prod(self.flow.size(layer, self.size)) * self.flow.channels(layer)


def _share(weight: float, loss: Tensor) -> Tensor:
    """What a loss's slope is multiplied by, so that the weight is its share of the step."""
    return weight / (loss + LOSS_GUARD)


def variation(part: Tensor, piece: Piece) -> Tensor:
    """Sum of the core's absolute differences to the next pixels, below and to the right.

    Of N pictures that of each, (N,).
    """
    core, held = piece.core, piece.field.picture
    rows, columns = core.within(held)
    below = slice(rows.start, min(rows.stop + 1, held.size[0]))
    beside = slice(columns.start, min(columns.stop + 1, held.size[1]))
    down, right = part[..., below, columns], part[..., rows, beside]
    return of_one(total_variation(down, right))


def _zeros(like: Tensor, *shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64, device=like.device)
