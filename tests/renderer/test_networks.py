"""Networks against direct formulas in float64, against torchvision, and at their borders."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.models as tv
from PIL import Image
from torch import Tensor, nn
from torchvision.models import vgg as tv_vgg

from renderer import weights
from renderer.errors import NetworkError, WeightsError
from renderer.networks import NETWORKS, Network, Preprocessing, build, channels, entry, load
from renderer.networks.network import needed, tensors
from renderer.networks.stages import SamePadding

IMAGENET_MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
IMAGENET_STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)

# In, 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection: the paper's table 1.
TABLE = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
INCEPTION5H = {
    "4a": (480, 192, 96, 204, 16, 48, 64),
    "4b": (508, 160, 112, 224, 24, 64, 64),
    "5a": (832, 256, 160, 320, 48, 128, 128),
}
PARTS = (
    *(("branch1", 0, 1, 1), ("branch2.0", 0, 2, 1), ("branch2.2", 2, 3, 3)),
    *(("branch3.0", 0, 4, 1), ("branch3.2", 4, 5, 5), ("branch4.1", 0, 6, 1)),
)


def picture(height: int, width: int, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(1, 3, height, width, generator=generator, dtype=torch.float64)


def randomly(name: str, until: str) -> Network:
    torch.manual_seed(1)
    return build(entry(name), until).double()


def named(network: Network) -> dict[str, Tensor]:
    return {k: v for stage in network.stages.values() for k, v in tensors(stage).items()}


# --- direct formulas ---


def norm(x: Tensor, radius: int, alpha: float, beta: float, k: float) -> Tensor:
    """x / (k + alpha * sum over the 2 * radius + 1 channels around of x²) ** beta."""
    out = torch.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(0, c - radius) : c + radius + 1]
        out[:, c] = x[:, c] / (k + alpha * near.square().sum(1)) ** beta
    return out


def same(x: Tensor, kernel: int, stride: int, value: float) -> Tensor:
    pads: list[int] = []
    for n in (x.shape[3], x.shape[2]):
        total = max((math.ceil(n / stride) - 1) * stride + kernel - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


def inception(x: Tensor, p: dict[str, Tensor], module: str) -> Tensor:
    def conv(x: Tensor, part: str, pad: int = 0) -> Tensor:
        name = f"inception{module}.{part}"
        return F.relu(F.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"], padding=pad))

    return torch.cat(
        [
            conv(x, "branch1"),
            conv(conv(x, "branch2.0"), "branch2.2", 1),
            conv(conv(x, "branch3.0"), "branch3.2", 2),
            conv(F.max_pool2d(x, 3, 1, 1), "branch4.1"),
        ],
        dim=1,
    )


def googlenet_by_hand(x: Tensor, p: dict[str, Tensor]) -> dict[str, Tensor]:
    mean = torch.tensor([123.0, 117.0, 104.0], dtype=torch.float64).view(1, 3, 1, 1)
    return by_hand(
        x - mean,
        p,
        pad=lambda x: F.pad(x, (3, 3, 3, 3)),
        pool=lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
        lrn=lambda x: norm(x, 2, 1e-4 / 5, 0.75, 1.0),
    )


def inception5h_by_hand(x: Tensor, p: dict[str, Tensor]) -> dict[str, Tensor]:
    return by_hand(
        x - 117.0,
        p,
        pad=lambda x: same(x, 7, 2, 0.0),
        pool=lambda x: F.max_pool2d(same(x, 3, 2, -math.inf), 3, 2),
        lrn=lambda x: norm(x, 5, 1e-4, 0.5, 2.0),
    )


Step = Callable[[Tensor], Tensor]


def by_hand(
    x: Tensor, p: dict[str, Tensor], *, pad: Step, pool: Step, lrn: Step
) -> dict[str, Tensor]:
    found = {}
    x = found["conv1"] = F.relu(F.conv2d(pad(x), p["conv1.weight"], p["conv1.bias"], stride=2))
    x = F.conv2d(lrn(pool(x)), p["conv2.weight"], p["conv2.bias"])
    x = found["conv2"] = F.relu(x)
    x = F.relu(F.conv2d(x, p["conv3.weight"], p["conv3.bias"], padding=1))
    found["conv3"] = x
    x = pool(lrn(x))
    for module in TABLE:
        x = pool(x) if module in ("4a", "5a") else x
        x = found[f"inception{module}"] = inception(x, p, module)
    scores = F.linear(x.mean((2, 3)), p["fc.weight"], p["fc.bias"])
    return {**found, "classes": scores}


@pytest.mark.parametrize("size", [(75, 64), (64, 97)])
@pytest.mark.parametrize(
    ("name", "formula"),
    [("googlenet", googlenet_by_hand), ("inception5h", inception5h_by_hand)],
)
def test_googlenets_follow_their_formulas(
    name: str, formula: Callable[..., dict[str, Tensor]], size: tuple[int, int]
) -> None:
    network, image = randomly(name, "classes"), picture(*size)
    found = network.features(image, entry(name).layers)
    wanted = formula(image, named(network))
    assert tuple(found) == tuple(wanted) == entry(name).layers
    found["classes"] = found["classes"].mean((2, 3))
    for layer, activation in wanted.items():
        error = (found[layer] - activation).abs().max() / activation.abs().max()
        assert error < 1e-12, layer


@pytest.mark.parametrize(
    ("name", "table"), [("googlenet", TABLE), ("inception5h", {**TABLE, **INCEPTION5H})]
)
def test_googlenets_have_the_widths_of_the_table(
    name: str, table: dict[str, tuple[int, ...]]
) -> None:
    shapes = needed(entry(name), "classes")
    for module, widths in table.items():
        for part, inputs, outputs, kernel in PARTS:
            wanted = (widths[outputs], widths[inputs], kernel, kernel)
            assert shapes[f"inception{module}.{part}.weight"] == wanted
        channels_out = widths[1] + widths[3] + widths[5] + widths[6]
        assert channels(entry(name), f"inception{module}") == channels_out
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["conv3.bias"] == (192,)
    assert shapes["fc.weight"][1] == 1024


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_channels_are_counted_without_running_the_network(name: str) -> None:
    known = entry(name)
    found = build(known, known.layers[-1]).features(torch.zeros(1, 3, 96, 96), known.layers)
    counted = {layer: channels(known, layer) for layer in known.layers}
    assert counted == {layer: activation.shape[1] for layer, activation in found.items()}


@pytest.mark.parametrize("name", ["googlenet", "inception5h", "googlenet_bn"])
def test_googlenets_halve_the_picture_five_times(name: str) -> None:
    with torch.device("meta"):
        network = build(entry(name), "inception5b")
        found = network.features(torch.empty(1, 3, 224, 224), network.layers)
    sides = {layer: activation.shape[2:] for layer, activation in found.items()}
    assert sides["conv1"] == (112, 112)
    assert sides["conv2"] == sides["conv3"] == (56, 56)
    assert sides["inception3a"] == sides["inception3b"] == (28, 28)
    assert {sides[f"inception4{c}"] for c in "abcde"} == {(14, 14)}
    assert sides["inception5a"] == sides["inception5b"] == (7, 7)


@pytest.mark.parametrize(
    ("length", "kernel", "sides"),
    [(224, 7, (2, 3)), (225, 7, (3, 3)), (112, 3, (0, 1)), (113, 3, (1, 1)), (1, 3, (1, 1))],
)
def test_same_padding_puts_the_larger_half_last(
    length: int, kernel: int, sides: tuple[int, int]
) -> None:
    padding = SamePadding(kernel, 2, value=-1.0)
    assert padding.sides(length) == sides
    padded = padding(torch.zeros(1, 1, length, length))
    assert (
        padded[0, 0, :, length // 2 + sides[0]].tolist()
        == [-1.0] * sides[0] + [0.0] * length + [-1.0] * sides[1]
    )


# --- torchvision ---


def take(network: Network, reference: nn.Module) -> None:
    state = reference.state_dict()
    for name, tensor in named(network).items():
        tensor.copy_(state[name])


def close(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted).abs().max() <= 1e-12 * wanted.abs().max())


@pytest.mark.parametrize(
    ("name", "make"), [("googlenet_bn", tv.googlenet), ("inception_v3", tv.inception_v3)]
)
def test_torchvisions_inceptions_give_torchvisions_scores(
    name: str, make: Callable[..., nn.Module]
) -> None:
    # The way torchvision's weights are used: normalised, then transform_input turns it around.
    torch.manual_seed(0)
    reference = make(weights=None, init_weights=False, transform_input=True).double().eval()
    network, image = randomly(name, "classes"), picture(120, 133)
    take(network, reference)
    with torch.no_grad():
        wanted = reference((image / 255 - IMAGENET_MEAN) / IMAGENET_STD)
        assert close(network(image).mean((2, 3)), wanted)


def test_squeezenet_gives_torchvisions_scores() -> None:
    torch.manual_seed(0)
    reference = tv.squeezenet1_1(weights=None).double().eval()
    network, image = randomly("squeezenet1_1", "classes"), picture(80, 75)
    take(network, reference)
    with torch.no_grad():
        wanted = reference((image / 255 - IMAGENET_MEAN) / IMAGENET_STD)
        assert close(network(image).relu().mean((2, 3)), wanted)


@pytest.mark.parametrize(("name", "plan"), [("vgg16", "D"), ("vgg19", "E")])
def test_vggs_are_torchvisions_features(name: str, plan: str) -> None:
    features = tv_vgg.make_layers(tv_vgg.cfgs[plan]).double().eval()
    reference = nn.ModuleDict({"features": features})
    until = entry(name).layers[-1]
    network, image = randomly(name, until), picture(32, 36)
    take(network, reference)
    with torch.no_grad():
        wanted = features[:-1]((image / 255 - IMAGENET_MEAN) / IMAGENET_STD)  # but its last pool
        assert close(network(image), wanted)


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("vgg16", tv.VGG16_Weights.IMAGENET1K_V1),
        ("vgg16", tv.VGG16_Weights.IMAGENET1K_FEATURES),
        ("vgg19", tv.VGG19_Weights.IMAGENET1K_V1),
        ("googlenet_bn", tv.GoogLeNet_Weights.IMAGENET1K_V1),
        ("inception_v3", tv.Inception_V3_Weights.IMAGENET1K_V1),
        ("squeezenet1_1", tv.SqueezeNet1_1_Weights.IMAGENET1K_V1),
    ],
)
def test_torchvisions_files_are_known_by_address_and_hash(name: str, enum: tv.Weights) -> None:
    found = [source for source in entry(name).sources if source.url == enum.url]
    assert [source.file for source in found] == [enum.url.rsplit("/", 1)[1]]
    assert found[0].file.endswith(f"-{found[0].sha256}.pth")


# --- behaviour ---


def test_a_network_is_built_and_run_only_as_deep_as_needed() -> None:
    network = randomly("vgg16", "conv2_1")
    assert network.layers == ("conv1_1", "conv1_2", "conv2_1")
    network.stages["conv2_1"].register_forward_hook(lambda *_: pytest.fail("ran too deep"))
    found = network.features(picture(8, 8), ["conv1_2", "conv1_1"])
    assert list(found) == ["conv1_2", "conv1_1"]
    with pytest.raises(NetworkError, match="is built to conv2_1, not to conv2_2"):
        network.features(picture(8, 8), ["conv2_2"])


@pytest.mark.parametrize("name", ["googlenet", "googlenet_bn", "squeezenet1_1"])
def test_reading_deeper_layers_leaves_the_others_as_they_are(name: str) -> None:
    # A ReLU in place would overwrite what an earlier layer gave.
    network, image = randomly(name, entry(name).layers[6]), picture(64, 64)
    together = network.features(image, network.layers)
    for layer in network.layers:
        assert torch.equal(together[layer], network.features(image, [layer])[layer])
        assert together[layer].min() >= 0


def test_gradients_reach_the_picture_and_nothing_else() -> None:
    network, image = randomly("googlenet", "inception3a"), picture(40, 40).requires_grad_()
    network.features(image, ["inception3a"])["inception3a"].square().mean().backward()
    assert image.grad is not None
    assert image.grad.abs().max() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_picture_is_taken_to_the_networks_precision(kind: torch.dtype) -> None:
    network = randomly("squeezenet1_1", "conv1").to(kind)
    assert network(picture(16, 16).float()).dtype == kind


def test_preprocessing_subtracts_scales_and_orders() -> None:
    how = Preprocessing(mean=(1.0, 2.0, 3.0), scale=(1.0, 10.0, 100.0), order="bgr")
    network = build(entry("vgg16"), "conv1_1", preprocessing=how)
    pixel = network.prepare(torch.tensor([4.0, 5.0, 7.0]).view(1, 3, 1, 1))
    assert pixel.flatten().tolist() == [400.0, 30.0, 3.0]


def small_weights(until: str = "conv2") -> weights.Weights:
    torch.manual_seed(3)
    arrays = {
        name: torch.randn(shape).numpy()
        for name, shape in needed(entry("googlenet"), until).items()
    }
    for array in arrays.values():
        array.setflags(write=False)
    return weights.Weights("googlenet", arrays, Preprocessing((1.0, 2.0, 3.0)), "", "some file")


def test_loading_copies_and_draws_no_random_numbers() -> None:
    given = small_weights()
    torch.manual_seed(5)
    network = load(entry("googlenet"), "conv2", given, dtype=torch.float64)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    held = named(network)
    assert {name: tuple(t.shape) for name, t in held.items()} == needed(entry("googlenet"), "conv2")
    for name, tensor in held.items():
        assert np.array_equal(tensor.numpy(), given.tensors[name])
        tensor.zero_()
        assert given.tensors[name].any()
    assert network.preprocessing.mean == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_loads_whole(name: str) -> None:
    known = entry(name)
    until = known.layers[-1]
    arrays = {k: np.ones(shape, np.float32) for k, shape in needed(known, until).items()}
    given = weights.Weights(name, arrays, known.preprocessing, "", "some file")
    network = load(known, until, given, dtype=torch.float64)
    assert all(tensor.eq(1).all() for tensor in named(network).values())
    assert {tensor.dtype for tensor in named(network).values()} == {torch.float64}
    assert not any(tensor.is_meta for tensor in network.state_dict().values())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_tensor_that_is_missing_or_of_another_shape_is_named() -> None:
    with pytest.raises(WeightsError, match=r"some file has no tensor 'conv3\.weight'"):
        load(entry("googlenet"), "conv3", small_weights())
    given = small_weights()
    wrong = {**given.tensors, "conv1.weight": np.zeros((64, 3, 5, 5), np.float32)}
    with pytest.raises(WeightsError, match=r"'conv1\.weight' has the shape \(64, 3, 5, 5\), not"):
        load(
            entry("googlenet"),
            "conv2",
            weights.Weights("googlenet", wrong, given.preprocessing, "", "some file"),
        )


# --- real weights ---


@pytest.mark.weights
@pytest.mark.pictures
@pytest.mark.parametrize(("name", "least"), [("googlenet", 0.4), ("squeezenet1_1", 0.5)])
def test_real_weights_see_a_cat(
    name: str, least: float, weights_dir: Path, pictures_dir: Path
) -> None:
    known = entry(name)
    network = load(known, "classes", weights.resolve(name, "classes", weights_dir=weights_dir))
    with Image.open(pictures_dir / "chelsea.png") as opened:
        pixels = torch.from_numpy(np.asarray(opened.convert("RGB")).copy())
    with torch.no_grad():
        scores = network(pixels.permute(2, 0, 1)[None].float())
    if name == "squeezenet1_1":
        scores = scores.relu()  # as the network averages it
    shares = scores.mean((2, 3)).softmax(1)[0]
    best = [known.classes[i] for i in shares.topk(4).indices.tolist()]
    assert best[0] == "Egyptian cat"
    assert shares.max() > least
    assert set(best) <= {"Egyptian cat", "tabby", "tiger cat", "lynx"}
