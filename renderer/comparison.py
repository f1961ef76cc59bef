"""How far is a picture from its content and its style, as sums over pieces of it?

The losses of renderer.losses, taken apart: a Gram matrix is a sum over positions, a content loss
one of squared differences, the variation one of absolute differences. So they can be added up over
the pieces of a picture (renderer.pieces) and over workers, and the report's combination of them has
slopes with regard to the sums, from which every piece gets its exact gradient. Sums are added and
compared in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.losses import LOSS_GUARD, style_loss, total_variation
from renderer.networks.flow import Flow, Slices
from renderer.pieces import Piece, Sums
from renderer.settings import StyleSettings
from renderer.taps import with_gram, with_squares
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

    def losses(self, totals: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The three losses of the report, from the totals of all pieces.

        Of N pictures at once those of each.
        """
        grams = {name: self._gram(name, totals[GRAM + name]) for name in self.grams}
        names = [name for name in totals if name.startswith(CONTENT)]
        content = [totals[n] / self._elements(n.removeprefix(CONTENT)) for n in names]
        return {
            "content": torch.stack(content).mean(0),
            "style": style_loss(grams, {n: self.grams[n].to(gram) for n, gram in grams.items()}),
            "denoise": totals[VARIATION],
        }

    def slopes(self, totals: Mapping[str, Tensor]) -> tuple[Sums, dict[str, Tensor]]:
        """How w_c·Lc/Lc' + w_s·Ls/Ls' + w_d·Ld/Ld' changes with each total, and the losses.

        L' is a loss's present value, held constant (Hvass Laboratories' tutorial 15).
        """
        free = {name: total.detach().requires_grad_() for name, total in totals.items()}
        settings = self.settings
        weights = (settings.weight_content, settings.weight_style, settings.weight_denoise)
        with torch.enable_grad():
            losses = self.losses(free)
            terms = [
                weight * loss / (loss.detach() + LOSS_GUARD)
                for weight, loss in zip(weights, losses.values(), strict=True)
            ]
            found = torch.autograd.grad(torch.stack(terms).sum(), list(free.values()))
        told = {name: loss.detach() for name, loss in losses.items()}
        return dict(zip(free, found, strict=True)), told

    def _gram(self, layer: str, total: Tensor) -> Tensor:
        if self.settings.gram == "sum":
            return total
        height, width = self.flow.size(layer, self.size)
        return total / (height * width)

    def _elements(self, layer: str) -> int:
        height, width = self.flow.size(layer, self.size)
        return height * width * self.flow.channels(layer)


def variation(part: Tensor, piece: Piece) -> Tensor:
    """Sum of the core's absolute differences to the next pixels, below and to the right.

    Of N pictures that of each, (N,).
    """
    if len(part) > 1:
        return torch.stack([variation(one, piece) for one in torch.split(part, 1)])
    core, held = piece.core, piece.field.picture
    rows, columns = core.within(held)
    below = slice(rows.start, min(rows.stop + 1, held.size[0]))
    beside = slice(columns.start, min(columns.stop + 1, held.size[1]))
    down, right = part[..., below, columns], part[..., rows, beside]
    return total_variation(down, right)


def _zeros(like: Tensor, *shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64, device=like.device)
