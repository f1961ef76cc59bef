"""How a picture takes the style of another: gradient descent on an image's features.

The report's section 2, which follows Hvass Laboratories' TensorFlow tutorial 15, after Gatys et
al., "A Neural Algorithm of Artistic Style" (arXiv:1508.06576) and "Image Style Transfer Using
Convolutional Neural Networks" (CVPR 2016). Images are (1, 3, H, W), RGB, 0..255, in the network's
dtype. Differs from Gatys: each loss is divided by its own present value, so the weights are shares
of the step whatever the losses' scales, and the step has a fixed standard deviation.

    result = transfer(content, [painting], network, StyleSettings(network="vgg16"), seed=7)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer import networks
from renderer.checkpoints import State, pack
from renderer.errors import SettingError
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.images import Picture, shrink
from renderer.losses import (
    LOSS_GUARD,
    content_loss,
    gram_matrix,
    style_loss,
    total_variation,
)
from renderer.making import Making
from renderer.memory import Memory, fingerprint, size_bytes
from renderer.networks import Network
from renderer.optimizers import optimizer
from renderer.settings import StyleSettings

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
) -> Generator[Event, None, Tensor]:
    """Move an image of the content's size to its content and the styles' style, step by step.

    ``content`` and ``styles`` are (1, 3, H, W) in 0..255, of any sizes; styles are shrunk to
    ``style_max_size``. Yields after every step and returns the image. ``fetch_losses`` is asked
    once a step whether the losses' values are wanted (they cost a wait for the device);
    ``checkpoint`` whether to yield a Checkpoint after it, and ``resume`` is the state in one, to go
    on from; ``start`` is an image of the content's size to begin with, in place of what the
    settings say; ``frames`` keeps pictures of its making. ``memory`` has the targets that earlier
    transfers with this network had in common.
    """
    targets = Targets.of(content, styles, network, settings, memory=memory)
    image = start_image(content, settings, seed) if start is None else start.to(content)
    mover, done = optimizer(settings), 0
    if resume is not None:
        image, done = resume.tensors["image"].to(content), resume.iteration
        mover.restore(_memory(resume, content.device))
    elif frames is not None:
        yield from frames.at(0, settings.iterations, image)
    for i in range(done, settings.iterations):
        gradient, losses = combined_gradient(image, network, targets, settings)
        image = mover.step(image, gradient)
        wanted = fetch_losses is None or fetch_losses()
        values = tuple((name, loss.item()) for name, loss in losses.items()) if wanted else ()
        yield Progress(i + 1, settings.iterations, values)
        if frames is not None:
            yield from frames.at(i + 1, settings.iterations, image)
        if checkpoint is not None and checkpoint():
            kept = {MEMORY + name: tensor for name, tensor in mover.state().items()}
            yield Checkpoint(i + 1, pack(State(i + 1, {"image": image, **kept})))
    return image


def _memory(state: State, device: torch.device) -> dict[str, Tensor]:
    """The optimiser's part of a checkpoint's tensors."""
    held = state.tensors.items()
    return {n.removeprefix(MEMORY): t.to(device) for n, t in held if n.startswith(MEMORY)}


@dataclass(frozen=True)
class Targets:
    """What the image is compared with: the content's activations and the styles' Gram matrices."""

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]

    @classmethod
    def of(
        cls,
        content: Tensor,
        styles: Sequence[Tensor],
        network: Network,
        settings: StyleSettings,
        *,
        memory: Memory | None = None,
    ) -> Targets:
        """The targets of one content and one or more blended style pictures."""
        memory = Memory(0) if memory is None else memory
        entry = networks.entry(network.name)
        content_layers = networks.resolve_layers(entry, settings.content_layers)
        grams: dict[str, Tensor] = {}
        for style, share in zip(styles, shares(settings, len(styles)), strict=True):
            for name, gram in style_grams(style, network, settings, memory=memory).items():
                grams[name] = grams[name] + share * gram if name in grams else share * gram
        return cls(activations(content, network, content_layers, memory=memory), grams)


def activations(
    content: Tensor, network: Network, layers: tuple[str, ...], *, memory: Memory
) -> dict[str, Tensor]:
    """The activations of the named layers, without gradients."""
    key = ("content", layers, fingerprint(content))
    found: dict[str, Tensor] | None = memory.recall(*key)
    if found is None:
        with torch.no_grad():
            found = network.features(content, layers)
        memory.keep(found, size_bytes(*found.values()), *key)
    return found


def style_grams(
    style: Tensor, network: Network, settings: StyleSettings, *, memory: Memory
) -> dict[str, Tensor]:
    """The Gram matrices of one style picture, (C, C) for each style layer."""
    layers = networks.resolve_layers(networks.entry(network.name), settings.style_layers)
    key = ("style", layers, settings.style_max_size, settings.gram, fingerprint(style))
    found: dict[str, Tensor] | None = memory.recall(*key)
    if found is None:
        pixels = shrink(Picture(style), settings.style_max_size).pixels
        with torch.no_grad():
            features = network.features(pixels, layers)
            mean = settings.gram == "mean"
            found = {name: gram_matrix(features[name], mean=mean) for name in layers}
        memory.keep(found, size_bytes(*found.values()), *key)
    return found


def shares(settings: StyleSettings, count: int) -> tuple[float, ...]:
    """The share of each of ``count`` style pictures, summing to one."""
    weights = settings.style_weights or (1.0,) * count
    if count == 0:
        raise SettingError("style: no style picture given; name one or more under `images`")
    if len(weights) != count or sum(weights) <= 0:
        raise SettingError(
            f"style_weights: {len(weights)} weights, with the sum {sum(weights):g}, "
            f"for {count} style pictures; give one for each, not all zero"
        )
    return tuple(weight / sum(weights) for weight in weights)


def start_image(content: Tensor, settings: StyleSettings, seed: int) -> Tensor:
    """Uniform noise in [128, 129) of the content's size, or the content itself."""
    if settings.start == "content":
        return content.clone()
    # Drawn on the CPU, in float32: the same noise on every device.
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(content.shape, generator=generator)
    return (NOISE_FROM + (NOISE_TO - NOISE_FROM) * noise).to(content)


def combined_gradient(
    image: Tensor, network: Network, targets: Targets, settings: StyleSettings
) -> tuple[Tensor, dict[str, Tensor]]:
    """w_c·∇Lc/Lc + w_s·∇Ls/Ls + w_d·∇Ld/Ld, and the three losses as scalars on the device."""
    image = image.detach().requires_grad_()
    with torch.enable_grad():
        features = network.features(image, list({**targets.content, **targets.style}))
        losses = {
            "content": content_loss(features, targets.content),
            "style": style_loss(features, targets.style, mean=settings.gram == "mean"),
            "denoise": total_variation(image),
        }
        weights = (settings.weight_content, settings.weight_style, settings.weight_denoise)
        terms = [
            weight * loss / (loss.detach() + LOSS_GUARD)
            for weight, loss in zip(weights, losses.values(), strict=True)
        ]
        (gradient,) = torch.autograd.grad(torch.stack(terms).sum(), image)
    return gradient, {name: loss.detach() for name, loss in losses.items()}
