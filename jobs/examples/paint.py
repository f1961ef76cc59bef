"""Paints the two pictures that the example jobs start from: a landscape and a painting of strokes.

    python -m jobs.examples.paint [OUT]

Both are made of numbers alone (seeded noise), so nobody holds rights in them, and the same numbers
paint the same pictures. OUT is the folder to write to: ``pictures``, beside this file, by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jobs.examples.painting import landscape, strokes


def main(out: Path) -> None:
    """Write landscape.png and strokes.png into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for name, painted in (("landscape", landscape.paint()), ("strokes", strokes.paint())):
        painted.save(out / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "pictures")
