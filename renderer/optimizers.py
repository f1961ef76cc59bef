"""How an image moves along a gradient: the report's steps of fixed size, Adam, or L-BFGS.

An optimiser keeps what it knows in named tensors (``state``), so that a run can be cut anywhere
and taken up again: the same image, state and gradients give the same images, bit by bit. Images
are (1, 3, H, W) in 0..255; ``step_size`` is in the same levels for all of them, and all minimise.

Pictures may be large, so nothing is held twice: a step takes its gradient over and works in it, and
the history of L-BFGS lies where there is room (``renderer.offload``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from renderer.checkpoints import Later
from renderer.images import resize
from renderer.losses import GUARD
from renderer.offload import Kept, Offload
from renderer.settings import StyleSettings

LOW, HIGH = 0.0, 255.0


class Optimizer(Protocol):
    """One way to move."""

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        """The next image, within 0..255. ``gradient`` is used up: the next image may be in it."""

    def state(self) -> Mapping[str, Tensor]:
        """All that the next steps depend on, but the image; good until the next step."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take up what ``state`` once returned; its tensors are the optimiser's from then on."""

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
        move = gradient.div_(self.measure.std(gradient) + GUARD).mul_(self.step_size)
        return torch.sub(image, move, out=move).clamp_(LOW, HIGH)

    def state(self) -> Mapping[str, Tensor]:
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
        move = self.move(gradient)
        return torch.sub(image, move, out=move).clamp_(LOW, HIGH)

    def move(self, gradient: Tensor) -> Tensor:
        """What to subtract for this gradient, from whatever it is the gradient of; uses it up."""
        if self._mean is None or self._square is None:
            self._mean, self._square = torch.zeros_like(gradient), torch.zeros_like(gradient)
        self._count += 1
        self._mean.lerp_(gradient, 1 - self.BETA_1)
        self._square.lerp_(gradient.square_(), 1 - self.BETA_2)
        deviation = torch.div(self._square, 1 - self.BETA_2**self._count, out=gradient).sqrt_()
        mean = self._mean / (1 - self.BETA_1**self._count)
        return torch.div(mean.mul_(self.step_size), deviation.add_(GUARD), out=gradient)

    def state(self) -> Mapping[str, Tensor]:
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


@dataclass(frozen=True)
class Pair:
    """One of the moves that L-BFGS remembers, and how the gradient changed by it.

    ``product`` is their inner product, and ``scale`` that over the change's square.
    """

    move: Kept
    change: Kept
    product: Tensor
    scale: Tensor


class LBFGS:
    """Limited-memory BFGS (Nocedal & Wright, *Numerical Optimization*, algorithm 7.4).

    One gradient a step and no line search: a step whose standard deviation would be larger than
    ``step_size`` is shortened to it. Pairs without positive curvature are left out. The moves it
    remembers are those after clipping to 0..255; they lie in ``offload``.
    """

    HISTORY = 10
    CURVATURE = 1e-10

    def __init__(
        self, step_size: float, measure: Measure = WHOLE, offload: Offload | None = None
    ) -> None:
        self.step_size, self.measure = step_size, measure
        self._offload = offload or Offload()
        self._image: Tensor | None = None
        self._gradient: Tensor | None = None
        self._pairs: list[Pair] = []

    def step(self, image: Tensor, gradient: Tensor) -> Tensor:
        if self._image is not None and self._gradient is not None:
            move, self._image = image - self._image, None  # each is let go before the next is made
            change, self._gradient = gradient - self._gradient, None
            self._remember(move, change)
            del move, change
        self._image, self._gradient = image, gradient
        direction = self._direction(gradient)
        scale = self.step_size / (self.measure.std(direction) + GUARD)
        if self._pairs:  # before there are any, the gradient's own length says nothing
            scale = scale.clamp(max=1.0)
        return torch.sub(image, direction.mul_(scale), out=direction).clamp_(LOW, HIGH)

    def state(self) -> Mapping[str, Tensor]:
        image, gradient = self._image, self._gradient
        if image is None or gradient is None:
            return {}
        found: dict[str, Callable[[], Tensor]] = {
            "image": lambda: image,
            "gradient": lambda: gradient,
        }
        for i, pair in enumerate(self._pairs):
            found[f"move.{i}"], found[f"change.{i}"] = pair.move.get, pair.change.get
        return Later(found)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        if state:
            self._image, self._gradient = state["image"], state["gradient"]
            count = sum(name.startswith("move.") for name in state)
            for i in range(count):
                self._remember(state[f"move.{i}"], state[f"change.{i}"])

    @staticmethod
    def grown(state: Mapping[str, Tensor], size: tuple[int, int]) -> dict[str, Tensor]:
        """Nothing: the pairs are of a valley that looks another way from here."""
        return {}

    def _remember(self, move: Tensor, change: Tensor) -> None:
        product, square = self.measure.dot(move, change), self.measure.dot(change, change)
        if product > self.CURVATURE * square:
            if len(self._pairs) == self.HISTORY:
                oldest = self._pairs.pop(0)
                self._offload.forget(oldest.move)
                self._offload.forget(oldest.change)
            kept = self._offload.keep(move), self._offload.keep(change)
            self._pairs.append(Pair(*kept, product, product / square))

    def _direction(self, gradient: Tensor) -> Tensor:
        """The inverse Hessian, as the pairs tell it, times the gradient."""
        direction, shares, dot = gradient.clone(), [], self.measure.dot
        for pair in reversed(self._pairs):
            share = dot(pair.move.get(), direction) / pair.product
            shares.append(share)
            direction.addcmul_(pair.change.get(), share, value=-1)
        if self._pairs:
            direction.mul_(self._pairs[-1].scale)
        for pair, share in zip(self._pairs, reversed(shares), strict=True):
            share = share - dot(pair.change.get(), direction) / pair.product
            direction.addcmul_(pair.move.get(), share)
        return direction


OPTIMIZERS: Mapping[str, type[GradientDescent] | type[Adam] | type[LBFGS]] = {
    "gradient_descent": GradientDescent,
    "adam": Adam,
    "lbfgs": LBFGS,
}
"""By the names that ``StyleSettings.optimizer`` chooses from."""


def optimizer(
    settings: StyleSettings, measure: Measure = WHOLE, offload: Offload | None = None
) -> Optimizer:
    """The optimiser that the settings name, with nothing in its memory."""
    if settings.optimizer == "lbfgs":
        return LBFGS(settings.step_size, measure, offload)
    return OPTIMIZERS[settings.optimizer](settings.step_size, measure)


def grown(
    state: Mapping[str, Tensor], settings: StyleSettings, size: tuple[int, int]
) -> dict[str, Tensor]:
    """What the settings' optimiser keeps of its state when the picture goes on at a larger size."""
    return OPTIMIZERS[settings.optimizer].grown(state, size)
