"""How do all channels of a layer come to weigh alike in a dream? Rescaling that changes no score.

A channel made s times stronger, and every kernel that reads it s times weaker, leave the network's
function as it is (ReLU and max pooling let a positive factor through); but a dream raises squared
activations, so s decides how much of the dream is that channel's. Untouched, a few channels rule
each layer, and those that like darkness or flat colour paint everything black.

Here a channel's factor is set so that its pull on dream-like pictures (the gradient of its mean
square with respect to the picture, root mean square) equals the others', and is lowered by the
share of the pull that only changes the mean brightness and colour, by the share of its activity
that an even picture gives as well (such a channel wipes pictures clean), and by the number of
channels that pull the same way: else what many like, mostly dark dots, covers what few do. Layers
are done from the bottom up; the pictures are dreams of the network itself over grounds and scenes,
made with the layers as they are then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from renderer.networks.motifs import LAYERS, MODULES
from training.motifs.network import Plain

TARGET = 10.0  # root mean square of an average channel after equalising, any layer
SMOOTH_PX = 5  # a dream smooths its gradients; what it smooths away is no pull
FLAT_PX = 16  # a pull that is even over such a square changes brightness, not patterns
COARSE_PX = 2  # pulls are compared at this grain
WEAKEST = 0.1  # channels of less pull than this part of the median are left as weak as they are

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Pulls:
    """What the gradients of a layer's channels are like, (channels,) each."""

    strength: Tensor  # root mean square
    patterned: Tensor  # share of the power that draws patterns, not flat colour
    crowd: Tensor  # how many channels pull the same way, this one included


def equalise(plain: Plain, pictures: Tensor, *, say: Say) -> None:
    """Rescale the channels of every layer in place; pictures (n, 3, H, W) are RGB minus MEAN."""
    for layer in LAYERS:
        dreams = dreamed(plain, layer, pictures)
        factors = channel_factors(plain, layer, pictures, dreams)
        rescale(plain, layer, factors)
        with torch.no_grad():
            rms = _activation(plain, layer, dreams).square().mean().sqrt()
        rescale(plain, layer, torch.full_like(factors, TARGET / rms.item()))
        say(f"equalise: {layer}, factors {factors.min():.2f} to {factors.max():.2f}")


@torch.no_grad()
def structured(plain: Plain, layer: str, pictures: Tensor) -> Tensor:
    """How much of each channel's activity is due to what a picture shows, (channels,), 0..1.

    The rest is there on an even picture of the same mean colour too. A channel that is as active
    on emptiness would wipe a picture clean, were it to rule a dream.
    """
    even = pictures.mean((2, 3), keepdim=True).expand_as(pictures)
    shown = _activation(plain, layer, pictures).square().mean((0, 2, 3))
    empty = _activation(plain, layer, even).square().mean((0, 2, 3))
    return (1 - empty / (shown + 1e-30)).clamp(0.01, 1)


def channel_factors(plain: Plain, layer: str, pictures: Tensor, dreams: Tensor) -> Tensor:
    """What each channel of the layer is to be multiplied with, (channels,), 1 in the median."""
    pulls = _pulls(plain, layer, dreams)
    strength = pulls.strength.clamp(min=pulls.strength.median().item() * WEAKEST)
    wanted = pulls.patterned * structured(plain, layer, pictures) / pulls.crowd
    factors = (wanted / strength).sqrt()  # a pull grows with the square of its channel's factor
    return factors / factors.median()


def rescale(plain: Plain, layer: str, factors: Tensor) -> None:
    """Multiply the layer's channels, and divide the kernels that read them."""
    with torch.no_grad():
        first = 0
        for convolution in writers(plain, layer):
            part = factors[first : first + convolution.out_channels]
            convolution.weight.mul_(part[:, None, None, None])
            assert convolution.bias is not None
            convolution.bias.mul_(part)
            first += convolution.out_channels
        for convolution in readers(plain, layer):
            convolution.weight.div_(factors[None, :, None, None])


def writers(plain: Plain, layer: str) -> tuple[nn.Conv2d, ...]:
    """The convolutions whose outputs, one after the other, are the layer's channels."""
    return _convolutions(plain, layer, ("branch1", "branch2.2", "branch3.2", "branch4.1"))


def readers(plain: Plain, layer: str) -> tuple[nn.Conv2d, ...]:
    """The convolutions that read the layer's channels."""
    if layer == LAYERS[-1]:
        return (plain.fc,)
    following = LAYERS[LAYERS.index(layer) + 1]
    return _convolutions(plain, following, ("branch1", "branch2.0", "branch3.0", "branch4.1"))


def dreamed(
    plain: Plain, layer: str, pictures: Tensor, *, steps: int = 12, step_size: float = 6.0
) -> Tensor:
    """The pictures after some steps towards more of the layer, kept within 0..255."""
    low = pictures.amin((0, 2, 3), keepdim=True)
    high = pictures.amax((0, 2, 3), keepdim=True)
    for step in range(steps):
        pictures = pictures.detach().requires_grad_()
        active = _activation(plain, layer, pictures)
        (pull,) = torch.autograd.grad(active.square().mean(), pictures)
        pull = _smooth(pull, 3 if step % 2 else 7)
        pull = pull / (pull.std((1, 2, 3), keepdim=True) + 1e-12)
        pictures = torch.minimum(torch.maximum(pictures.detach() + step_size * pull, low), high)
    return pictures


def _convolutions(plain: Plain, layer: str, parts: Sequence[str]) -> tuple[nn.Conv2d, ...]:
    """These parts of an Inception module; of a layer of the stem, its one convolution."""
    names = [f"{layer}.{part}" for part in parts] if layer in MODULES else [layer]
    found = [plain.trunk.get_submodule(name) for name in names]
    return tuple(part for part in found if isinstance(part, nn.Conv2d))


def _pulls(plain: Plain, layer: str, pictures: Tensor) -> _Pulls:
    pictures = pictures.detach().requires_grad_()
    active = _activation(plain, layer, pictures).square().mean((0, 2, 3))
    strength, patterned, directions = [], [], []
    for channel in active:
        (pull,) = torch.autograd.grad(channel, pictures, retain_graph=True)
        pull = _smooth(pull, SMOOTH_PX)
        total = pull.square().mean()
        flat = functional.avg_pool2d(pull, FLAT_PX).square().mean()
        strength.append(total.sqrt())
        patterned.append(1 - flat / (total + 1e-30))
        direction = functional.avg_pool2d(pull, COARSE_PX).flatten()
        directions.append(direction / (direction.norm() + 1e-30))
    likeness = torch.stack(directions) @ torch.stack(directions).T
    crowd = likeness.clamp(min=0).square().sum(1).clamp(min=1)
    return _Pulls(torch.stack(strength), torch.stack(patterned), crowd)


def _activation(plain: Plain, layer: str, pictures: Tensor) -> Tensor:
    """The layer's activation, in half precision inside: strengths need no more."""
    with torch.autocast("cpu", torch.bfloat16):
        x = pictures.contiguous(memory_format=torch.channels_last)
        active: Tensor = plain.trunk(x, until=layer)[layer]
        return active.float()


def _smooth(pull: Tensor, side_px: int) -> Tensor:
    return functional.avg_pool2d(pull, side_px, 1, side_px // 2, count_include_pad=False)
