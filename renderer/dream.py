"""How a picture is dreamed: gradient ascent on a layer, over a pyramid of sizes, in random tiles.

What is raised instead of a layer, and where, is told by ``objectives`` and ``regions``.

The report's section 1, which follows Hvass Laboratories' TensorFlow tutorial 14, after Mordvintsev
et al., "Inceptionism" (2015). Images are (1, 3, H, W), RGB, 0..255, in the network's dtype, and not
clipped between steps; whoever writes the picture clips. Differs from the tutorial: slivers of tiles
get context (see ``tiling``), and pyramid levels too small for the layer are left out.

    result = dream(pixels, network, DreamSettings(layer="inception4c"), seed=7)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from renderer import networks
from renderer.abreast import dream_wish
from renderer.checkpoints import State, pack
from renderer.errors import ImageError
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.gang import Gang
from renderer.images import Picture, resize
from renderer.losses import standardised
from renderer.making import Making
from renderer.memory import Memory, fingerprint, size_bytes
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.networks.joints import Joints
from renderer.precision import converted
from renderer.regions import Regions
from renderer.settings import DreamSettings
from renderer.slopes import Slope, Tiled, Whole, largest_tile
from renderer.smoothing import gaussian

KEPT_BYTES = 2**24
"""What the steps of a smallest level may take to be kept for dreams that begin alike."""

PYRAMID_SIGMA = 0.5
"""Standard deviation, in px, of the blur before a picture is shrunk to the next level."""


def dream(
    image: Tensor,
    network: Network,
    settings: DreamSettings,
    *,
    pictures: Sequence[Picture] = (),
    seed: int = 0,
    on_progress: Callable[[Event], None] | None = None,
) -> Tensor:
    """The dreamed picture, (1, 3, H, W), unclipped; see ``steps``, which this runs to its end."""
    return finish(steps(image, network, settings, pictures=pictures, seed=seed), on_progress)


def steps(
    image: Tensor,
    network: Network,
    settings: DreamSettings,
    *,
    pictures: Sequence[Picture] = (),
    seed: int = 0,
    fetch_losses: Callable[[], bool] | None = None,
    checkpoint: Callable[[], bool] | None = None,
    resume: State | None = None,
    frames: Making | None = None,
    memory: Memory | None = None,
    tile_px: int | None = None,
    gang: Gang | None = None,
    wishes: bool = False,
) -> Generator[Event, None, Tensor]:
    """Dream ``image``, (1, 3, H, W) in 0..255; yields after every step and returns the picture.

    ``pictures`` are the guides and masks that the settings' regions mean by number.
    ``fetch_losses`` is asked once a step whether the objective's value is wanted (it costs a wait
    for the device); without it every step has one. ``checkpoint`` is asked whether to yield a
    Checkpoint after the step; ``resume`` is the state in one, to go on from; ``frames`` keeps
    pictures of the making; ``memory`` has what earlier dreams with this network had in common.

    ``tile_px`` bounds what a gradient of the whole picture (``gradient: whole``) takes: it is
    computed in pieces of sides up to that, to the same result but for rounding. With a ``gang``,
    all members call this alike and each computes a share of every gradient; every one has the whole
    image, and all are to answer ``checkpoint`` alike. With ``wishes`` every step's gradients are
    wished for (``renderer.wishes``), so that they can be computed along with other pictures'.

    Raises ImageError for a picture too small for the layer, NetworkError
    for an unknown layer, channel or class.
    """
    network = converted(network, settings.precision)
    regions = Regions.of(settings, network, pictures, image=image)
    deepest = networks.deepest(networks.entry(network.name), regions.layers)
    smallest = smallest_side(network, deepest)
    levels = pyramid(image, settings, layer=deepest, smallest=smallest)
    total = len(levels) * settings.iterations
    gang = gang or Gang()
    # A gang's members must not differ in what they remember: they add up in every step.
    memory = memory if memory is not None and gang.count == 1 else Memory(0)
    slope = slope_of(network, regions, settings, smallest=smallest, tile_px=tile_px, gang=gang)
    key = (*smallest_key(image, settings, pictures, seed=seed), tile_px)
    alike = (network, settings, *map(fingerprint, _tensors(pictures)))
    done, result = 0, levels[-1]
    if resume is not None:
        done, result = resume.iteration, resume.tensors["image"].to(image)
    elif frames is not None:
        yield from frames.at(0, total, image)
    for step in range(done, total):
        depth, i = len(levels) - 1 - step // settings.iterations, step % settings.iterations
        level = levels[depth]
        shares = regions.shares((level.shape[2], level.shape[3]))
        if i == 0 and step > 0:
            result = shares.kept(blended(level, result, settings.blend), level)
        known = memory.recall(*key, step) if step < settings.iterations else None
        if known is None:
            # Seeded by place, not by history: a step draws the same tiles wherever a run began.
            rng = random.Random(f"{seed}/{depth}/{i}")
            wish = dream_wish(slope, result, rng, alike=alike)
            if wishes and gang.count == 1:
                yield wish
            slopes, values = wish.get()
            del wish  # and what it has found
            moves = [step_of(each, settings, iteration=i) for each in slopes]
            known = result + settings.step_size * shares.combined(moves), values
            size = size_bytes(known[0])
            if step < settings.iterations and size * settings.iterations <= KEPT_BYTES:
                memory.keep(known, size, *key, step)
        result, values = known
        wanted = fetch_losses is None or fetch_losses()
        named = zip(regions.names, values, strict=True) if wanted else ()
        yield Progress(step + 1, total, tuple((name, value.item()) for name, value in named))
        if frames is not None:
            yield from frames.at(step + 1, total, result)
        if checkpoint is not None and checkpoint():
            yield Checkpoint(step + 1, pack(State(step + 1, {"image": result})))
    return result


def slope_of(
    network: Network,
    regions: Regions,
    settings: DreamSettings,
    *,
    smallest: int,
    tile_px: int | None,
    gang: Gang,
) -> Slope:
    """How the settings want gradients computed."""
    flow = Flow(network, regions.layers)
    if settings.gradient == "whole":
        return Whole(flow, regions.objectives, tile_px, gang)
    return Tiled(Joints(flow), regions.objectives, settings.tile_size, smallest, gang)


def tile_for(
    network: Network, settings: DreamSettings, size: tuple[int, int], budget_bytes: float
) -> int | None:
    """The side of the pieces that keep a whole picture's gradient within a budget; None: one piece.

    A dream in random tiles has no other pieces.
    """
    if settings.gradient != "whole":
        return None
    entry = networks.entry(network.name)
    aimed = [aim.layer for region in settings.regions for aim in region.aims] or [settings.layer]
    layers = [networks.resolve_layer(entry, layer) for layer in aimed]
    return largest_tile(Flow(network, layers), size, budget_bytes, terms=len(aimed))


def smallest_key(
    image: Tensor, settings: DreamSettings, pictures: Sequence[Picture], *, seed: int
) -> tuple[Hashable, ...]:
    """All that decides what is dreamed at the smallest level: everything but ``blend``."""
    tensors = [image, *_tensors(pictures)]
    return ("dream", replace(settings, blend=0.0), seed, *map(fingerprint, tensors))


def _tensors(pictures: Sequence[Picture]) -> list[Tensor]:
    return [t for p in pictures for t in (p.pixels, p.alpha) if t is not None]


def pyramid(image: Tensor, settings: DreamSettings, *, layer: str, smallest: int) -> list[Tensor]:
    """The picture and its shrunk copies, largest first: blurred, then made smaller, in turn.

    Sizes are truncated to integers. Levels with a side under ``smallest`` px are left out; a
    picture that is itself too small is an ImageError.
    """
    height, width = image.shape[2:]
    if min(height, width) < smallest:
        raise ImageError(
            f"a picture of {width} x {height} px is too small for layer {layer}: "
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


def step_of(gradient: Tensor, settings: DreamSettings, *, iteration: int) -> Tensor:
    """The smoothed gradient over its standard deviation; ``iteration`` is from 0 at each level."""
    sigma = 4.0 * iteration / settings.iterations + 0.5
    return standardised(smoothed(gradient, sigma, colour=settings.smooth_colour))


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
