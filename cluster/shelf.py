"""Which weights does a job render with? Found once, by the launcher, before anything starts.

Planning asks for digests, rendering for the weights themselves. Layers of one network that come
from one file share its deepest tensors, so that a chain over eleven layers holds them once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderer.errors import WeightsError
from renderer.weights import Weights

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
