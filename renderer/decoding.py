"""What do the bytes of a picture file stand for, as RGB and alpha values of 0..255?

Every mode that Pillow opens is brought to the same scale: 255 is white and opaque, whatever the
depth (16 bits keep their fractions: 65535 / 257 = 255). Embedded colour profiles are converted to
sRGB, EXIF orientation is applied, and fully transparent pixels take the colour of the visible
ones near them, so that what a network sees has no edge that nobody can see.
"""

from __future__ import annotations

import io
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from renderer.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
ANIMATED = ("PNG", "WEBP", "GIF")

MAX_PIXELS = 2**28  # a 200-megapixel photograph passes; its float32 pixels take 3 GB at most

Array = npt.NDArray[np.float32]

_ORIENTATION = 0x0112
_BITS_PER_SAMPLE, _PLANAR, _SAMPLE_FORMAT = 258, 284, 339
_pillow = threading.RLock()  # Pillow's pixel limit is process-wide


@contextmanager
def opened(data: bytes, *, name: str, max_pixels: int | None = None) -> Iterator[ImageFile]:
    """The picture in ``data``, with only its header read; whatever fails inside is an ImageError.

    Raises ImageError, which names the picture, also where it has more than ``max_pixels``.
    """
    with _pillow:
        # For good: the end of catch_warnings would put back what other threads have set meanwhile.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with _identify(data, name) as image:
                _check_size(image, name, max_pixels)
                yield image
        except (ImageError, MemoryError):
            raise
        except Exception as error:  # Pillow's plugins let anything out of a damaged file
            raise ImageError(f"{name}: truncated or damaged picture ({_line(error)})") from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def frames(image: ImageFile) -> int:
    """Number of frames of an animation; 1 for anything else.

    A TIFF's further pages and a phone JPEG's further pictures are often thumbnails or depth maps:
    they don't count.
    """
    return int(getattr(image, "n_frames", 1)) if image.format in ANIMATED else 1


def orientation(image: ImageFile) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or one that can't be read.

    Read after loading, because Pillow turns a TIFF by itself then and drops the mark.
    """
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF is common and no reason to refuse the pixels
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def values(data: bytes, *, name: str, frame: int, max_pixels: int) -> tuple[Array, Array | None]:
    """RGB (H, W, 3) and alpha (H, W) of 0..255; alpha is None where nothing is transparent."""
    with opened(data, name=name, max_pixels=max_pixels) as image:
        if frame < 0 or (frame > 0 and frame >= frames(image)):
            raise ImageError(f"{name}: has no frame {frame}, only {frames(image)} (0 is the first)")
        if frame:
            image.seek(frame)
        low = _low_bytes(image, data, name) if frame == 0 else None
        image.load()
        turn = orientation(image)
        rgb, alpha = _read(image, low)
    rgb = _turned(rgb, turn)
    if alpha is None or alpha.min() >= 255:
        return rgb, None
    alpha = _turned(alpha, turn)
    return _uncover(rgb, alpha), alpha


def _identify(data: bytes, name: str) -> ImageFile:
    if not data:
        raise ImageError(f"{name}: is empty")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(f"{name}: is no JPEG, PNG, WebP, TIFF, BMP or GIF picture") from error


def _check_size(image: ImageFile, name: str, max_pixels: int | None) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"{name}: is {width} x {height} pixels: there is nothing to read")
    if max_pixels is not None and width * height > max_pixels:
        raise ImageError(
            f"{name}: {width} x {height} pixels are more than the limit of {max_pixels:,}; "
            "make the picture smaller first"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _read(image: ImageFile, low: ImageFile | None) -> tuple[Array, Array | None]:
    """RGB and alpha of a loaded picture, as it lies in the file."""
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _float_grey(image) if image.mode == "F" else _integer_grey(image)
        return np.repeat(grey[:, :, None], 3, axis=2), None
    transparent = image.has_transparency_data
    pixels = _to_srgb(image, transparent)
    if pixels is None:
        pixels = _array(image.convert("RGBA" if transparent else "RGB"))
        if low is not None:
            pixels = (pixels * np.float32(256) + _array(low)) / np.float32(257)
    return pixels[:, :, :3], pixels[:, :, 3] if transparent else None


def _array(image: Image.Image) -> Array:
    return np.asarray(image, np.float32)


def _float_grey(image: ImageFile) -> Array:
    """Floats count as 0..1 if none is larger, else as 0..255."""
    grey: Array = np.nan_to_num(_array(image), posinf=0.0, neginf=0.0)
    return (grey * np.float32(255) if grey.max() <= 1 else grey).clip(0, 255)


def _integer_grey(image: ImageFile) -> Array:
    """12, 16 and unsigned 32 bits by their depth; what Pillow merely calls "I" holds 16 bits."""
    tags = getattr(image, "tag_v2", {})
    bits = int(tags.get(_BITS_PER_SAMPLE, (16,))[0])
    pixels = np.asarray(image)
    if image.mode == "I" and bits == 32 and int(tags.get(_SAMPLE_FORMAT, (1,))[0]) == 1:
        pixels = pixels.view(np.uint32)
    else:
        bits = min(bits, 16)
    grey: Array = (pixels * (255 / (2**bits - 1))).clip(0, 255).astype(np.float32)
    return grey


def _low_bytes(image: ImageFile, data: bytes, name: str) -> ImageFile | None:
    """The lower eight bits of a picture with 16 bits a channel, or None.

    Pillow keeps only the upper bytes of 16-bit colour. Reading the file once more with the
    opposite byte order gives the lower ones.
    """
    if image.mode not in ("RGB", "RGBA") or image.info.get("transparency") is not None:
        return None
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PLANAR) == 2 and max(tags.get(_BITS_PER_SAMPLE, (8,))) > 8:
        raise ImageError(f"{name}: 16-bit TIFF in separate planes; save it interleaved")
    if not image.tile or any(_raw_mode(t)[:-1] != f"{image.mode};16" for t in image.tile):
        return None
    other = _identify(data, name)
    other.tile = [_opposite(tile) for tile in other.tile]
    other.load()
    return other


def _raw_mode(tile: Any) -> str:
    args = tile[3]
    return str(args[0] if isinstance(args, tuple) and args else args)


def _opposite(tile: Any) -> Any:
    native = "L" if sys.byteorder == "little" else "B"
    mode = _raw_mode(tile).replace("16N", f"16{native}")
    swapped = mode[:-1] + ("L" if mode.endswith("B") else "B")
    args = (swapped, *tile[3][1:]) if isinstance(tile[3], tuple) else swapped
    fields = (*tile[:3], args)
    return type(tile)(*fields) if hasattr(tile, "_fields") else fields


def _to_srgb(image: ImageFile, transparent: bool) -> Array | None:
    """Pixels of an 8-bit picture with a colour profile, in sRGB; None where that isn't needed."""
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        colour = image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        rgb = ImageCms.profileToProfile(colour, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a damaged profile, or one for another kind of colour: take pixels as sRGB
    if rgb is None or not transparent:
        return None if rgb is None else _array(rgb)
    return np.concatenate([_array(rgb), _array(image.convert("RGBA"))[:, :, 3:]], axis=2)


def _turned(pixels: Array, orientation: int) -> Array:
    """Pixels (H, W, ...) the way up that the camera was held (EXIF 2.3, tag 274)."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _uncover(rgb: Array, alpha: Array) -> Array:
    """RGB in which fully transparent pixels take the mean colour of the visible ones near them.

    Pull-push: weighted means on ever coarser grids, until every cell has seen something visible.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return rgb
    weight = visible[:, :, None].astype(np.float32)
    filled = _pull_push(rgb * weight, weight)
    return np.where(visible[:, :, None], rgb, filled).astype(np.float32)


def _pull_push(colour: Array, weight: Array) -> Array:
    known = (colour / np.maximum(weight, 1e-6)).astype(np.float32)
    if weight.min() > 0:
        return known
    coarse = _pull_push(_coarser(colour), _coarser(weight))
    spread = coarse.repeat(2, axis=0).repeat(2, axis=1)[: weight.shape[0], : weight.shape[1]]
    return np.where(weight > 0, known, spread).astype(np.float32)


def _coarser(pixels: Array) -> Array:
    """Sums over 6 x 6 pixels, two apart: so that a cell sees beyond its own border."""
    height, width, depth = pixels.shape
    even = np.pad(pixels, ((2, 2 + height % 2), (2, 2 + width % 2), (0, 0)))
    rows, columns = even.shape[0] // 2, even.shape[1] // 2
    blocks = even.reshape(rows, 2, columns, 2, depth).sum(axis=(1, 3), dtype=np.float32)
    tall = blocks[:-2] + blocks[1:-1] + blocks[2:]
    wide: Array = tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]
    return wide
