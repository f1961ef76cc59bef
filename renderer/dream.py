"""How a picture is dreamed: gradient ascent on a layer, over a pyramid of sizes, in random tiles.

The report's section 1, which follows Hvass Laboratories' TensorFlow tutorial 14, after Mordvintsev
et al., "Inceptionism" (2015). Images are (1, 3, H, W), RGB, 0..255, in the network's dtype, and not
clipped between steps; whoever writes the picture clips. Differs from the tutorial: slivers of tiles
get context (see ``tiling``), and pyramid levels too small for the layer are left out.

    result = dream(pixels, network, DreamSettings(layer="inception4c"), seed=7)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer import networks
from renderer.checkpoints import State, pack
from renderer.errors import ImageError, NetworkError
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.images import resize
from renderer.losses import class_objective, layer_objective, standardised
from renderer.making import Making
from renderer.networks import Network
from renderer.settings import DreamSettings
from renderer.smoothing import gaussian
from renderer.tiling import random_tiles

PYRAMID_SIGMA = 0.5
"""Standard deviation, in px, of the blur before a picture is shrunk to the next level."""


def dream(
    image: Tensor,
    network: Network,
    settings: DreamSettings,
    *,
    seed: int = 0,
    on_progress: Callable[[Event], None] | None = None,
) -> Tensor:
    """The dreamed picture, (1, 3, H, W), unclipped; see ``steps``, which this runs to its end."""
    return finish(steps(image, network, settings, seed=seed), on_progress)


def steps(
    image: Tensor,
    network: Network,
    settings: DreamSettings,
    *,
    seed: int = 0,
    fetch_losses: Callable[[], bool] | None = None,
    checkpoint: Callable[[], bool] | None = None,
    resume: State | None = None,
    frames: Making | None = None,
) -> Generator[Event, None, Tensor]:
    """Dream ``image``, (1, 3, H, W) in 0..255; yields after every step and returns the picture.

    ``fetch_losses`` is asked once a step whether the objective's value is wanted (it costs a wait
    for the device); without it every step has one. ``checkpoint`` is asked whether to yield a
    Checkpoint after the step; ``resume`` is the state in one, to go on from; ``frames`` keeps
    pictures of the making. Raises ImageError for a picture too small for the layer, NetworkError
    for an unknown layer, channel or class.
    """
    objective = Objective.of(network, settings)
    smallest = smallest_side(network, objective.layer)
    levels = pyramid(image, settings, smallest=smallest)
    total = len(levels) * settings.iterations
    done, result = 0, levels[-1]
    if resume is not None:
        done, result = resume.iteration, resume.tensors["image"].to(image)
    elif frames is not None:
        yield from frames.at(0, total, image)
    for step in range(done, total):
        depth, i = len(levels) - 1 - step // settings.iterations, step % settings.iterations
        if i == 0 and step > 0:
            result = blended(levels[depth], result, settings.blend)
        # Seeded by place, not by history: a step draws the same tiles wherever a run began.
        rng = random.Random(f"{seed}/{depth}/{i}")
        gradient, value = tiled_gradient(
            result, network, objective, rng, tile_size=settings.tile_size, smallest=smallest
        )
        sigma = 4.0 * i / settings.iterations + 0.5
        gradient = smoothed(gradient, sigma, colour=settings.smooth_colour)
        result = result + settings.step_size * standardised(gradient)
        wanted = fetch_losses is None or fetch_losses()
        yield Progress(step + 1, total, (("objective", value.item()),) if wanted else ())
        if frames is not None:
            yield from frames.at(step + 1, total, result)
        if checkpoint is not None and checkpoint():
            yield Checkpoint(step + 1, pack(State(step + 1, {"image": result})))
    return result


@dataclass(frozen=True)
class Objective:
    """What a dream raises: a whole layer, some of its channels, or some classes' scores."""

    layer: str
    channels: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()

    @classmethod
    def of(cls, network: Network, settings: DreamSettings) -> Objective:
        """The settings' layer, channels and classes, checked against the network."""
        entry = networks.entry(network.name)
        if settings.classes:
            return cls("classes", classes=networks.resolve_classes(entry, settings.classes))
        layer = networks.resolve_layer(entry, settings.layer)
        _check_channels(layer, settings.channels, networks.channels(entry, layer))
        return cls(layer, channels=settings.channels)

    def value(self, image: Tensor, network: Network) -> Tensor:
        """The scalar to raise, for one (1, 3, H, W) tile."""
        activation = network.features(image, [self.layer])[self.layer]
        if self.classes:
            return class_objective(activation, self.classes)
        return layer_objective(activation, self.channels)


def pyramid(image: Tensor, settings: DreamSettings, *, smallest: int) -> list[Tensor]:
    """The picture and its shrunk copies, largest first: blurred, then made smaller, in turn.

    Sizes are truncated to integers. Levels with a side under ``smallest`` px are left out; a
    picture that is itself too small is an ImageError.
    """
    height, width = image.shape[2:]
    if min(height, width) < smallest:
        raise ImageError(
            f"a picture of {width} x {height} px is too small for layer {settings.layer}: "
            f"it needs at least {smallest} px a side; choose a larger size or a lower layer"
        )
    levels = [image]
    for _ in range(settings.repeats):
        height, width = (int(n * settings.rescale_factor) for n in levels[-1].shape[2:])
        if min(height, width) < smallest:
            break
        levels.append(resize(gaussian(levels[-1], PYRAMID_SIGMA), (height, width)))
    return levels


def blended(level: Tensor, result: Tensor, blend: float) -> Tensor:
    """A level of the pyramid with the enlarged result of the smaller one below it."""
    enlarged = resize(result, (level.shape[2], level.shape[3]))
    return blend * level + (1 - blend) * enlarged


def tiled_gradient(
    image: Tensor,
    network: Network,
    objective: Objective,
    rng: random.Random,
    *,
    tile_size: int,
    smallest: int,
) -> tuple[Tensor, Tensor]:
    """The objective's gradient, tile by tile, each tile's over its own standard deviation.

    Also returns the objective, averaged over the tiles by their areas.
    """
    height, width = image.shape[2:]
    gradient, value = torch.empty_like(image), image.new_zeros(())
    for tile in random_tiles((height, width), tile_size, rng, smallest=smallest):
        (rows, columns), (run_rows, run_columns) = tile.own, tile.run
        part = image[:, :, run_rows.slice, run_columns.slice].detach().requires_grad_()
        with torch.enable_grad():
            score = objective.value(part, network)
            (slope,) = torch.autograd.grad(score, part)
        own = standardised(slope)[:, :, rows.within(run_rows), columns.within(run_columns)]
        gradient[:, :, rows.slice, columns.slice] = own
        value += score.detach() * (rows.length * columns.length / (height * width))
    return gradient, value


def smoothed(gradient: Tensor, sigma: float, *, colour: bool) -> Tensor:
    """G_σ + G_2σ + G_σ/2 of the gradient: fine, middle and coarse structure together."""
    return sum(
        (gaussian(gradient, s, colour=colour) for s in (2 * sigma, 0.5 * sigma)),
        start=gaussian(gradient, sigma, colour=colour),
    )


def smallest_side(network: Network, layer: str) -> int:
    """The least side, in px, of a square that the network can run up to ``layer``."""
    like = next(network.parameters())

    def runs(side: int) -> bool:
        try:
            with torch.no_grad():
                blank = torch.zeros(1, 3, side, side, dtype=like.dtype, device=like.device)
                return network.features(blank, [layer])[layer].numel() > 0
        except RuntimeError:
            return False

    side = 1
    while not runs(side) and side < 1024:
        side *= 2
    low = side // 2
    while side - low > 1:
        middle = (low + side) // 2
        low, side = (low, middle) if runs(middle) else (middle, side)
    return side


def _check_channels(layer: str, chosen: tuple[int, ...], count: int) -> None:
    beyond = [channel for channel in chosen if channel >= count]
    if beyond:
        raise NetworkError(
            f"layer {layer} has no channel {beyond[0]}: its {count} channels are 0 to {count - 1}"
        )
