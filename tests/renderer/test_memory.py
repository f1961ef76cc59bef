"""What is recalled has the bits of what is computed, and takes no more room than it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from renderer import dream, networks
from renderer.events import Event, Progress, finish
from renderer.gang import Gang
from renderer.memory import Memory, fingerprint, size_bytes
from renderer.networks import Network
from renderer.networks.flow import Flow
from renderer.settings import DreamSettings, StyleSettings
from renderer.slopes import Tiled
from renderer.style import steps, transfer
from renderer.targets import Layers, blended_grams, contents

SETTINGS = StyleSettings(
    network="googlenet", content_layers=("conv1",), style_layers=("conv1", "conv2"), iterations=2
)


def picture(seed: int, size: int = 32) -> Tensor:
    return torch.rand((1, 3, size, size), generator=torch.Generator().manual_seed(seed)) * 255


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry("googlenet"), "conv2")


class Counted:
    """Counts how often features are computed without gradients: for targets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        tapped = Flow.tapped  # which all features come from

        def counted(flow: Flow, *given: Any, **more: Any) -> None:
            self.calls += not torch.is_grad_enabled()
            tapped(flow, *given, **more)

        monkeypatch.setattr(Flow, "tapped", counted)


def targets(
    network: Network,
    content: Tensor,
    styles: list[Tensor],
    settings: StyleSettings,
    memory: Memory | None = None,
) -> dict[str, Tensor]:
    """What a picture is compared with, content and style, under names of their own."""
    layers = Layers.of(network, settings)
    flow = Flow(network, [*layers.content, *layers.style])
    layout = Gang().layout(flow, (content.shape[2], content.shape[3]), None)
    found = contents(flow, content, layout.pieces, layers.content, memory=memory)
    grams = blended_grams(flow, styles, settings, memory=memory)
    (activations,) = found.values()
    return {**{f"content.{n}": kept.get() for n, kept in activations.items()}, **grams}


def test_a_sweep_computes_each_target_once_and_gives_the_same_bits(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, styles = picture(1), [picture(2), picture(3)]
    variants = [(replace(SETTINGS, weight_denoise=w), s) for w in (0.1, 0.3, 0.6) for s in styles]
    alone = [transfer(content, [s], network, settings, seed=7) for settings, s in variants]
    memory, counted = Memory(), Counted(monkeypatch)
    shared = [
        finish(steps(content, [s], network, settings, seed=7, memory=memory))
        for settings, s in variants
    ]
    assert counted.calls == 3  # one content, two styles; six transfers alone compute twelve
    assert all(torch.equal(one, other) for one, other in zip(alone, shared, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        {"style_layers": ("conv1",)},
        {"style_max_size": 16},
        {"gram": "mean"},
        {"content_layers": ("conv2",)},
    ],
    ids=str,
)
def test_whatever_decides_targets_is_in_their_key(network: Network, change: dict[str, str]) -> None:
    memory, (content, style) = Memory(), (picture(1), picture(2))
    targets(network, content, [style], SETTINGS, memory)
    changed = replace(SETTINGS, **change)  # type: ignore[arg-type]
    recalled = targets(network, content, [style], changed, memory)
    fresh = targets(network, content, [style], changed)
    assert recalled.keys() == fresh.keys()
    assert all(torch.equal(recalled[name], fresh[name]) for name in fresh)


def test_shares_of_blended_styles_are_no_part_of_what_is_kept(network: Network) -> None:
    memory, content, styles = Memory(), picture(1), [picture(2), picture(3)]
    for weights in ((1.0, 1.0), (3.0, 1.0)):
        settings = replace(SETTINGS, style_weights=weights)
        one = targets(network, content, styles, settings, memory)
        other = targets(network, content, styles, settings)
        assert all(torch.equal(one[name], other[name]) for name in other)


def test_the_least_used_is_forgotten_first() -> None:
    memory = Memory(10)
    for name in "abc":
        memory.keep(name, 4, name)
    assert [memory.recall(name) for name in "abc"] == [None, "b", "c"]
    memory.recall("b")
    memory.keep("d", 4, "d")
    assert [memory.recall(name) for name in "bcd"] == ["b", None, "d"]


def test_what_is_too_large_is_not_kept() -> None:
    memory = Memory(10)
    memory.keep("a", 4, "a")
    memory.keep("b", 11, "b")
    assert (memory.recall("a"), memory.recall("b")) == ("a", None)
    memory.clear()
    assert memory.recall("a") is None


def test_circumstances_keep_values_apart() -> None:
    memory = Memory()
    one, other = memory.within("weights", 1), memory.within("weights", 2)
    one.keep("x", 1, "key")
    assert (one.recall("key"), other.recall("key")) == ("x", None)
    assert memory.within("weights").within(1).recall("key") == "x"


def test_a_fingerprint_is_of_values_shape_and_type() -> None:
    tensors = [torch.zeros(4), torch.zeros(2, 2), torch.zeros(4).double(), torch.ones(4)]
    assert len({fingerprint(tensor) for tensor in tensors}) == 4
    strided = torch.arange(6.0).reshape(2, 3).T
    assert fingerprint(strided) == fingerprint(strided.contiguous())
    assert fingerprint(torch.zeros(2, dtype=torch.bfloat16))
    assert size_bytes(torch.zeros(4), torch.zeros(2).double()) == 32


DREAM = DreamSettings(network="googlenet", layer="conv2", iterations=3, repeats=2)


@pytest.mark.parametrize("checkpoint", [False, True])
def test_dreams_that_differ_in_blend_share_their_smallest_octave(
    network: Network, monkeypatch: pytest.MonkeyPatch, checkpoint: bool
) -> None:
    counted = [0]
    real = Tiled.__call__

    def slopes(*given: Any) -> Any:
        counted[0] += 1
        return real(*given)

    def events(blend: float, memory: Memory | None) -> list[Event]:
        settings, ask = replace(DREAM, blend=blend), (lambda: True) if checkpoint else None
        told: list[Event] = []
        steps = dream.steps(picture(1), network, settings, seed=7, checkpoint=ask, memory=memory)
        told.append(Progress(0, 0, (("sum", float(finish(steps, told.append).sum())),)))
        return told

    blends = (0.1, 0.5, 0.9)
    alone = [events(blend, None) for blend in blends]
    monkeypatch.setattr(Tiled, "__call__", slopes)
    memory = Memory()
    assert [events(blend, memory) for blend in blends] == alone
    assert counted[0] == 3 * 9 - 2 * 3  # three levels of three steps; two dreams skip one level


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"image": 2}, {"step_size": 1.0}, {"iterations": 4}, {"channels": (1,)}]
)
def test_whatever_else_decides_an_octave_is_in_its_key(
    network: Network, change: dict[str, Any]
) -> None:
    memory = Memory()

    def dreamed(memory: Memory | None, *, seed: int = 7, image: int = 1, **own: Any) -> Tensor:
        settings = replace(DREAM, **own)
        return finish(dream.steps(picture(image), network, settings, seed=seed, memory=memory))

    dreamed(memory)
    assert torch.equal(dreamed(memory, **change), dreamed(None, **change))
