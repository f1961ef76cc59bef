"""Products of features: what a person computes, whatever strips they are read in."""

from __future__ import annotations

import pytest
import torch

from renderer import products
from renderer.products import NARROW, add_grams_slope, add_squares_slope, grams_of, product, strips

ACTIVE = torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]]).view(1, 2, 3, 1)


@pytest.fixture(params=[1, 2**20])
def strip_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "STRIP_BYTES", request.param)


@pytest.mark.usefixtures("strip_bytes")
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_sums_and_slopes_are_of_all_pictures_and_strips(
    layout: torch.memory_format, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if together:  # as on a GPU
        monkeypatch.setattr(products, "_in_strips", lambda activation: False)
    active = torch.cat([ACTIVE, 2 * ACTIVE]).contiguous(memory_format=layout)
    grams = torch.tensor([[14, 10], [10, 17]])
    assert torch.equal(grams_of(active), torch.stack([grams, 4 * grams]).float())
    assert torch.equal(grams_of(active[:1])[0], grams.float())
    assert products.squares_of(active, torch.ones_like(active)).tolist() == [19, 1 + 9 + 25 + 59]
    into = torch.full_like(active, 100)
    slope = torch.tensor([[1.0, 1.0], [0.0, 0.0]])  # twice a1² + a1 a2
    add_grams_slope(into, active, torch.stack([slope, 10 * slope]))
    assert into[0].flatten().tolist() == [102, 103, 110, 101, 102, 103]
    assert into[1].flatten().tolist() == [140, 160, 300, 120, 140, 160]
    into = torch.full_like(active, 100)
    add_squares_slope(into, active, torch.ones_like(active), torch.tensor([0.5, 1.0]))
    assert into[0].flatten().tolist() == [100, 101, 102, 99, 98, 103]
    assert into[1].flatten().tolist() == [102, 106, 110, 98, 94, 114]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_part_takes_its_slope_where_it_lies(
    layout: torch.memory_format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "_in_strips", lambda activation: False)
    active = torch.rand(2, 3, 6, 5).contiguous(memory_format=layout)
    into, slopes = torch.zeros_like(active), torch.rand(2, 3, 3)
    part = (..., slice(1, 4), slice(2, 5))
    add_grams_slope(into[part], active[part], slopes)
    wanted = torch.zeros_like(into)
    wanted[part] = torch.einsum("ndc,nchw->ndhw", slopes + slopes.mT, active[part])
    assert torch.allclose(into, wanted, atol=1e-6)


def test_strips_are_rows_that_a_cache_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "STRIP_BYTES", 2 * 4 * 5 * 3)  # three rows of 5 positions
    rows = [torch.arange(8)[rows].tolist() for rows in strips(torch.zeros(1, 2, 8, 5))]
    assert rows == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_a_product_of_what_is_computed_by_hand() -> None:
    a = torch.tensor([[1.0, 2.0]]).expand(NARROW, 2).contiguous()
    assert product(a, torch.tensor([[3.0, 4.0], [5.0, 6.0]])).unique(dim=0).tolist() == [[11, 17]]
