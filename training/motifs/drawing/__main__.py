"""The contact sheet of the motif bank: ``python -m training.motifs.drawing OUT.png``.

Every motif in a few variants, labelled, with the milliseconds that one takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from training.motifs.drawing import MOTIFS, draw_motif

GREY = 128
LABEL_PX = 14


def strip(name: str, seeds: Sequence[int], side_px: int) -> tuple[Image.Image, float]:
    """One motif's variants side by side under its label, and milliseconds a drawing."""
    start = time.perf_counter()
    drawings = [draw_motif(name, seed).astype(np.float32) for seed in seeds]
    spent_ms = (time.perf_counter() - start) * 1000 / len(seeds)
    row = Image.new("RGB", (side_px * len(seeds), side_px + LABEL_PX), (20, 20, 20))
    for index, drawing in enumerate(drawings):
        alpha = drawing[..., 3:] / 255
        flat = (drawing[..., :3] * alpha + GREY * (1 - alpha)).astype(np.uint8)
        tile = Image.fromarray(flat).resize((side_px, side_px), Image.Resampling.BOX)
        row.paste(tile, (index * side_px, LABEL_PX))
    ImageDraw.Draw(row).text((2, 1), f"{name}  {spent_ms:.0f} ms", fill=(255, 255, 255))
    return row, spent_ms


def contact_sheet(
    names: Sequence[str], seeds: Sequence[int], *, side_px: int, columns: int
) -> Image.Image:
    """All strips, ``columns`` of them side by side."""
    strips = []
    for name in names:
        row, spent_ms = strip(name, seeds, side_px)
        strips.append(row)
        print(f"{name:18} {spent_ms:5.1f} ms")  # noqa: T201
    rows = -(-len(strips) // columns)
    width, height = strips[0].size
    sheet = Image.new("RGB", (columns * width, rows * height))
    for index, row in enumerate(strips):
        sheet.paste(row, (index // rows * width, index % rows * height))
    return sheet


def main() -> None:
    """Reads the command line, writes the sheet."""
    parser = argparse.ArgumentParser(prog="python -m training.motifs.drawing", description=__doc__)
    parser.add_argument("out", help="the picture to write, e.g. motifs.png")
    parser.add_argument("--only", nargs="*", default=None, help="names of motifs; default: all")
    parser.add_argument("--variants", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="the first variant's seed")
    parser.add_argument("--side", type=int, default=96, help="pixels of a drawing on the sheet")
    parser.add_argument("--columns", type=int, default=4)
    wanted = parser.parse_args()
    names = wanted.only or list(MOTIFS)
    seeds = range(wanted.seed, wanted.seed + wanted.variants)
    contact_sheet(names, seeds, side_px=wanted.side, columns=wanted.columns).save(wanted.out)


if __name__ == "__main__":
    main()
