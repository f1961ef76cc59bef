"""Where is the lake? The mask of the landscape's water, for dreams by regions."""

from __future__ import annotations

import numpy as np
from PIL import Image

from jobs.examples.painting.noise import smoothstep
from jobs.examples.painting.view import HEIGHT, SHORE, WIDTH, H, grid

SHORE_SHARE = 0.012
"""Half the height of the soft edge along the shore, in heights of the picture."""


def paint() -> Image.Image:
    """The mask as a grey image of 240 x 180 px: white below the shore, black above it."""
    rows, _ = grid()
    white = smoothstep(SHORE - SHORE_SHARE * H, SHORE + SHORE_SHARE * H, rows)
    image = Image.fromarray(np.round(255 * white).astype(np.uint8))
    return image.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.BOX)
