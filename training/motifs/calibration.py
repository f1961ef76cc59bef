"""Which pictures decide how strong a channel is? Grounds like photographs, and some scenes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from renderer.networks.motifs import MEAN
from training.motifs.album import Album
from training.motifs.grounds import ground
from training.motifs.recipe import Recipe

SIDE_PX = 128
GROUNDS, SCENES = 5, 3


def pictures(album: Album, recipe: Recipe) -> Tensor:
    """The calibration pictures, (n, 3, SIDE_PX, SIDE_PX), RGB minus MEAN."""
    rng = np.random.default_rng((recipe.seed, 11))
    grounds = np.stack([np.clip(ground(rng, SIDE_PX), 0, 255) for _ in range(GROUNDS)])
    rows = np.sort(rng.choice(len(album), SCENES, replace=False))
    scenes = torch.from_numpy(album.pictures[rows]).permute(0, 3, 1, 2).float()
    scenes = functional.interpolate(scenes, (SIDE_PX, SIDE_PX), mode="bilinear")
    both = torch.cat([torch.from_numpy(grounds).float().permute(0, 3, 1, 2), scenes])
    return both - torch.tensor(MEAN).view(1, 3, 1, 1)
