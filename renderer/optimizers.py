"""How an image moves along a gradient: the report's steps of fixed size, Adam, or L-BFGS.

An optimiser keeps what it knows in named tensors (``state``), so that a run can be cut anywhere
and taken up again: the same image, state and gradients give the same images, bit by bit. Images
are (1, 3, H, W) in 0..255; ``step_size`` is in the same levels for all of them, and all minimise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from renderer.images import resize
from renderer.losses import GUARD
from renderer.settings import StyleSettings

LOW, HIGH = 0.0, 255.0


class Optimizer(Protocol):
    """One way to move."""

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        """The next image, within 0..255."""

    def state(self) -> dict[str, Tensor]:
        """All that the next steps depend on, but the image."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up what ``state`` once returned."""

    @staticmethod
    def grown(state: Mapping[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """What of a state still holds when the picture goes on at a larger (height, width)."""


class Measure:
    """What an optimiser asks of a whole picture's gradient; of one in parts, a gang answers."""

    def std(self, gradient: Tensor) -> Tensor:
        """The population standard deviation over all elements."""
        return gradient.std(correction=0)

    def dot(self, a: Tensor, b: Tensor) -> Tensor:
        """The inner product."""
        return torch.sum(a * b)


WHOLE = Measure()


class GradientDescent:
    """Steps whose standard deviation is ``step_size`` (Hvass Laboratories' tutorial 15)."""

    def __init__(self, step_size: float, measure: Measure = WHOLE) -> None:
        self.step_size, self.measure = step_size, measure

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        unit = gradient / (self.measure.std(gradient) + GUARD)
        return (image - self.step_size * unit).clamp_(LOW, HIGH)

    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        pass

    @staticmethod
    def grown(state: Mapping[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        return {}


class Adam:
    """Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1, with ``step_size`` as its learning rate.

    β₂ is 0.99: a picture is optimised for hundreds of steps, not for the hundred thousands that
    0.999 was chosen for.
    """

    BETA_1, BETA_2 = 0.9, 0.99

    def __init__(self, step_size: float, measure: Measure = WHOLE) -> None:
        self.step_size = step_size
        self._count = 0
        self._mean: Tensor | None = None
        self._square: Tensor | None = None

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        return (image - self.move(gradient)).clamp_(LOW, HIGH)

    def move(self, gradient: Tensor) -> Tensor:
        """What to subtract for this gradient, from whatever it is the gradient of."""
        if self._mean is None or self._square is None:
            self._mean, self._square = torch.zeros_like(gradient), torch.zeros_like(gradient)
        self._count += 1
        self._mean = self._mean.lerp(gradient, 1 - self.BETA_1)
        self._square = self._square.lerp(gradient.square(), 1 - self.BETA_2)
        mean = self._mean / (1 - self.BETA_1**self._count)
        deviation = (self._square / (1 - self.BETA_2**self._count)).sqrt() + GUARD
        return self.step_size * mean / deviation

    def state(self) -> dict[str, Tensor]:
        if self._mean is None or self._square is None:
            return {}
        return {"mean": self._mean, "square": self._square, "count": torch.tensor(self._count)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        if state:
            self._mean, self._square = state["mean"], state["square"]
            self._count = int(state["count"])

    @staticmethod
    def grown(state: Mapping[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """Both moments, enlarged: bilinear, which keeps the second one from falling below 0."""
        if not state:
            return {}
        mean, square = resize(state["mean"], size), resize(state["square"], size)
        return {"mean": mean, "square": square, "count": state["count"]}


class LBFGS:
    """Limited-memory BFGS (Nocedal & Wright, *Numerical Optimization*, algorithm 7.4).

    One gradient a step and no line search: a step whose standard deviation would be larger than
    ``step_size`` is shortened to it. Pairs without positive curvature are left out. The moves it
    remembers are those after clipping to 0..255.
    """

    HISTORY = 10
    CURVATURE = 1e-10

    def __init__(self, step_size: float, measure: Measure = WHOLE) -> None:
        self.step_size, self.measure = step_size, measure
        self._image: Tensor | None = None
        self._gradient: Tensor | None = None
        self._pairs: list[tuple[Tensor, Tensor]] = []

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        if self._image is not None and self._gradient is not None:
            self._remember(image - self._image, gradient - self._gradient)
        self._image, self._gradient = image, gradient
        direction = self._direction(gradient)
        scale = self.step_size / (self.measure.std(direction) + GUARD)
        if self._pairs:  # before there are any, the gradient's own length says nothing
            scale = scale.clamp(max=1.0)
        return (image - scale * direction).clamp_(LOW, HIGH)

    def state(self) -> dict[str, Tensor]:
        if self._image is None or self._gradient is None:
            return {}
        found = {"image": self._image, "gradient": self._gradient}
        for i, (move, change) in enumerate(self._pairs):
            found[f"move.{i}"], found[f"change.{i}"] = move, change
        return found

    def restore(self, state: Mapping[str, Tensor]) -> None:
        if state:
            self._image, self._gradient = state["image"], state["gradient"]
            count = sum(name.startswith("move.") for name in state)
            self._pairs = [(state[f"move.{i}"], state[f"change.{i}"]) for i in range(count)]

    @staticmethod
    def grown(state: Mapping[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """Nothing: the pairs are of a valley that looks another way from here."""
        return {}

    def _remember(self, move: Tensor, change: Tensor) -> None:
        dot = self.measure.dot
        if dot(move, change) > self.CURVATURE * dot(change, change):
            self._pairs = [*self._pairs, (move, change)][-self.HISTORY :]

    def _direction(self, gradient: Tensor) -> Tensor:
        """The inverse Hessian, as the pairs tell it, times the gradient."""
        direction, shares, dot = gradient, [], self.measure.dot
        for move, change in reversed(self._pairs):
            share = dot(move, direction) / dot(move, change)
            shares.append(share)
            direction = direction - share * change
        if self._pairs:
            move, change = self._pairs[-1]
            direction = direction * (dot(move, change) / dot(change, change))
        for (move, change), share in zip(self._pairs, reversed(shares), strict=True):
            direction = direction + (share - dot(change, direction) / dot(move, change)) * move
        return direction


OPTIMIZERS: Mapping[str, type[GradientDescent] | type[Adam] | type[LBFGS]] = {
    "gradient_descent": GradientDescent,
    "adam": Adam,
    "lbfgs": LBFGS,
}
"""By the names that ``StyleSettings.optimizer`` chooses from."""


def optimizer(settings: StyleSettings, measure: Measure = WHOLE) -> Optimizer:
    """The optimiser that the settings name, with nothing in its memory."""
    return OPTIMIZERS[settings.optimizer](settings.step_size, measure)


def grown(
    state: Mapping[str, Tensor], settings: StyleSettings, size: tuple[int, int]
) -> dict[str, Tensor]:
    """What the settings' optimiser keeps of its state when the picture goes on at a larger size."""
    return OPTIMIZERS[settings.optimizer].grown(state, size)
