"""Where do a network's weights come from, and which are they?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderer.networks.entries import Preprocessing


@dataclass(frozen=True)
class Weights:
    """The tensors that a network needs up to some layer, by canonical name, in float32."""

    network: str
    tensors: Mapping[str, NDArray[np.float32]]
    preprocessing: Preprocessing
    digest: str
    source: str
