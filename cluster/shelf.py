"""Which weights does a job render with? Found once, by the launcher, before anything starts.

Planning asks for digests, rendering for the weights themselves. Layers of one network that come
from one file share its deepest tensors, so that a chain over eleven layers holds them once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from renderer import canonical, networks
from renderer.errors import WeightsError
from renderer.networks.network import needed
from renderer.weights import Weights


class AlteredWeightsError(WeightsError):
    """What a worker was given is not what its task was planned with; another worker may do."""


Resolve = Callable[[str, str], Weights]
"""(network, deepest layer) to weights; ``renderer.weights.resolve`` with its places bound."""


@dataclass(frozen=True)
class _Known:
    digest: str
    source: str


class Shelf:
    """The weights of a job, by network and depth."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._known: dict[tuple[str, str], _Known] = {}
        self._deepest: dict[tuple[str, str], Weights] = {}

    def digest(self, network: str, until: str) -> str:
        """The identity of a network's weights up to a layer. Raises WeightsError."""
        key = (network, until)
        if key not in self._known:
            found = self._resolve(network, until)
            self._known[key] = _Known(found.identity, found.source)
            place = (network, found.source)
            held = self._deepest.get(place)
            if held is None or len(held.tensors) < len(found.tensors):
                self._deepest[place] = found
        return self._known[key].digest

    def weights(self, network: str, until: str, digest: str) -> Weights:
        """Weights that reach as deep as ``until`` at least, their tensors up to there as digested.

        Raises WeightsError if there are none with this digest (any more).
        """
        if self.digest(network, until) != digest:
            raise WeightsError(
                f"the weights of {network} up to {until} aren't those asked for: "
                f"digest {self.digest(network, until)[:12]}, not {digest[:12]}"
            )
        return self._deepest[network, self._known[network, until].source]


def verified(weights: Weights, until: str, digest: str) -> Weights:
    """The weights, whose tensors up to a layer have this digest, as a worker got them.

    Raises AlteredWeightsError that names both. Reading 58 MB, VGG-16 up to its last convolution,
    takes 30 ms.
    """
    wanted = needed(networks.entry(weights.network), until)
    tensors = {name: weights.tensors[name] for name in wanted if name in weights.tensors}
    found = replace(weights, tensors=tensors, digest=canonical.digest(tensors)).identity
    if found != digest:
        raise AlteredWeightsError(
            f"the weights of {weights.network} up to {until} that came here have digest "
            f"{found[:12]}, and the driver's {digest[:12]}"
        )
    return weights
