"""How does a batch of pictures climb from noise to what its channels answer to most?

Each picture has a channel of its own and its own random moves. Nothing of one picture enters
another's score, but that the several pictures of one channel are to differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer import networks
from renderer.checkpoints import State
from renderer.dream import smallest_side
from renderer.errors import NetworkError, SettingError
from renderer.losses import channel_objectives, likeness
from renderer.networks import Network
from renderer.optimizers import Adam
from renderer.parametrisation import Parametrisation
from renderer.rectifiers import redirected
from renderer.settings import AtlasSettings
from renderer.transforms import Reach, moved

MEMORY = "optimizer."
"""Begins the names of a state's tensors that the optimiser keeps."""


@dataclass(frozen=True)
class Slope:
    """What all pictures of an atlas climb: a layer of a network, under some settings."""

    network: Network
    layer: str
    settings: AtlasSettings
    seed: int

    @classmethod
    def of(cls, network: Network, settings: AtlasSettings, seed: int) -> Slope:
        """Raises NetworkError for an unknown layer, SettingError for pictures too small for it."""
        layer = networks.resolve_layer(networks.entry(network.name), settings.layer)
        smallest = smallest_side(network, layer)
        if settings.size < smallest:
            raise SettingError(
                f"size: {settings.size} px is too small for layer {layer}, which needs at least "
                f"{smallest} px a side"
            )
        return cls(network, layer, settings, seed)

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels that are asked for. Raises NetworkError for one that the layer lacks."""
        count = networks.channels(networks.entry(self.network.name), self.layer)
        for channel in self.settings.channels:
            if channel >= count:
                raise NetworkError(
                    f"layer {self.layer} has no channel {channel}: its {count} channels are 0 to "
                    f"{count - 1}"
                )
        return self.settings.channels or tuple(range(count))

    @property
    def form(self) -> Parametrisation:
        """What the pictures are held as."""
        how = self.settings
        return Parametrisation((how.size, how.size), how.fourier, how.decorrelate)

    def start(self, channels: Sequence[int]) -> Tensor:
        """Parameters of noise, ``images`` of each channel, one after the other."""
        like = next(self.network.parameters())
        return self.form.start(self._generators(channels, "start")).to(like)

    def gradient(
        self, parameters: Tensor, channels: Sequence[int], step: int
    ) -> tuple[Tensor, Tensor]:
        """The uphill gradient of the parameters, and the mean objective, at one step's moves."""
        how = self.settings
        reach = Reach(how.jitter, how.rotation, how.zoom)
        moves = reach.draw(self._generators(channels, str(step)))
        parameters = parameters.detach().requires_grad_()
        with torch.enable_grad(), redirected():
            pictures = moved(self.form.pixels(parameters), moves.to(parameters))
            values, alike = self.scores(pictures, channels)
            height = values - how.diversity * alike * values.detach().abs()
            (gradient,) = torch.autograd.grad(height.sum(), parameters)
        return gradient, values.detach().mean()

    def scores(self, pictures: Tensor, channels: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Each picture's objective, and how alike it is to its channel's others, two (N,)."""
        each = self.settings.images
        activation = self.network.features(pictures, [self.layer])[self.layer]
        own = [channel for channel in channels for _ in range(each)]
        centre = self.settings.objective == "neuron"
        values = channel_objectives(activation, own, centre=centre)
        if each == 1:
            return values, torch.zeros_like(values)
        alike = [likeness(together) for together in torch.split(activation, each)]
        return values, torch.stack(alike).repeat_interleave(each)

    def _generators(self, channels: Sequence[int], purpose: str) -> list[torch.Generator]:
        """Seeded by channel, picture and purpose: no one else's draws matter."""
        names = [
            f"{self.seed}/{channel}/{image}/{purpose}"
            for channel in channels
            for image in range(self.settings.images)
        ]
        hashes = [hashlib.sha256(name.encode()).digest()[:8] for name in names]
        return [torch.Generator().manual_seed(int.from_bytes(found) >> 1) for found in hashes]


class Climb:
    """Some channels on their way up; ``step`` steps are done."""

    def __init__(self, slope: Slope, channels: Sequence[int]) -> None:
        self.slope, self.channels, self.step = slope, tuple(channels), 0
        self.parameters = slope.start(channels)
        self._mover = Adam(slope.settings.step_size)
        self._at_once = len(self.channels)

    @classmethod
    def resumed(cls, slope: Slope, state: State) -> Climb:
        """The climb whose ``state`` this once was."""
        climb = cls(slope, state.tensors["channels"].tolist())
        climb.step = int(state.tensors["step"])
        place = climb.parameters
        climb.parameters = state.tensors["parameters"].to(place)
        held = {n.removeprefix(MEMORY): t for n, t in state.tensors.items() if MEMORY in n}
        climb._mover.restore({name: tensor.to(place.device) for name, tensor in held.items()})
        return climb

    @property
    def state(self) -> Mapping[str, Tensor]:
        """All that the rest depends on; as ``image``, the pictures so far, side by side."""
        with torch.no_grad():
            pictures = self.slope.form.pixels(self.parameters)
        return {
            "image": torch.cat(list(pictures), dim=2)[None],
            "channels": torch.tensor(self.channels),
            "step": torch.tensor(self.step),
            "parameters": self.parameters,
            **{MEMORY + name: tensor for name, tensor in self._mover.state().items()},
        }

    def go(self) -> Tensor:
        """One step; returns the mean objective before it, a scalar on the device."""
        gradient, value = self._gradient()
        self.parameters = self.parameters - self._mover.move(-gradient)
        self.step += 1
        return value

    def _gradient(self) -> tuple[Tensor, Tensor]:
        """All gradients; in smaller batches from the moment that memory runs out."""
        while True:
            try:
                parts = [self._part(at) for at in range(0, len(self.channels), self._at_once)]
                values = torch.stack([value for _, value in parts])
                return torch.cat([gradient for gradient, _ in parts]), values.mean()
            except torch.OutOfMemoryError:
                if self._at_once == 1:
                    raise
            self._at_once = (self._at_once + 1) // 2
            torch.cuda.empty_cache()

    def _part(self, at: int) -> tuple[Tensor, Tensor]:
        some = self.channels[at : at + self._at_once]
        each = self.slope.settings.images
        rows = self.parameters[at * each : (at + len(some)) * each]
        return self.slope.gradient(rows, some, self.step)
