"""How do a picture's settings ride in its own metadata, and how are they read back?

As JSON, in pure ASCII so that every reader shows it: a PNG carries it in a text chunk named
``reverie``, a JPEG and a WebP in EXIF's UserComment, behind the word ``reverie``.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from renderer import decoding
from renderer.errors import ImageError

KEY = "reverie"
FORMATS = ("png", "jpeg", "webp")
"""The formats that pictures are written in: those that can carry settings."""

_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_ASCII = b"ASCII\0\0\0"  # EXIF 2.3: the first eight bytes of a UserComment name its encoding
_JPEG_LIMIT_BYTES = 65_000  # a JPEG's EXIF is one segment of at most 65,533 bytes


def save_options(settings: Mapping[str, Any] | None, format: str) -> dict[str, Any]:
    """What to pass to Pillow's ``save`` so that a "png", "jpeg" or "webp" carries ``settings``.

    Raises ImageError for settings that JSON can't hold, or that don't fit into a JPEG.
    """
    if settings is None:
        return {}
    text = _to_json(settings)
    if format == "png":
        info = PngInfo()
        info.add_text(KEY, text)
        return {"pnginfo": info}
    comment = f"{KEY} {text}".encode("ascii")
    if format == "jpeg" and len(comment) > _JPEG_LIMIT_BYTES:
        comment = _squeezed(text)
    exif = Image.Exif()
    exif[_EXIF_IFD] = {_USER_COMMENT: _ASCII + comment}
    return {"exif": exif.tobytes()}


def read_settings(data: bytes) -> dict[str, Any] | None:
    """The settings that a picture of ours was rendered with; None for any other file."""
    try:
        with decoding.opened(data, name="picture") as image:
            text = image.info.get(KEY) if image.format == "PNG" else _comment(image)
            found = json.loads(text) if isinstance(text, str) else None
    except ImageError:
        return None
    return found if isinstance(found, dict) else None


def _to_json(settings: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(settings), sort_keys=True, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ImageError(f"settings can't be written into a picture: {error}") from error


def _squeezed(text: str) -> bytes:
    packed = base64.b85encode(zlib.compress(text.encode("ascii"), 9))
    if len(packed) > _JPEG_LIMIT_BYTES:
        raise ImageError(
            f"settings of {len(text):,} bytes don't fit into a JPEG; choose the format png or webp"
        )
    return f"{KEY}-zlib ".encode("ascii") + packed


def _comment(image: Image.Image) -> str | None:
    comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    if not isinstance(comment, bytes) or not comment.startswith(_ASCII):
        return None
    key, _, rest = comment[len(_ASCII) :].partition(b" ")
    if key == KEY.encode():
        return rest.decode("ascii")
    if key == f"{KEY}-zlib".encode():
        return zlib.decompress(base64.b85decode(rest)).decode("ascii")
    return None
