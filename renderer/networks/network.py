"""A network that can be run: built only as deep as it is used, frozen, read at its named layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from renderer.errors import NetworkError, WeightsError
from renderer.networks.entries import NetworkEntry, Preprocessing
from renderer.networks.layers import deepest, resolve_layer
from renderer.precision import widened

if TYPE_CHECKING:
    from renderer.weights import Weights

NO_SCALE = (1.0, 1.0, 1.0)

PROBE_SIDE_PX = 8  # no stage needs more of its input to have an output


class Network(nn.Module):
    """The stages of a network up to one layer, in evaluation mode, with nothing to train.

    ``layers`` are the built ones, in order, and ``until`` the last of them.
    """

    def __init__(
        self, name: str, stages: Mapping[str, nn.Module], preprocessing: Preprocessing
    ) -> None:
        super().__init__()
        self.name = name
        self.layers = tuple(stages)
        self.until = self.layers[-1]
        self.preprocessing = preprocessing
        self.stages = nn.ModuleDict(stages)
        self._constants: dict[tuple[torch.device, torch.dtype], tuple[Tensor, Tensor]] = {}
        self.requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """The activations of the deepest layer."""
        return self.features(image, (self.until,))[self.until]

    def features(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Activations (N, C, h, w) of each named layer, after its ReLU; runs no deeper than asked.

        ``image`` is (N, 3, H, W), RGB in 0..255; it is taken to the network's own precision, and
        activations from there to float32 if they are in less (``renderer.precision``). Gradients
        flow back to it. Raises NetworkError for a layer that isn't built.
        """
        wanted = dict.fromkeys(layers)
        for layer in wanted:
            if layer not in self.stages:
                raise NetworkError(f"network {self.name} is built to {self.until}, not to {layer}")
        found: dict[str, Tensor] = {}
        active = self.prepare(image)
        for layer, stage in self.stages.items():
            if len(found) == len(wanted):
                break
            active = stage(active)
            if layer in wanted:
                found[layer] = active
        return {layer: widened(found[layer]) for layer in wanted}

    def prepare(self, image: Tensor) -> Tensor:
        """The picture as the first convolution wants it (``Preprocessing``)."""
        dtype = next(self.parameters()).dtype
        image = image.to(torch.promote_types(image.dtype, dtype))  # rounded only when it is ready
        mean, scale = self._mean_and_scale(image.device, image.dtype)
        image = image - mean
        if self.preprocessing.scale != NO_SCALE:
            image = image * scale
        image = image.to(dtype)
        if self.preprocessing.order == "bgr":
            image = image.flip(1)
        return image.to(memory_format=layout(image))

    def _mean_and_scale(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        # Made once for each precision, not cast with the module: float64 keeps all their digits.
        if (device, dtype) not in self._constants:
            how = self.preprocessing
            mean, scale = torch.tensor([how.mean, how.scale], dtype=torch.float64)[..., None, None]
            self._constants[device, dtype] = (mean.to(device, dtype), scale.to(device, dtype))
        return self._constants[device, dtype]


def layout(like: Tensor) -> torch.memory_format:
    """How activations and kernels are to lie for convolutions to be fastest.

    On CPUs, and in bfloat16, all channels of a position together; a network keeps to what it gets.
    """
    last = like.device.type == "cpu" or like.dtype == torch.bfloat16
    return torch.channels_last if last else torch.contiguous_format


def build(
    entry: NetworkEntry, until: str, *, preprocessing: Preprocessing | None = None
) -> Network:
    """The network up to a layer, with random weights (torch's own, under the caller's seed)."""
    return Network(entry.name, _stages(entry, until), preprocessing or entry.preprocessing)


def load(
    entry: NetworkEntry,
    until: str,
    weights: Weights,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Network:
    """The network up to a layer, with copies of the weights' tensors.

    The arrays may be read-only and shared. Raises WeightsError that names the first tensor that is
    missing or of another shape, and where the weights come from.
    """
    with torch.device("meta"):
        stages = _stages(entry, until)
    for stage in stages.values():
        state = {}
        for name, target in tensors(stage).items():
            array = weights.tensors.get(name)
            check_tensor(name, target.shape, None if array is None else array.shape, weights.source)
            state[name] = torch.tensor(array, dtype=dtype).to(device)
        stage.load_state_dict(state, assign=True)
    found = Network(entry.name, stages, weights.preprocessing).to(device)
    return found.to(memory_format=layout(next(found.parameters())))


def tensors(stage: nn.Module) -> dict[str, Tensor]:
    """A stage's parameters and statistics by their canonical names."""
    return {
        name: tensor
        for name, tensor in (*stage.named_parameters(), *stage.named_buffers())
        if not name.endswith("num_batches_tracked")
    }


def check_tensor(
    name: str, wanted: tuple[int, ...], found: tuple[int, ...] | None, source: str
) -> None:
    """Raise WeightsError where the tensor is missing or of another shape."""
    if found is None:
        raise WeightsError(f"{source} has no tensor {name!r}, which the layers asked for need")
    if tuple(found) != tuple(wanted):
        raise WeightsError(
            f"{source}: tensor {name!r} has the shape {tuple(found)}, not {tuple(wanted)}: "
            "these are another network's weights"
        )


@cache
def shapes(entry: NetworkEntry, layer: str) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the canonical tensors of one layer's stage."""
    with torch.device("meta"):
        stage = _make(entry, layer)
    return {name: tuple(tensor.shape) for name, tensor in tensors(stage).items()}


def needed(entry: NetworkEntry, until: str) -> dict[str, tuple[int, ...]]:
    """The shapes of all canonical tensors that the network needs up to a layer."""
    depth = entry.layers.index(until) + 1
    return {
        name: shape
        for layer in entry.layers[:depth]
        for name, shape in shapes(entry, layer).items()
    }


@cache
def channels(entry: NetworkEntry, layer: str) -> int:
    """How many channels a layer has (for ``classes``: how many classes)."""
    # Its stage alone is run, on a few real zeros: on meta tensors torch imports its compiler first,
    # which takes seconds. A stage's first tensor is the kernels of a convolution of its input.
    zeros = {name: torch.zeros(shape) for name, shape in shapes(entry, layer).items()}
    with torch.device("meta"):
        stage = _make(entry, layer).eval()
    stage.load_state_dict(zeros, assign=True)
    inputs = next(iter(zeros.values())).shape[1]
    with torch.no_grad():
        active: Tensor = stage(torch.zeros(1, inputs, PROBE_SIDE_PX, PROBE_SIDE_PX))
    return active.shape[1]


def _make(entry: NetworkEntry, layer: str) -> nn.Module:
    return next(make() for name, make in entry.stages() if name == layer)


def _stages(entry: NetworkEntry, until: str) -> dict[str, nn.Module]:
    until = deepest(entry, [resolve_layer(entry, until)])
    made: dict[str, nn.Module] = {}
    for layer, make in entry.stages():
        made[layer] = make()
        if layer == until:
            break
    return made
