"""How active are channels on the pictures of a job? The network is asked once, then remembered.

A job's inputs are looked at in the size that the job renders them in, pictures that it names
(``of``, ``like``) as they are or shrunk to that size; both at most ``MAX_SIDE_PX``. Layers are run
in float64, so that no machine's rounding turns the order of two channels round.

What was found is kept in the user's cache, by the picture's digest, the weights' identity, layer,
size and region; a file there may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from jobs.choosing import Choice
from jobs.files import Files
from jobs.inputs import Source
from renderer import images, networks
from renderer.cache import cache_home
from renderer.channels import WHOLE, Region, Values, activations, usual
from renderer.errors import ImageError, WorkspaceError
from renderer.networks import Network
from renderer.weights import Weights

VERSION = 1
"""To be raised whenever the same picture comes to give other values."""

MAX_SIDE_PX = 1024

Found = dict[str, Values]


class Shelf(Protocol):
    """Where weights are, by network and depth (cluster.shelf)."""

    def digest(self, network: str, until: str) -> str: ...

    def weights(self, network: str, until: str, digest: str) -> Weights: ...


@dataclass(frozen=True, slots=True)
class View:
    """A picture, or a region of it, as it is looked at. ``named`` ones are never enlarged."""

    source: Source
    size: int | None
    named: bool = False
    region: Region = WHOLE

    @property
    def side_px(self) -> int:
        """The longest side that the network is given."""
        own = max(self.source.size)
        wanted = self.source.longest(self.size) or own
        return min(wanted, MAX_SIDE_PX, *([own] if self.named else []))

    @property
    def identity(self) -> list[Any]:
        """What tells views apart."""
        return [self.source.digest, self.source.frame, self.side_px, *astuple(self.region)]

    def pixels(self) -> torch.Tensor:
        """The picture, (1, 3, H, W). ImageError where it can't be read."""
        data = self.source.read()
        decoded = images.decode(data, name=self.source.path, frame=self.source.frame)
        return images.fit(decoded, self.side_px).pixels


class Activity:
    """Answers with mean activations, from memory where it can."""

    def __init__(
        self, shelf: Shelf, folder: Path | None = None, *, told: Callable[[str], None] | None = None
    ) -> None:
        """``folder`` is the cache; ``told`` is called with every picture that is shown to it."""
        self._shelf, self._told = shelf, told
        self._folder = folder or cache_home() / "activations"
        self._known: dict[str, Values] = {}
        self._built: dict[int, Network] = {}

    def on(self, network: str, layers: Iterable[str], view: View) -> Found:
        """The mean activation of every channel of some layers. ImageError, WeightsError."""

        def look(built: Network, missing: Iterable[str]) -> Found:
            if self._told is not None:
                self._told(view.source.path)
            try:
                return activations(built, view.pixels(), missing, region=view.region)
            except ImageError as error:
                raise ImageError(_naming(view.source.path, str(error))) from error

        return self._answer(network, layers, view.identity, look)

    def usual(self, network: str, layers: Iterable[str]) -> Found:
        """The same on pictures in general. WeightsError."""
        return self._answer(network, layers, ["usual"], usual)

    def choose(
        self, choice: Choice, network: str, layers: Sequence[str], view: View
    ) -> dict[str, tuple[int, ...]]:
        """The channels of each layer that a choice comes to. ImageError, WeightsError."""
        values = self.on(network, layers, view)
        compared = self.usual(network, layers) if choice.like else {}
        return {layer: choice.of(values[layer], compared.get(layer)) for layer in layers}

    def _answer(
        self,
        network: str,
        layers: Iterable[str],
        what: list[Any],
        look: Callable[[Network, Iterable[str]], Found],
    ) -> Found:
        wanted = {layer: self._shelf.digest(network, layer) for layer in dict.fromkeys(layers)}
        keys = {layer: _key(layer, digest, what) for layer, digest in wanted.items()}
        found = {layer: self._recall(key) for layer, key in keys.items()}
        missing = {layer: wanted[layer] for layer, values in found.items() if values is None}
        for built, group in self._networks(network, missing):
            for layer, values in look(built, group).items():
                found[layer] = values
                self._remember(keys[layer], values)
        return {layer: values for layer, values in found.items() if values is not None}

    def _networks(
        self, network: str, layers: Mapping[str, str]
    ) -> Iterable[tuple[Network, tuple[str, ...]]]:
        """Networks that have the layers between them: one, unless their files differ."""
        entry = networks.entry(network)
        groups: dict[int, list[str]] = {}
        held = {}
        for layer, digest in layers.items():
            weights = self._shelf.weights(network, layer, digest)
            held[id(weights)] = weights
            groups.setdefault(id(weights), []).append(layer)
        for place, group in groups.items():
            until = networks.deepest(entry, group)
            built = self._built.get(place)
            if built is None or until not in built.stages:
                built = networks.load(entry, until, held[place], dtype=torch.float64)
                self._built[place] = built
            yield built, tuple(group)

    def _recall(self, key: str) -> Values | None:
        if key not in self._known:
            with contextlib.suppress(OSError, ValueError, TypeError):
                values = json.loads((self._folder / _file(key)).read_bytes())
                self._known[key] = tuple(map(float, values))
        return self._known.get(key)

    def _remember(self, key: str, values: Values) -> None:
        self._known[key] = values
        with contextlib.suppress(OSError, WorkspaceError):  # a cache may be full or read-only
            Files(self._folder).write({_file(key): json.dumps(values).encode()})


def _key(layer: str, digest: str, what: list[Any]) -> str:
    text = json.dumps([VERSION, layer, digest, *what])
    return hashlib.sha256(text.encode()).hexdigest()


def _file(key: str) -> str:
    return f"{key[:2]}/{key}.json"


def _naming(path: str, message: str) -> str:
    return message if message.startswith(path) else f"{path}: {message}"
