"""A comparison's slopes are those of the report's losses, as autograd finds them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from renderer import networks
from renderer.comparison import CONTENT, GRAM, VARIATION, Comparison
from renderer.losses import LOSS_GUARD
from renderer.networks.flow import Flow
from renderer.settings import StyleSettings

SIZE = (12, 20)
LAYERS = {"conv1_1": 64, "conv2_1": 128}
CONTENTS = ("conv1_1", "conv2_1")
WEIGHTS = {"weight_content": 1.5, "weight_style": 10.0, "weight_denoise": 0.3}


@pytest.fixture
def flow() -> Flow:
    return Flow(networks.build(networks.entry("vgg16"), "conv2_1"), LAYERS)


def comparison(flow: Flow, gram: str) -> Comparison:
    settings = StyleSettings(network="vgg16", gram=gram, **WEIGHTS)
    grams = {name: drawn(side, side, seed=side) for name, side in LAYERS.items()}
    return Comparison(flow, SIZE, settings, grams, contents={}, content_layers=CONTENTS)


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=torch.manual_seed(seed))


def totals(seed: int) -> dict[str, Tensor]:
    grams = {GRAM + name: drawn(side, side, seed=seed + side) for name, side in LAYERS.items()}
    scalars = [*(CONTENT + name for name in CONTENTS), VARIATION]
    return grams | {name: drawn(seed=seed + at)[()] for at, name in enumerate(scalars)}


def losses(one: Comparison, given: dict[str, Tensor], gram: str) -> dict[str, Tensor]:
    """As they are written down: means of squared differences, and means of these over layers."""
    positions = {"conv1_1": 12 * 20, "conv2_1": 6 * 10}
    content = [given[CONTENT + n] / (positions[n] * LAYERS[n]) for n in CONTENTS]
    divisor = positions if gram == "mean" else dict.fromkeys(LAYERS, 1)
    style = [(given[GRAM + n] / divisor[n] - one.grams[n]).square().mean() for n in LAYERS]
    return {"content": sum(content) / 2, "style": sum(style) / 2, "denoise": given[VARIATION]}


@pytest.mark.parametrize("gram", ["sum", "mean"])
def test_slopes_are_those_of_each_loss_over_its_value(flow: Flow, gram: str) -> None:
    one, given = comparison(flow, gram), totals(seed=1)
    slopes, told = one.slopes(given)
    free = {name: value.requires_grad_() for name, value in given.items()}
    wanted = losses(one, free, gram)
    weights = zip(WEIGHTS.values(), wanted.values(), strict=True)
    combined = sum(weight * loss / (loss.detach() + LOSS_GUARD) for weight, loss in weights)
    found = torch.autograd.grad(combined, list(free.values()))
    for name, slope in zip(free, found, strict=True):
        assert torch.allclose(slopes[name], slope, rtol=1e-12, atol=0), name
    assert {n: v.item() for n, v in told.items()} == pytest.approx(
        {n: v.item() for n, v in wanted.items()}, rel=1e-12
    )


def test_slopes_of_several_pictures_are_those_of_each(flow: Flow) -> None:
    one, each = comparison(flow, "mean"), [totals(seed=seed) for seed in (1, 2, 3)]
    together, told = one.slopes({name: torch.stack([t[name] for t in each]) for name in each[0]})
    for number, given in enumerate(each):
        slopes, losses = one.slopes(given)
        for name, slope in slopes.items():
            assert torch.allclose(together[name][number], slope, rtol=1e-12, atol=0), name
        assert {n: v[number].item() for n, v in told.items()} == pytest.approx(
            {n: v.item() for n, v in losses.items()}, rel=1e-12
        )
