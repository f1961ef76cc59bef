"""How are frames laid down in a GIF file, one after the other?

Pillow's own writer keeps every frame in memory until the file is complete and merges equal
neighbours; this one writes each frame as it comes and keeps all of them. The compression is
Pillow's: a frame is saved as a GIF of its own and its compressed block copied. Format: CompuServe
GIF89a, with Netscape's looping extension.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import Image

MAX_SIDE_PX = 65_535
TRANSPARENT = 255  # the index that no colour may take, because it can stand for none

_HEADER_BYTES = 13
_NO_TABLE, _TABLE_256 = 0, 0x87  # a colour table follows, of 2 ** (7 + 1) entries
_8_BITS = 0x70  # bits a channel of the original, less one
_PACKED_OFFSET, _DELAY_OFFSET = 3, 4  # within a frame's block
_KEEP, _CLEAR_TO_NOTHING = 1 << 2, 2 << 2 | 1  # what becomes of a frame when the next is drawn


class GifWriter:
    """Writes frames to a file that can be read and sought, as they come.

    ``plays`` is how often the animation plays, 0 for ever; ``palette`` is 768 bytes of RGB that
    all frames share, or None where each frame brings its own. The first frame sets the size.
    """

    def __init__(self, file: BinaryIO, *, plays: int = 0, palette: bytes | None = None) -> None:
        self._file = file
        self._plays = plays
        self._palette = palette
        self._blocks: list[tuple[int, int]] = []  # where each frame lies: offset, length

    def append(self, image: Image.Image, centiseconds: int, *, transparent: bool = False) -> None:
        """Write a frame in mode P; ``transparent`` makes nothing of its index TRANSPARENT."""
        if not self._blocks:
            self._start(image.size)
        elif transparent:
            self._clear_last()
        packed = _CLEAR_TO_NOTHING if transparent else _KEEP
        control = b"!\xf9\x04" + struct.pack("<BHBB", packed, centiseconds, TRANSPARENT, 0)
        table = b"" if self._palette else _colours(image)
        place = struct.pack("<HHHHB", 0, 0, *image.size, _TABLE_256 if table else _NO_TABLE)
        self._write(control + b"," + place + table + _compressed(image))

    def repeat(self, frame: int, centiseconds: int) -> None:
        """Write the frame once more that was written as number ``frame``."""
        offset, length = self._blocks[frame]
        self._file.seek(offset)
        block = self._file.read(length)
        self._file.seek(0, io.SEEK_END)
        delay = struct.pack("<H", centiseconds)
        self._write(block[:_DELAY_OFFSET] + delay + block[_DELAY_OFFSET + 2 :])

    def close(self) -> None:
        """Write the end mark; the file itself stays open."""
        self._file.write(b";")

    def _start(self, size: tuple[int, int]) -> None:
        table = _TABLE_256 if self._palette else _NO_TABLE
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *size, table | _8_BITS, 0, 0))
        self._file.write(self._palette or b"")
        if self._plays != 1:  # the field counts the times after the first
            again = struct.pack("<H", max(0, self._plays - 1))
            self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + again + b"\0")

    def _write(self, block: bytes) -> None:
        self._blocks.append((self._file.tell(), len(block)))
        self._file.write(block)

    def _clear_last(self) -> None:
        """Have the last frame taken away before the next, which would let it shine through."""
        self._file.seek(self._blocks[-1][0] + _PACKED_OFFSET)
        self._file.write(bytes([_CLEAR_TO_NOTHING]))
        self._file.seek(0, io.SEEK_END)


def _colours(image: Image.Image) -> bytes:
    return bytes(image.getpalette() or ()).ljust(768, b"\0")[:768]


def _compressed(image: Image.Image) -> bytes:
    """The image data of a frame: code size, and LZW sub-blocks up to the empty one."""
    buffer = io.BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    at = _HEADER_BYTES + _table_bytes(data[10])
    while data[at] == 0x21:
        at = _after_sub_blocks(data, at + 2)
    at += 10 + _table_bytes(data[at + 9])
    return data[at : _after_sub_blocks(data, at + 1)]


def _table_bytes(packed: int) -> int:
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1
