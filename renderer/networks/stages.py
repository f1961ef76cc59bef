"""Which modules do several networks share, and how are a stage's parameters named?

A stage is a chain of modules that ends in a named layer. A parameter's name *within its stage* is
its canonical name, the one it has in weight files; ``chain`` therefore takes dotted names and nests
``nn.Sequential``s accordingly. The modules stay plain (Conv2d, ReLU, MaxPool2d, ...), so that
strides and receptive fields can be read from them.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from renderer.networks.entries import StageMaker

CLASSES = "classes"


def chain(*modules: tuple[str, nn.Module]) -> nn.Sequential:
    """The modules in a row; a name like "features.0" makes nested Sequentials of that name."""
    outer = nn.Sequential()
    for name, module in modules:
        *groups, last = name.split(".")
        inner = outer
        for group in groups:
            if group not in inner._modules:
                inner.add_module(group, nn.Sequential())
            nested = inner.get_submodule(group)
            assert isinstance(nested, nn.Sequential)
            inner = nested
        inner.add_module(last, module)
    return outer


class ClassMap(nn.Linear):
    """A classifier's last linear layer, applied at every position: (N, C, H, W) -> (N, K, H, W).

    It equals a 1x1 convolution. Its mean over the positions is the linear layer of the
    average-pooled activations, the scores (before the softmax) that the network was trained to
    give; so pictures of any size have classes.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight[:, :, None, None], self.bias)


class SamePadding(nn.Module):
    """TensorFlow's "SAME" padding for the window that follows: ceil(n / stride) outputs.

    The padding depends on the size and, where it is odd, the larger half goes to the right and to
    the bottom; so at stride 2 it is not what a convolution's own ``padding`` can do.
    """

    def __init__(self, kernel: int, stride: int, *, value: float = 0.0) -> None:
        super().__init__()
        self.kernel, self.stride, self.value = kernel, stride, value

    def forward(self, input: Tensor) -> Tensor:
        top, bottom = self.sides(input.shape[-2])
        left, right = self.sides(input.shape[-1])
        return F.pad(input, (left, right, top, bottom), value=self.value)

    def sides(self, length: int) -> tuple[int, int]:
        """The padding before and after an axis of ``length``."""
        windows = -(-length // self.stride)
        total = max(0, (windows - 1) * self.stride + self.kernel - length)
        return total // 2, total - total // 2


def class_map(inputs: int, classes: int) -> tuple[str, StageMaker]:
    """The stage of a classifier whose weights are called ``fc``."""
    return CLASSES, lambda: chain(("fc", ClassMap(inputs, classes)))
