"""Kernels in the library's order: the same bytes, and put in order only where it pays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from renderer.networks.convolution import in_library
from renderer.networks.packed import POSITIONS, Packed

SMALL, OTHER, LARGE = (9, 14), (12, 7), (64, POSITIONS // 64 + 1)

pytestmark = pytest.mark.skipif(not in_library(torch.zeros(1)), reason="torch without oneDNN")


def image(size: tuple[int, int], dtype: torch.dtype = torch.float32) -> Tensor:
    drawn = torch.randn(1, 24, *size, generator=torch.Generator().manual_seed(0))
    return drawn.to(dtype).contiguous(memory_format=torch.channels_last)


def kernels() -> Tensor:
    drawn = torch.randn(40, 24, 3, 3, generator=torch.Generator().manual_seed(1))
    return drawn.contiguous(memory_format=torch.channels_last)


class ordering(TorchFunctionMode):
    """Counts how often kernels are put in order."""

    count = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.count += "_reorder_convolution_weight" in str(function)
        return function(*args, **(kwargs or {}))


@pytest.fixture
def ordered() -> Iterator[ordering]:
    with ordering() as mode:
        yield mode


@pytest.mark.parametrize("stride", [1, 2])
def test_the_values_have_the_bytes_of_the_unordered_ones(stride: int, ordered: ordering) -> None:
    packed, bias, steps = Packed(kernels), torch.arange(40.0), (stride, stride)
    for size in (SMALL, SMALL, OTHER, SMALL, LARGE, SMALL):
        wanted = torch.mkldnn_convolution(image(size), kernels(), bias, (1, 1), steps, (1, 1), 1)
        found = packed.convolved(image(size), bias, (1, 1), steps)
        assert torch.equal(found, wanted)
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert ordered.count


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ([SMALL] * 5, 1),
        ([SMALL] * 3 + [OTHER] * 3, 2),
        ([SMALL, OTHER] * 5, 1),
        ([LARGE] * 5, 0),
    ],
)
def test_kernels_are_put_in_order_once_a_size_but_not_for_sizes_in_turn(
    sizes: list[tuple[int, int]], count: int, ordered: ordering
) -> None:
    packed = Packed(kernels)
    for size in sizes:
        packed.convolved(image(size), None, (1, 1), (1, 1))
    assert ordered.count == count


def test_an_image_that_lies_otherwise_is_answered_as_the_kernels_lie() -> None:
    packed, plain = Packed(kernels), image(SMALL).contiguous()
    for _ in range(2):
        found = packed.convolved(plain, None, (1, 1), (1, 1))
        assert found.is_contiguous(memory_format=torch.channels_last)
