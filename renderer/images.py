"""How does a picture get from bytes to a tensor, to another size, and back?

A ``Picture`` holds (1, 3, H, W) float32 RGB of 0..255, and its alpha beside it: networks see the
colour alone, and ``encode`` puts the alpha back. Values are clipped only when a picture is
written for people; ``pack`` keeps them as they are between one task and the next.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor
from torch.nn.functional import interpolate

from renderer import decoding, metadata
from renderer.decoding import MAX_PIXELS
from renderer.errors import ImageError
from renderer.metadata import FORMATS, read_settings

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "Picture",
    "count_frames",
    "decode",
    "encode",
    "encode_image",
    "fit",
    "flatten",
    "from_image",
    "pack",
    "read_settings",
    "resample",
    "resize",
    "shrink",
    "to_image",
    "unpack",
]


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (1, 3, H, W), float32 RGB of 0..255, and alpha (1, 1, H, W) of 0..255 or None.

    Results that have not been written yet may lie outside 0..255.
    """

    pixels: Tensor
    alpha: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        height, width = self.pixels.shape[-2:]
        return height, width


def decode(
    data: bytes, *, name: str = "picture", frame: int = 0, max_pixels: int = MAX_PIXELS
) -> Picture:
    """The picture in a JPEG, PNG, WebP, TIFF, BMP or GIF file; of an animation, one frame.

    Raises ImageError, which names the picture, for a file that is something else, truncated,
    damaged or of more than ``max_pixels`` pixels (known from its header, before decoding).
    """
    rgb, alpha = decoding.values(data, name=name, frame=frame, max_pixels=max_pixels)
    pixels = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))[None])
    if alpha is None:
        return Picture(pixels)
    return Picture(pixels, torch.from_numpy(np.ascontiguousarray(alpha)[None, None]))


def count_frames(data: bytes, *, name: str = "picture") -> int:
    """Number of frames of an animated GIF, WebP or PNG; 1 for any other picture."""
    with decoding.opened(data, name=name) as image:
        return decoding.frames(image)


def fit(picture: Picture, longest: int | None) -> Picture:
    """The picture with its longest side at ``longest`` px, its ratio kept; None leaves it as it is.

    Antialiased bicubic, clipped to 0..255.
    """
    if longest is None or max(picture.size) == longest:
        return picture
    if longest < 1:
        raise ImageError(f"a picture can't be made {longest} px large; at least 1")
    scale = longest / max(picture.size)
    height, width = (max(1, int(side * scale + 0.5)) for side in picture.size)
    return resample(picture, (height, width))


def shrink(picture: Picture, longest: int | None) -> Picture:
    """The picture, made to fit where its longest side is over ``longest`` px; else as it is."""
    return picture if longest is None or max(picture.size) <= longest else fit(picture, longest)


def resample(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at ``size`` = (height, width): antialiased bicubic, clipped to 0..255."""
    alpha = None if picture.alpha is None else _bicubic(picture.alpha, size)
    return Picture(_bicubic(picture.pixels, size), alpha)


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Pixels (N, C, H, W) at ``size`` = (height, width): bilinear with half-pixel centres.

    Not antialiased: this is the resampling of the report's pyramid, which blurs before it shrinks.
    """
    return interpolate(pixels, size=size, mode="bilinear", align_corners=False)


def encode(
    picture: Picture,
    *,
    format: str = "png",
    quality: int = 95,
    settings: Mapping[str, Any] | None = None,
) -> bytes:
    """The picture as a "png", "jpeg" or "webp" file, clipped to 0..255 and rounded.

    ``settings`` go into the file's metadata, where ``read_settings`` finds them. JPEG knows no
    alpha: the picture is laid on white. ``quality`` (1..100) is for JPEG and WebP. The same input
    gives the same bytes. Raises ImageError for an unknown format and for pixels that are NaN.
    """
    image = to_image(picture if format != "jpeg" else flatten(picture))
    return encode_image(image, format=format, quality=quality, settings=settings)


def encode_image(
    image: Image.Image,
    *,
    format: str = "png",
    quality: int = 95,
    settings: Mapping[str, Any] | None = None,
) -> bytes:
    """Pillow's 8-bit image as a file; as ``encode``, without a float for each of its values."""
    if format not in FORMATS:
        raise ImageError(f"there is no format {format!r}; use {', '.join(FORMATS)}")
    options: dict[str, Any] = {"quality": quality, "subsampling": 0} if format == "jpeg" else {}
    if format == "webp":
        options = {"quality": quality, "method": 4, "exact": True}
    options |= metadata.save_options(settings, format)
    buffer = io.BytesIO()
    try:
        image.save(buffer, format.upper(), **options)
    except (OSError, ValueError) as error:  # e.g. WebP ends at 16,383 px a side
        raise ImageError(
            f"{image.width} x {image.height} pixels can't be written as {format}: {error}"
        ) from error
    return buffer.getvalue()


def flatten(picture: Picture, background: float = 255.0) -> Picture:
    """The picture without alpha, laid on an even grey; white by default."""
    if picture.alpha is None:
        return picture
    share = picture.alpha / 255
    return Picture(picture.pixels.clamp(0, 255) * share + background * (1 - share))


def to_image(picture: Picture) -> Image.Image:
    """The picture as Pillow's 8-bit RGB or RGBA image, clipped to 0..255 and rounded."""
    layers = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
    values = torch.cat(layers, dim=1)[0].detach().cpu()
    if torch.isnan(values).any():
        raise ImageError("the picture holds values that are not numbers; try a smaller step_size")
    rounded = values.clamp(0, 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    return Image.fromarray(rounded.numpy())


def from_image(image: Image.Image) -> Picture:
    """Pillow's 8-bit RGB image as a picture."""
    pixels = torch.from_numpy(np.array(image, np.float32).transpose(2, 0, 1).copy())
    return Picture(pixels[None])


def pack(picture: Picture) -> bytes:
    """The picture without any loss, unclipped: what passes from one task to the next."""
    tensors = {"pixels": picture.pixels}
    if picture.alpha is not None:
        tensors["alpha"] = picture.alpha
    return save_tensors({name: tensor.contiguous() for name, tensor in tensors.items()})


def unpack(data: bytes) -> Picture:
    """The picture that ``pack`` put into ``data``, bit by bit."""
    try:
        tensors = load_tensors(data)
        return Picture(tensors["pixels"], tensors.get("alpha"))
    except (SafetensorError, KeyError) as error:
        raise ImageError(f"a packed picture is damaged ({error}); render it again") from error


def _bicubic(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    smooth = interpolate(pixels, size=size, mode="bicubic", align_corners=False, antialias=True)
    return smooth.clamp(0, 255)
