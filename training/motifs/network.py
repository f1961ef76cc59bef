"""The trainable twin of the shipped network, and how it is folded into it.

The twin has batch norm behind every convolution, the classifier at every position (one cell per
STRIDE_PX pixels), and an auxiliary classifier half way up (Szegedy et al. 2015, section 5).
Folding merges each batch norm, the input's scale and nothing else into the convolutions: what is
left is convolution, bias, ReLU and max pooling. The ground is no class of the shipped network: its
score is fixed at zero, so that a class's score is its log-odds against the ground, and dreaming
towards a class raises just these.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import fuse_conv_bn_eval

from renderer.networks.motifs import LAYERS, MODULES, POOLED, TOP, convolution

SCALE = 1 / 60  # about one over the standard deviation of the scenes' pixels
STRIDE_PX = 16
AUXILIARY_LAYER = "inception4b"


class Trunk(nn.Module):
    """The layers conv1 to inception5b; the modules are named as the shipped tensors are."""

    def __init__(self) -> None:
        super().__init__()
        for name in LAYERS:
            self.add_module(name, convolution(name))

    def forward(self, pictures: Tensor, until: str = LAYERS[-1]) -> dict[str, Tensor]:
        """Activations after the ReLU at every layer up to ``until``."""
        found, x = {}, pictures
        for name, module in self.named_children():
            if name in POOLED:
                x = functional.max_pool2d(x, 3, stride=2, padding=1)
            x = module(x)
            found[name] = x = x if name in MODULES else torch.relu(x)
            if name == until:
                break
        return found


class Twin(nn.Module):
    """Trunk, classifier and auxiliary classifier, with batch norm."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk = Trunk()
        _put_norms(self.trunk)
        self.fc = nn.Conv2d(TOP, classes, 1)
        self.auxiliary = nn.Conv2d(outputs(AUXILIARY_LAYER), classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for head in (self.fc, self.auxiliary):  # begin with "nothing here" everywhere
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.get_parameter("bias"), -3.0)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, classes + 1, cells, cells), the ground's last, and the auxiliary ones."""
        found = self.trunk(pictures)
        top = functional.dropout2d(found["inception5b"], 0.1, self.training)
        return _with_ground(self.fc(top)), _with_ground(self.auxiliary(found[AUXILIARY_LAYER]))


class Plain(nn.Module):
    """The shipped network: trunk and classifier, for RGB 0..255 minus MEAN."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.fc = nn.Conv2d(TOP, classes, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Class scores (n, classes, cells, cells)."""
        scores: Tensor = self.fc(self.trunk(pictures)["inception5b"])
        return scores


def fold(twin: Twin) -> Plain:
    """The plain network that computes what the twin computes in evaluation mode."""
    plain = Plain(twin.fc.out_channels)
    trunk = copy.deepcopy(twin.trunk).eval()
    _fold_norms(trunk)
    plain.trunk.load_state_dict(trunk.state_dict())
    plain.fc.load_state_dict(twin.fc.state_dict())
    with torch.no_grad():
        plain.trunk.get_parameter("conv1.weight").mul_(SCALE)
    return plain.eval()


def outputs(layer: str) -> int:
    """Number of channels of an Inception layer."""
    _, b1, _, b2, _, b3, pool = MODULES[layer]
    return b1 + b2 + b3 + pool


def _with_ground(scores: Tensor) -> Tensor:
    return functional.pad(scores, (0, 0, 0, 0, 0, 1))


def _put_norms(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            child.register_parameter("bias", None)
            setattr(module, name, nn.Sequential(child, nn.BatchNorm2d(child.out_channels)))
        else:
            _put_norms(child)


def _fold_norms(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Sequential) and isinstance(child[-1], nn.BatchNorm2d):
            convolution, norm = child
            assert isinstance(convolution, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            setattr(module, name, fuse_conv_bn_eval(convolution, norm))
        else:
            _fold_norms(child)
