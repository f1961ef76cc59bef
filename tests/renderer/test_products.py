"""Products of features: what a person computes, whatever strips they are read in."""

from __future__ import annotations

import pytest
import torch

from renderer import products
from renderer.products import NARROW, add_gram_slope, add_squares_slope, gram_of, product, strips

ACTIVE = torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]]).view(1, 2, 3, 1)


@pytest.fixture(params=[1, 2**20])
def strip_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "STRIP_BYTES", request.param)


@pytest.mark.usefixtures("strip_bytes")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_sums_and_slopes_are_of_all_strips(layout: torch.memory_format) -> None:
    active = ACTIVE.contiguous(memory_format=layout)
    assert gram_of(active).tolist() == [[14, 10], [10, 17]]
    assert products.squares_of(active, torch.ones_like(active)) == 0 + 1 + 4 + 1 + 4 + 9
    into = torch.full_like(active, 100)
    add_gram_slope(into, active, torch.tensor([[1.0, 1.0], [0.0, 0.0]]))  # twice a1² + a1 a2
    assert into.flatten(1).tolist() == [[102, 103, 110, 101, 102, 103]]
    add_squares_slope(into, active, torch.ones_like(active), torch.tensor(0.5))
    assert into.flatten(1).tolist() == [[102, 104, 112, 100, 100, 106]]


def test_strips_are_rows_that_a_cache_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "STRIP_BYTES", 2 * 4 * 5 * 3)  # three rows of 5 positions
    rows = [torch.arange(8)[rows].tolist() for rows in strips(torch.zeros(1, 2, 8, 5))]
    assert rows == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_a_product_of_what_is_computed_by_hand() -> None:
    a = torch.tensor([[1.0, 2.0]]).expand(NARROW, 2).contiguous()
    assert product(a, torch.tensor([[3.0, 4.0], [5.0, 6.0]])).unique(dim=0).tolist() == [[11, 17]]
