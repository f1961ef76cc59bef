"""How do a frozen convolution's kernels keep the order that a CPU's library wants them in?

The library (oneDNN) puts kernels into an order of its own before it multiplies, in every call; on a
small canvas that takes up to half as long as the multiplication. Which order depends on the size of
the image, so kernels are put in order for one size, and kept while images of that size follow each
other, as they do from step to step. The values have the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

POSITIONS = 4096
"""Images of more gain nothing that would be worth the memory of other kernels."""


@dataclass(frozen=True)
class _Known:
    """Kernels in order for a size, if they are; ``again`` is whether it has followed itself."""

    size: Hashable = None
    kernels: Tensor | None = None
    again: bool = True


class Packed:
    """The kernels, (O, I, h, w), of a convolution without dilation or groups.

    ``make`` gives them as they are; what it makes is not kept beside kernels in order.
    """

    def __init__(self, make: Callable[[], Tensor]) -> None:
        self._make = make
        self._plain: Tensor | None = None
        self._known = _Known()

    @property
    def weight(self) -> Tensor:
        """The kernels as they are."""
        if self._plain is None:
            self._plain = self._make()
        return self._plain

    def convolved(
        self, image: Tensor, bias: Tensor | None, padding: Sequence[int], stride: Sequence[int]
    ) -> Tensor:
        """``torch.mkldnn_convolution`` of an image, (N, I, H, W)."""
        kernels = self._ordered(image, padding, stride) if _worth_while(image) else None
        if kernels is None:
            return torch.mkldnn_convolution(image, self.weight, bias, padding, stride, (1, 1), 1)
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            image, kernels, bias, padding, stride, (1, 1), 1, "none", [], ""
        )
        return found

    def _ordered(
        self, image: Tensor, padding: Sequence[int], stride: Sequence[int]
    ) -> Tensor | None:
        """The kernels in the library's order, unless sizes take turns: that would be in vain."""
        known, size = self._known, (image.shape, tuple(padding), tuple(stride))
        again = known.size == size
        kernels = known.kernels if again else None
        if kernels is None and (again or known.again):
            kernels = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight, padding, stride, (1, 1), 1, image.shape
            )
            self._plain = None
        if not (again and known.again):
            self._known = _Known(size, kernels, again)
        return kernels


def _worth_while(image: Tensor) -> bool:
    """Whether an image is small, and lies as it would be returned."""
    small = image.shape[0] * image.shape[2] * image.shape[3] <= POSITIONS
    return small and image.is_contiguous(memory_format=torch.channels_last)
