"""The report's two algorithms written down directly: numpy, scipy, one tile at a time.

Nothing here is shared with the renderer but the network. Images are H x W x 3 float64 arrays.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from renderer.networks import Network

Array = np.ndarray


def tensor(image: Array) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]


def array(image: torch.Tensor) -> Array:
    return image[0].permute(1, 2, 0).numpy()


def bilinear(image: Array, height: int, width: int) -> Array:
    """Half-pixel centres, edges clamped, no antialiasing."""

    def along(length: int, wanted: int) -> tuple[Array, Array, Array]:
        place = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, None)
        low = np.minimum(place.astype(int), length - 1)
        return low, np.minimum(low + 1, length - 1), place - low

    top, bottom, v = along(image.shape[0], height)
    left, right, u = along(image.shape[1], width)
    v, u = v[:, None, None], u[None, :, None]
    upper = image[top][:, left] * (1 - u) + image[top][:, right] * u
    lower = image[bottom][:, left] * (1 - u) + image[bottom][:, right] * u
    return upper * (1 - v) + lower * v


def unit(gradient: Callable) -> Callable:
    """The gradient of a tile over its own standard deviation."""

    def standardised(tile: Array) -> Array:
        g = gradient(tile)
        return g / (g.std() + 1e-8)

    return standardised


def layer_gradient(network: Network, layer: str, channels: list[int] | None = None) -> Callable:
    """Unit gradient of the mean squared activation with respect to one tile."""

    def gradient(tile: Array) -> Array:
        x = tensor(tile).requires_grad_()
        activation = network.features(x, [layer])[layer]
        if channels is not None:
            activation = activation[:, channels]
        (activation**2).mean().backward()
        return array(x.grad)

    return unit(gradient)


def tiled_gradient(image: Array, gradient: Callable, rng: random.Random, wanted: int) -> Array:
    def side(n: int) -> int:
        return int(np.ceil(n / max(1, round(n / wanted))))

    height, width = image.shape[:2]
    out = np.zeros_like(image)
    tall, wide = side(height), side(width)
    y = rng.randint(-3 * (tall // 4), -(tall // 4))
    while y < height:
        if y + tall > 0:
            x = rng.randint(-3 * (wide // 4), -(wide // 4))
            while x < width:
                place = np.s_[max(y, 0) : min(y + tall, height), max(x, 0) : min(x + wide, width)]
                if x + wide > 0:
                    out[place] = gradient(image[place])
                x += wide
        y += tall
    return out


def dream(
    image: Array,
    gradient: Callable,
    *,
    seed: int,
    iterations: int,
    step_size: float,
    tile_size: int,
    repeats: int,
    rescale_factor: float,
    blend: float,
    depth: int = 0,
) -> Array:
    """The recursion of tutorial 14; only the random tiles are seeded as the renderer seeds them."""
    if depth < repeats:
        blurred = gaussian_filter(image, (0.5, 0.5, 0.0))
        height, width = (int(n * rescale_factor) for n in image.shape[:2])
        smaller = dream(
            bilinear(blurred, height, width),
            gradient,
            seed=seed,
            iterations=iterations,
            step_size=step_size,
            tile_size=tile_size,
            repeats=repeats,
            rescale_factor=rescale_factor,
            blend=blend,
            depth=depth + 1,
        )
        image = blend * image + (1 - blend) * bilinear(smaller, *image.shape[:2])
    for i in range(iterations):
        rng = random.Random(f"{seed}/{depth}/{i}")
        g = tiled_gradient(image, gradient, rng, tile_size)
        sigma = (i * 4.0) / iterations + 0.5
        g = (
            gaussian_filter(g, sigma)
            + gaussian_filter(g, sigma * 2)
            + gaussian_filter(g, sigma / 2)
        )
        image = image + g * (step_size / (np.std(g) + 1e-8))
    return image


def gram(activation: torch.Tensor) -> torch.Tensor:
    _, channels, height, width = activation.shape
    matrix = activation.permute(0, 2, 3, 1).reshape(height * width, channels)
    return matrix.t() @ matrix


def style_step(
    image: Array,
    content: Array,
    style: Array,
    network: Network,
    *,
    content_layers: list[str],
    style_layers: list[str],
    weights: tuple[float, float, float],
    step_size: float,
) -> tuple[Array, tuple[float, float, float]]:
    """One update of tutorial 15, each loss's gradient computed by itself, and the three losses."""
    with torch.no_grad():
        wanted_content = network.features(tensor(content), content_layers)
        wanted_style = network.features(tensor(style), style_layers)
    x = tensor(image).requires_grad_()
    features = network.features(x, sorted({*content_layers, *style_layers}))
    content_loss = sum(((features[n] - wanted_content[n]) ** 2).mean() for n in content_layers)
    style_loss = sum(
        ((gram(features[n]) - gram(wanted_style[n])) ** 2).mean() for n in style_layers
    )
    vertical = (x[:, :, 1:] - x[:, :, :-1]).abs().sum()
    horizontal = (x[:, :, :, 1:] - x[:, :, :, :-1]).abs().sum()
    losses = (
        content_loss / len(content_layers),
        style_loss / len(style_layers),
        vertical + horizontal,
    )
    total = np.zeros_like(image)
    for weight, loss in zip(weights, losses, strict=True):
        (g,) = torch.autograd.grad(loss, x, retain_graph=True)
        total += weight * array(g) / (loss.item() + 1e-10)
    moved = np.clip(image - total * step_size / (total.std() + 1e-8), 0.0, 255.0)
    return moved, tuple(loss.item() for loss in losses)


def mixed_gradient(*parts: tuple[float, Callable]) -> Callable:
    """The weighted sum of several unit gradients."""

    def gradient(tile: Array) -> Array:
        return sum(weight * slope(tile) for weight, slope in parts)

    return gradient


def guided_gradient(network: Network, layer: str, guide: Array) -> Callable:
    """The deepdream notebook's guided objective: the gradient at a layer is the best match."""
    with torch.no_grad():
        wanted = network.features(tensor(guide), [layer])[layer][0].flatten(1).numpy()

    def gradient(tile: Array) -> Array:
        x = tensor(tile).requires_grad_()
        activation = network.features(x, [layer])[layer]
        features = activation.detach()[0].flatten(1).numpy()
        best = wanted[:, (features.T @ wanted).argmax(1)]
        activation.backward(torch.from_numpy(best / best.shape[1]).reshape(activation.shape))
        return array(x.grad)

    return unit(gradient)


def regional_dream(
    image: Array,
    parts: list[tuple[Callable, Array]],
    *,
    seed: int,
    iterations: int,
    step_size: float,
    tile_size: int,
    repeats: int,
    depth: int = 0,
) -> Array:
    """A dream of several gradients, each within a mask of the image's size (H x W, 0..1)."""
    masks = [resized(mask, *image.shape[:2])[..., None] for _, mask in parts]
    if depth < repeats:
        blurred = gaussian_filter(image, (0.5, 0.5, 0.0))
        size = [int(n * 0.7) for n in image.shape[:2]]
        smaller = regional_dream(
            bilinear(blurred, *size),
            parts,
            seed=seed,
            iterations=iterations,
            step_size=step_size,
            tile_size=tile_size,
            repeats=repeats,
            depth=depth + 1,
        )
        mixed = 0.2 * image + 0.8 * bilinear(smaller, *image.shape[:2])
        covered = np.minimum(sum(masks), 1)
        image = covered * mixed + (1 - covered) * image
    for i in range(iterations):
        update = np.zeros_like(image)
        for (gradient, _), mask in zip(parts, masks, strict=True):
            rng = random.Random(f"{seed}/{depth}/{i}")
            g = tiled_gradient(image, gradient, rng, tile_size)
            sigma = (i * 4.0) / iterations + 0.5
            g = sum(gaussian_filter(g, s) for s in (sigma, sigma * 2, sigma / 2))
            update += mask * g * (step_size / (np.std(g) + 1e-8))
        image = image + update
    return image


def resized(mask: Array, height: int, width: int) -> Array:
    """A mask at another size: triangles as wide as the steps, hence no aliasing (Pillow's way)."""
    picture = Image.fromarray(mask.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float64)
