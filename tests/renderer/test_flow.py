"""Parts of a network's layers, computed from parts of a picture, are those of the whole."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from renderer import networks
from renderer.errors import NetworkError
from renderer.networks import Network
from renderer.networks.entries import Preprocessing
from renderer.networks.flow import Flow
from renderer.spans import Region, Span

EXACT = 1e-12


@cache
def network(name: str) -> Network:
    torch.manual_seed(0)
    entry = networks.entry(name)
    return networks.build(entry, entry.layers[-1]).double()


def small(*modules: nn.Module) -> Network:
    """A network of one layer, ``top``."""
    torch.manual_seed(0)
    first = nn.Conv2d(3, 4, 3, padding=1)
    plain = Preprocessing(mean=(100.0, 110.0, 120.0), scale=(0.02, 0.02, 0.02))
    return Network("vgg16", {"top": nn.Sequential(first, *modules)}, plain).double()


def spans(length: int) -> st.SearchStrategy[Span]:
    pair = st.tuples(st.integers(0, length), st.integers(0, length))
    return pair.map(lambda ends: Span(min(ends), max(ends)))


def check(
    built: Network, layers: tuple[str, ...], size: tuple[int, int], data: st.DataObject
) -> None:
    image = 255 * torch.rand(1, 3, *size, dtype=torch.float64)
    flow, whole = Flow(built, layers), built.features(image, layers)
    wanted = {}
    for layer in layers:
        height, width = whole[layer].shape[2:]
        assert flow.size(layer, size) == (height, width)
        wanted[layer] = Region(data.draw(spans(height)), data.draw(spans(width)))
    field = flow.field(size, wanted)
    found = flow.features(image[(..., *field.picture.slices)], field)
    assert set(found) == {layer for layer, region in wanted.items() if region.area}
    for layer, part in found.items():
        scale = whole[layer].abs().max()
        assert (part - whole[layer][(..., *wanted[layer].slices)]).abs().max() <= EXACT * scale


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_a_part_is_what_it_is_in_the_whole(data: st.DataObject) -> None:
    built = network(data.draw(st.sampled_from(sorted(networks.NETWORKS))))
    layers = data.draw(st.lists(st.sampled_from(built.layers), min_size=1, max_size=3, unique=True))
    size = data.draw(st.tuples(st.integers(80, 140), st.integers(80, 140)))
    check(built, tuple(layers), size, data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_kind_of_pooling_keeps_its_border(data: st.DataObject) -> None:
    kernel = data.draw(st.integers(1, 4))
    options = {
        "kernel_size": kernel,
        "stride": data.draw(st.integers(1, 3)),
        "padding": data.draw(st.integers(0, kernel // 2)),
        "ceil_mode": data.draw(st.booleans()),
    }
    if data.draw(st.booleans()):
        pool: nn.Module = nn.MaxPool2d(**options)
    else:
        pool = nn.AvgPool2d(**options, count_include_pad=data.draw(st.booleans()))
    size = data.draw(st.tuples(st.integers(6, 25), st.integers(6, 25)))
    last = nn.Conv2d(4, 3, (1, 3), stride=(2, 1), padding=(0, 1), dilation=(1, 1))
    check(small(pool, nn.ReLU(), last), ("top",), size, data)


@pytest.mark.parametrize(
    ("name", "layer", "pixels"),
    [
        ("vgg16", "conv1_2", 5),  # 1 + 2·2
        ("vgg16", "conv3_1", 24),
        ("vgg16", "conv4_3", 92),
        ("vgg16", "conv5_3", 196),
        ("googlenet", "conv1", 7),
        ("googlenet", "conv3", 19),  # 7, then a pool of 3 at stride 2, then 3 at stride 4
    ],
)
def test_receptive_fields_are_known(name: str, layer: str, pixels: int) -> None:
    assert Flow(network(name), [layer]).receptive_field(layer) == (pixels, pixels)


def test_a_position_needs_its_receptive_field_and_nothing_else() -> None:
    flow = Flow(network("vgg16"), ["conv2_1"])
    middle = {"conv2_1": Region(Span(20, 21), Span(30, 32))}
    # Position 20 reads 19..21 after the pool: 38..43 before it, and one more each way twice.
    assert flow.field((100, 100), middle).picture == Region(Span(36, 46), Span(56, 68))
    corner = {"conv2_1": Region(Span(0, 1), Span(49, 50))}
    assert flow.field((100, 100), corner).picture == Region(Span(0, 6), Span(94, 100))


def test_gradients_flow_back_to_the_part() -> None:
    built = small(nn.MaxPool2d(2))
    image = 255 * torch.rand(1, 3, 12, 12, dtype=torch.float64)
    free = image.clone().requires_grad_()
    (whole,) = torch.autograd.grad(built(free)[..., 2:4, 1:5].square().sum(), free)
    flow = Flow(built, ["top"])
    field = flow.field((12, 12), {"top": Region(Span(2, 4), Span(1, 5))})
    part = image[(..., *field.picture.slices)].clone().requires_grad_()
    (own,) = torch.autograd.grad(flow.features(part, field)["top"].square().sum(), part)
    assert own.allclose(whole[(..., *field.picture.slices)], rtol=1e-12)
    assert whole.count_nonzero() == own.count_nonzero()


def test_what_has_no_window_is_named() -> None:
    with pytest.raises(NetworkError, match=r"Upsample.*can't be computed in parts"):
        Flow(small(nn.Upsample(scale_factor=2)), ["top"])
    with pytest.raises(NetworkError, match=r"Conv2d.*reflect.*can't be computed in parts"):
        Flow(small(nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect")), ["top"])
    with pytest.raises(NetworkError, match="not to conv4_1"):
        Flow(small(), ["conv4_1"])
