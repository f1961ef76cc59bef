"""In bfloat16 a network sees the same but for rounding; what lies around it stays as exact."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from renderer import dream, networks, precision, style
from renderer.checkpoints import unpack
from renderer.events import Checkpoint, finish
from renderer.footprint import Footprint
from renderer.losses import gram_matrix
from renderer.networks import NETWORKS, Network
from renderer.networks.flow import Flow
from renderer.precision import AUTO, BFLOAT16, FLOAT32, converted, dtype_of, resolved, widened
from renderer.settings import DreamSettings, StyleSettings

LAYERS = ("conv1_1", "conv2_1")
STYLE = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=LAYERS,
    iterations=10,
    precision=BFLOAT16,
)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry("vgg16"), "conv2_1")


def picture(side: int, seed: int) -> torch.Tensor:
    """Coloured blocks of 4 px, with some noise."""
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.rand(1, 3, side // 4, side // 4, generator=generator)
    noise = torch.rand(1, 3, side, side, generator=generator)
    return 200 * blocks.repeat_interleave(4, 2).repeat_interleave(4, 3) + 55 * noise


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(10 * torch.log10(255**2 / (a - b).square().mean()))


def test_auto_is_what_the_device_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for able, meant in ((True, BFLOAT16), (False, FLOAT32)):
        monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device, able=able: able)
        assert resolved(AUTO, "cpu") == meant
        assert [resolved(name, "cpu") for name in (FLOAT32, BFLOAT16)] == [FLOAT32, BFLOAT16]


def test_gpus_have_bfloat16_since_ampere(monkeypatch: pytest.MonkeyPatch) -> None:
    for capability, has in (((7, 5), False), ((8, 0), True), ((9, 0), True)):
        told = capability
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device, told=told: told)
        assert precision.multiplies_bfloat16(torch.device("cuda:0")) is has


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_sees_the_same_but_for_rounding(name: str) -> None:
    torch.manual_seed(0)
    entry = networks.entry(name)
    exact = networks.build(entry, "conv4_1" if name.startswith("vgg") else entry.layers[4])
    image = picture(64, 1)
    with torch.no_grad():
        wanted, found = exact(image), converted(exact, BFLOAT16)(image)
    assert found.dtype == torch.float32
    assert (wanted - found).std() < 0.03 * wanted.std()
    assert not torch.equal(wanted, found)


def test_a_network_that_has_the_precision_is_not_copied(network: Network) -> None:
    assert converted(network, FLOAT32) is network
    rounded = converted(network, BFLOAT16)
    assert converted(rounded, BFLOAT16) is rounded
    assert {p.dtype for p in rounded.parameters()} == {dtype_of(BFLOAT16)}
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_a_picture_is_rounded_only_after_its_mean_is_gone(network: Network) -> None:
    """In bfloat16 120 and 120.25 are one number; less a mean of about 124 they are not."""
    rounded = converted(network, BFLOAT16)
    image = torch.full((1, 3, 8, 8), 120.0)
    other = image + 0.25
    assert torch.equal(image.bfloat16(), other.bfloat16())
    assert not torch.equal(rounded.prepare(image), rounded.prepare(other))


def test_gram_matrices_are_summed_in_float32() -> None:
    """300 positions of 1: bfloat16 has no 301, and would stay at 256 if it counted."""
    active = torch.ones(1, 2, 7, 43, dtype=torch.bfloat16)
    gram = gram_matrix(active)
    assert gram.dtype == torch.float32
    assert gram.tolist() == [[301.0, 301.0], [301.0, 301.0]]
    assert widened(torch.ones(1, dtype=torch.float64)).dtype == torch.float64


def test_style_is_the_same_but_for_rounding(network: Network) -> None:
    content, painting = picture(48, 1), picture(48, 2)
    exact = style.transfer(content, [painting], network, replace(STYLE, precision=FLOAT32))
    rounded = style.transfer(content, [painting], network, STYLE)
    assert rounded.dtype == torch.float32
    assert 35 < psnr(exact, rounded) < 90


def test_tiles_are_as_good_as_the_whole(network: Network) -> None:
    content, painting = picture(48, 1), picture(48, 2)
    exact, whole, tiled = (
        finish(style.steps(content, [painting], network, settings, tile_px=tile_px), None)
        for settings, tile_px in (
            (replace(STYLE, precision=FLOAT32), None),
            (STYLE, None),
            (STYLE, 20),
        )
    )
    assert psnr(exact, tiled) > psnr(exact, whole) - 3


def test_a_dream_is_the_same_but_for_rounding(network: Network) -> None:
    settings = DreamSettings(network="vgg16", layer="conv2_1", repeats=1, tile_size=32)
    exact = dream.dream(picture(48, 1), network, settings, seed=1)
    rounded = dream.dream(picture(48, 1), network, replace(settings, precision=BFLOAT16), seed=1)
    assert rounded.dtype == torch.float32
    assert 35 < psnr(exact, rounded) < 90


def test_a_resumed_run_equals_an_unbroken_one(network: Network) -> None:
    content, painting = picture(32, 1), picture(32, 2)
    adam = replace(STYLE, optimizer="adam")
    events = style.steps(content, [painting], network, adam, checkpoint=lambda: True)
    state = next(unpack(e.data) for e in events if isinstance(e, Checkpoint) and e.iteration == 4)
    assert state.tensors["image"].dtype == torch.float32
    resumed = finish(style.steps(content, [painting], network, adam, resume=state), None)
    assert torch.equal(resumed, style.transfer(content, [painting], network, adam))


def test_less_memory_is_measured(network: Network) -> None:
    whole, half = (
        Footprint.measured(Flow(converted(network, name), LAYERS)).field_bytes
        for name in (FLOAT32, BFLOAT16)
    )
    assert 0.4 * whole < half < 0.65 * whole


def test_the_gradient_has_the_same_direction(network: Network) -> None:
    image = picture(32, 1).requires_grad_()
    slopes = []
    for name in (FLOAT32, BFLOAT16):
        value = converted(network, name)(image).square().mean()
        slopes.append(torch.autograd.grad(value, image)[0].flatten())
    assert torch.cosine_similarity(*slopes, dim=0) > 0.999
