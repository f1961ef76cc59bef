"""Where values are laid out anew: behind pools that all goes through, and nothing is lost by it."""

from __future__ import annotations

import pytest
import torch

from renderer import networks
from renderer.networks.flow import Flow
from renderer.networks.joints import Joints
from renderer.networks.mosaic import Mosaic
from renderer.networks.sections import moved

ONE = (slice(None), slice(None))


def joints(name: str, layer: str) -> Joints:
    torch.manual_seed(0)
    entry = networks.entry(name)
    return Joints(Flow(networks.build(entry, layer), [layer]))


def strides(each: Joints | None) -> list[int]:
    """The positions of each canvas in a row, in px of the picture."""
    found = [1]
    while each is not None and each.then is not None:
        found.append(found[-1] * each.strides[-1][0])
        each = each.then
    return found


@pytest.mark.parametrize(
    ("name", "layer", "expected"),
    [
        ("googlenet", "inception4c", [1, 8, 16]),  # the first pool is read by no wide window
        ("googlenet", "conv3", [1]),
        ("vgg16", "conv3_1", [1, 2, 4]),
    ],
)
def test_values_are_laid_out_anew_behind_pools_that_windows_read(
    name: str, layer: str, expected: list[int]
) -> None:
    assert strides(joints(name, layer)) == expected


def test_tiles_lie_closer_before_a_pool_than_behind_it() -> None:
    # conv1_1 and conv1_2 pad one px each, at stride 1; conv2_1 one position of two px.
    mosaic = Mosaic.of(joints("vgg16", "conv2_1"), [(10, [8, 6])])
    assert [place.columns.start for place in mosaic.places] == [0, 10]
    then = mosaic.then
    assert then is not None
    assert [place.columns.start for place in then.places] == [0, 5]
    assert [place.columns.length for place in then.places] == [4, 3]
    assert mosaic.moves[1] == ((..., slice(0, 5), slice(5, 8)), (..., slice(0, 5), slice(5, 8)))


def test_what_is_moved_is_moved_back() -> None:
    value = torch.arange(6.0).view(1, 1, 1, 6).requires_grad_()
    ways = [
        ((*ONE, slice(0, 1), slice(a, b)), (*ONE, slice(0, 1), slice(c, d)))
        for a, b, c, d in ((0, 2, 1, 3), (4, 6, 5, 7))
    ]
    found = moved(value, ways, (1, 8))
    assert found.flatten().tolist() == [0, 0, 1, 0, 0, 4, 5, 0]
    (slope,) = torch.autograd.grad(found, value, torch.arange(8.0).view(1, 1, 1, 8))
    assert slope.flatten().tolist() == [1, 2, 0, 0, 5, 6]
