"""Paints what the example jobs start from: a landscape, the mask of its lake, and brush strokes.

    python -m jobs.examples.paint [OUT]

All are made of numbers alone (seeded noise), so nobody holds rights in them, and the same numbers
paint the same pictures. OUT is the folder to write to: ``pictures``, beside this file, by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jobs.examples.painting import lake, landscape, strokes


def main(out: Path) -> None:
    """Write landscape.png, lake.png and strokes.png into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in (("landscape", landscape), ("lake", lake), ("strokes", strokes)):
        picture.paint().save(out / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures")
