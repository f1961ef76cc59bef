"""A worker on a second device renders what one on the first does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from cluster import worker
from cluster.records import Done, Order, Pace, Record, Style
from cluster.worker import Renderer
from renderer import images
from renderer.aims import Aim, Region
from renderer.events import Checkpoint
from renderer.settings import StyleSettings
from tests.cluster.conftest import NETWORK, picture
from tests.renderer import elsewhere

STYLE = StyleSettings(
    network=NETWORK, content_layers=("conv1",), style_layers=("conv1", "conv2"), iterations=4
)


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second device, with as much memory as the first."""
    budgets = worker.budgets

    def with_it(device: torch.device, **how: Any) -> dict[str, float]:
        found = budgets(device, **how)
        return {**found, elsewhere.NAME: found["cpu"]}

    monkeypatch.setattr(worker, "budgets", with_it)


@pytest.fixture
def styled(order: Order) -> Order:
    brush = Style("brush.png", 0, picture(size=30, seed=3))
    return replace(order, settings=STYLE, styles=(brush,))


def check(order: Order) -> list[Record]:
    """Renders on both; returns what is told elsewhere."""
    here = list(Renderer().render(order))[-1]
    with elsewhere.watched():
        told = list(Renderer(device=elsewhere.NAME).render(order))
    there = told[-1]
    assert isinstance(here, Done)
    assert isinstance(there, Done), there
    ours, wanted = (images.decode(one.frame).pixels for one in (there, here))
    assert (ours - wanted).abs().max() <= 2  # levels: float32's rounding, of both
    return told


def test_a_dream(order: Order) -> None:
    check(order)


def test_a_dream_towards_a_guide(order: Order) -> None:
    guide = Style("guide.png", 0, picture(size=24, seed=5))
    aims = (Aim(layer="conv1", guide=0), Aim(layer="conv2", channels=(1,), weight=0.5))
    settings = replace(order.settings, regions=(Region(aims=aims),))
    check(replace(order, settings=settings, pictures=(guide,)))


@pytest.mark.parametrize("tile_px", [None, 20])
def test_a_style(tile_px: int | None, styled: Order) -> None:
    check(replace(styled, tile_px=tile_px))


def test_what_goes_on_from_a_checkpoint(styled: Order) -> None:
    settings = replace(STYLE, optimizer="lbfgs", min_scale=24)
    order = replace(styled, settings=settings, pace=Pace(every=1))
    states = [record for record in check(order) if isinstance(record, Checkpoint)]
    check(replace(order, resume=states[-1]))
