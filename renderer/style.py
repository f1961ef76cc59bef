"""How a picture takes the style of another: gradient descent on an image's features.

The report's section 2, which follows Hvass Laboratories' TensorFlow tutorial 15, after Gatys et
al., "A Neural Algorithm of Artistic Style" (arXiv:1508.06576) and "Image Style Transfer Using
Convolutional Neural Networks" (CVPR 2016). Images are (1, 3, H, W), RGB, 0..255, in the network's
dtype, or float32 if that is less. Differs from Gatys: each loss is divided by its own present
value, so the weights are shares of the step whatever the losses' scales, and the step has a fixed
standard deviation.

    result = transfer(content, [painting], network, StyleSettings(network="vgg16"), seed=7)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

import torch
from torch import Tensor

from renderer.checkpoints import State, pack
from renderer.comparison import Comparison
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.gang import Gang, Layout
from renderer.making import Making
from renderer.memory import Memory
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.optimizers import optimizer
from renderer.pieces import Sums, gradient
from renderer.precision import converted
from renderer.settings import StyleSettings
from renderer.targets import Layers, blended_grams, contents

NOISE_FROM, NOISE_TO = 128.0, 129.0
"""The start image is uniform noise in this range (tutorial 15)."""

MEMORY = "optimizer."
"""Begins the names of a checkpoint's tensors that the optimiser keeps."""


def transfer(
    content: Tensor,
    styles: Sequence[Tensor],
    network: Network,
    settings: StyleSettings,
    *,
    seed: int = 0,
    on_progress: Callable[[Event], None] | None = None,
) -> Tensor:
    """The styled picture, (1, 3, H, W) in 0..255; see ``steps``, which this runs to its end."""
    return finish(steps(content, styles, network, settings, seed=seed), on_progress)


def steps(
    content: Tensor,
    styles: Sequence[Tensor],
    network: Network,
    settings: StyleSettings,
    *,
    seed: int = 0,
    fetch_losses: Callable[[], bool] | None = None,
    checkpoint: Callable[[], bool] | None = None,
    resume: State | None = None,
    start: Tensor | None = None,
    memory: Memory | None = None,
    frames: Making | None = None,
    tile_px: int | None = None,
    gang: Gang | None = None,
) -> Generator[Event, None, Tensor]:
    """Move an image of the content's size to its content and the styles' style, step by step.

    ``content`` and ``styles`` are (1, 3, H, W) in 0..255, of any sizes; styles are shrunk to
    ``style_max_size``. Yields after every step and returns the image. ``fetch_losses`` is asked
    once a step whether the losses' values are wanted (they cost a wait for the device);
    ``checkpoint`` whether to yield a Checkpoint after it, and ``resume`` is the state in one, to go
    on from; ``start`` is an image of the content's size to begin with, in place of what the
    settings say; ``frames`` keeps pictures of its making. ``memory`` has the targets that earlier
    transfers with this network had in common.

    ``tile_px`` bounds what is needed beside: the picture is run in pieces of sides up to that, to
    the same result but for rounding. With a ``gang``, all members call this alike and each renders
    its part; every one gets the whole image, and all are to answer ``checkpoint`` alike.
    """
    gang, memory = gang or Gang(), memory or Memory(0)
    network = converted(network, settings.precision)
    names = Layers.of(network, settings)
    flow = Flow(network, [*names.content, *names.style])
    layout = gang.layout(flow, (content.shape[2], content.shape[3]), tile_px)
    comparison = Comparison(
        flow,
        layout.size,
        settings,
        grams=blended_grams(flow, styles, settings, gang=gang, tile_px=tile_px, memory=memory),
        contents=contents(flow, content, layout.pieces, names.content, memory=memory),
        content_layers=names.content,
    )
    mover, done = optimizer(settings, gang.measure(layout)), 0
    first = start_image(content, settings, seed) if start is None else start.to(content)
    image = layout.part(first)
    if resume is not None:
        image, done = layout.part(resume.tensors["image"].to(content)), resume.iteration
        mover.restore(_remembered(resume, layout, content.device))
    elif frames is not None:
        yield from frames.at(0, settings.iterations, gang.gather(image, layout))
    for i in range(done, settings.iterations):
        gradient, losses = combined_gradient(image, comparison, layout, gang)
        image = mover.step(image, gradient)
        wanted = fetch_losses is None or fetch_losses()
        values = tuple((name, loss.item()) for name, loss in losses.items()) if wanted else ()
        yield Progress(i + 1, settings.iterations, values)
        if frames is not None and frames.keeps(i + 1, settings.iterations):
            yield from frames.at(i + 1, settings.iterations, gang.gather(image, layout))
        if checkpoint is not None and checkpoint():
            held = {"image": image, **{MEMORY + name: t for name, t in mover.state().items()}}
            whole = {name: gang.gather(tensor, layout) for name, tensor in held.items()}
            yield Checkpoint(i + 1, pack(State(i + 1, whole)))
    return gang.gather(image, layout)


def _remembered(state: State, layout: Layout, device: torch.device) -> dict[str, Tensor]:
    """The optimiser's part of a checkpoint's tensors, as far as this member holds them."""
    held = {}
    for name, tensor in state.tensors.items():
        if name.startswith(MEMORY):
            pictured = tensor.ndim == 4 and tuple(tensor.shape[2:]) == layout.size
            part = layout.part(tensor) if pictured else tensor
            held[name.removeprefix(MEMORY)] = part.to(device)
    return held


def start_image(content: Tensor, settings: StyleSettings, seed: int) -> Tensor:
    """Uniform noise in [128, 129) of the content's size, or the content itself."""
    if settings.start == "content":
        return content.clone()
    # Drawn on the CPU, in float32: the same noise on every device.
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(content.shape, generator=generator)
    return (NOISE_FROM + (NOISE_TO - NOISE_FROM) * noise).to(content)


def combined_gradient(
    image: Tensor, comparison: Comparison, layout: Layout, gang: Gang
) -> tuple[Tensor, dict[str, Tensor]]:
    """w_c·∇Lc/Lc + w_s·∇Ls/Ls + w_d·∇Ld/Ld, and the three losses as scalars on the device.

    ``image`` and the gradient are what this member holds.
    """
    losses: dict[str, Tensor] = {}

    def slopes(totals: Mapping[str, Tensor]) -> Sums:
        found, told = comparison.slopes(gang.sum(comparison.complete(totals)))
        losses.update(told)
        return found

    own = gradient(image, layout.own, layout.pieces, sums=comparison.sums, slopes=slopes)
    return gang.exchange(own, layout), losses
