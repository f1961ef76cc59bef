"""What is run as one gives what it gives one by one, forth and back, in fewer calls."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from renderer import networks
from renderer.networks.convolution import Kernels, in_library
from renderer.networks.flow import Flow
from renderer.networks.merging import Siblings, rectified_join
from renderer.networks.network import Network
from renderer.spans import Region, Span

pytestmark = pytest.mark.skipif(not in_library(torch.zeros(1)), reason="torch without oneDNN")

LAYER = "inception3a"


class calls(TorchFunctionMode):
    """Counts the convolutions and the ReLUs that are asked for by themselves."""

    convolutions = rectifiers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = getattr(function, "__name__", str(function))
        self.convolutions += "convolution" in name and "reorder" not in name
        self.rectifiers += "relu" in name
        return function(*args, **(kwargs or {}))


def channels_last(*shape: int) -> Tensor:
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return drawn.contiguous(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry("motifs"), LAYER)


def slope_of(features: Tensor, image: Tensor) -> Tensor:
    (slope,) = torch.autograd.grad(features.square().mean(), image)
    return slope


def test_an_inception_module_takes_four_convolutions_and_joins_rectified(network: Network) -> None:
    image = (100 * channels_last(1, 3, 40, 52)).requires_grad_()
    wanted = network.features(image, [LAYER])[LAYER]
    expected = slope_of(wanted, image)
    flow = Flow(network, [LAYER])
    field = flow.field((40, 52), {LAYER: Region.whole(flow.size(LAYER, (40, 52)))})
    with calls() as seen:
        found = flow.features(image, field)[LAYER]
    assert seen.convolutions == 3 + 4  # of the stem, and a module's: 1 x 1, 3 x 3, 5 x 5, pooled
    assert seen.rectifiers == 3 + 2  # of the stem, and of the module's two reductions
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert torch.allclose(slope_of(found, image), expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("layer", ["conv1", LAYER])
def test_what_is_no_number_stays_none(network: Network, layer: str) -> None:
    image = torch.full((1, 3, 40, 52), torch.nan)
    flow = Flow(network, [layer])
    field = flow.field((40, 52), {layer: Region.whole(flow.size(layer, (40, 52)))})
    assert flow.features(image, field)[layer].isnan().all()


def test_a_part_of_which_branches_need_more_than_others_is_the_wholes(network: Network) -> None:
    image = 100 * channels_last(1, 3, 64, 64)
    whole = network.features(image, [LAYER])[LAYER]
    flow, region = Flow(network, [LAYER]), Region(Span(3, 5), Span(2, 6))
    field = flow.field((64, 64), {LAYER: region})
    found = flow.features(image[(..., *field.picture.slices)], field)[LAYER]
    assert torch.allclose(found, whole[(..., *region.slices)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_siblings_are_each_as_if_alone(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    convs = [nn.Conv2d(12, width, 1).requires_grad_(False).to(dtype) for width in (5, 8, 3)]
    one = nn.Conv2d(12, 16, 1).requires_grad_(False).to(dtype)
    one.weight.copy_(torch.cat([conv.weight for conv in convs]))
    assert one.bias is not None
    one.bias.copy_(torch.cat([conv.bias for conv in convs if conv.bias is not None]))
    them = Siblings((1, 2, 3), Kernels(one), (5, 8, 3))
    image = channels_last(2, 12, 6, 7).to(dtype).requires_grad_()
    found = them.run(image, (False, True, False))
    wanted = [conv(image) for conv in convs]
    wanted[1] = wanted[1].relu()
    for ours, alone in zip(found, wanted, strict=True):
        assert torch.allclose(ours, alone, rtol=1e-2 if dtype == torch.bfloat16 else 1e-5)
    slopes = [torch.ones_like(each) for each in wanted]
    (expected,) = torch.autograd.grad(wanted, image, slopes)
    (slope,) = torch.autograd.grad(found, image, slopes)
    assert torch.allclose(slope, expected, atol=3e-2 if dtype == torch.bfloat16 else 1e-5)


def test_no_gradient_passes_where_a_result_is_overwritten_with_zeros() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(4, 20, 1).requires_grad_(False)
    image = channels_last(1, 4, 6, 5).requires_grad_()
    found = rectified_join([conv(image), conv(image)])
    with torch.no_grad():
        found[:, :, 2:] = 0
    (slope,) = torch.autograd.grad(found.sum(), image)
    assert bool(slope[:, :, :2].any())
    assert not slope[:, :, 2:].any()
