"""How do dreams and styles of the network look? Contact sheets beside what one compares with.

``layers``: every layer's dream of every picture, by the shipped weights, by random ones, and by
another file of the same family; ``classes``: a dream towards every class; ``styles``: style
transfers beside other networks. All with the registry's defaults, so that they show what users get.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import nn

from renderer import images, networks, weights
from renderer.dream import dream
from renderer.images import Picture
from renderer.networks import Network
from renderer.networks.googlenet import Inception
from renderer.networks.motifs import LAYERS, PREPROCESSING, classes
from renderer.networks.motifs import stages as shipped_stages
from renderer.networks.stages import chain
from renderer.settings import DreamSettings, SheetSettings, StyleSettings, resolve
from renderer.sheets import sheet
from renderer.style import transfer

Cell = tuple[str, Callable[[], Picture]]
COMPARED = {"vgg19": "conv3_1", "googlenet": "inception4a"}
KINDS = ("layers", "classes", "styles")
FEW, LARGE_PX, SMALL_PX = 40, 224, 144  # how large thumbnails are


def make(options: Namespace) -> None:
    """Write the sheets that the command line asks for into its folder."""
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = [(path.stem, images.decode(path.read_bytes())) for path in options.pictures]
    small = [(name, images.fit(picture, options.size)) for name, picture in pictures]
    if "layers" in options.which:
        _write(options.out / "motifs-layers", list(layer_cells(small, options.beside)), len(LAYERS))
    if "classes" in options.which:
        _write(options.out / "motifs-classes", list(class_cells(options.size)), 12)
    if "styles" in options.which:
        styles = [images.decode(path.read_bytes()) for path in options.styles]
        cells = list(style_cells(small, styles, options.weights))
        _write(options.out / "motifs-styles", cells, len(cells) // len(styles))


def layer_cells(pictures: Sequence[tuple[str, Picture]], beside: Path | None) -> Iterator[Cell]:
    """Every layer's dream of every picture: shipped weights, random ones, another file's."""
    compared = [("shipped", shipped()), ("random", random())]
    if beside is not None:
        compared.append((beside.stem, of_family(beside)))
    for name, picture in pictures:
        for kind, network in compared:
            for layer in LAYERS:
                if layer in network.layers:
                    label = f"{name}, {kind}, {layer}"
                    yield label, _dreamer(network, picture, layer=layer)
                else:  # the picture itself keeps the columns in line
                    yield f"{kind} has no {layer}", lambda picture=picture: picture  # type: ignore[misc]


def class_cells(size: int) -> Iterator[Cell]:
    """A dream towards every class, from grey with a little noise."""
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(5))
    grey = Picture(128 + 10 * noise)
    network = shipped("classes")
    for name in classes():
        yield name, _dreamer(network, grey, layer="classes", classes=(name,))


def style_cells(
    contents: Sequence[tuple[str, Picture]], styles: Sequence[Picture], weights_dir: Path | None
) -> Iterator[Cell]:
    """The n-th picture in the n-th style: by ours, then by the networks compared with."""
    compared = {"motifs": "inception5b", **(COMPARED if weights_dir else {})}
    for (name, content), style in zip(contents, styles, strict=False):
        yield name, lambda content=content: content  # type: ignore[misc]
        yield "style", lambda style=style: style  # type: ignore[misc]
        for other, until in compared.items():
            yield f"{name}, {other}", _styler(other, until, content, style, weights_dir)


def shipped(until: str = LAYERS[-1]) -> Network:
    """The shipped network."""
    return networks.load(networks.entry("motifs"), until, weights.resolve("motifs", until))


def random() -> Network:
    """The same network untrained."""
    torch.manual_seed(0)
    return networks.build(networks.entry("motifs"), LAYERS[-1])


def of_family(path: Path) -> Network:
    """A network with our layers' names, or some of them, and the widths of its own tensors."""
    tensors = {name: values.astype(np.float32) for name, values in load_file(path).items()}
    found: dict[str, nn.Module] = {}
    for name, make_stage in shipped_stages():
        if not any(key.startswith(f"{name}.") for key in tensors):
            continue
        stage = _with_widths(name, make_stage(), tensors)
        own = {key: torch.from_numpy(tensors[key]) for key in stage.state_dict()}
        stage.load_state_dict(own)
        found[name] = stage
    return Network("motifs", found, PREPROCESSING)


def _with_widths(name: str, stage: nn.Module, tensors: dict[str, np.ndarray]) -> nn.Module:
    """The stage with its convolutions made anew in the tensors' sizes."""
    modules: list[tuple[str, nn.Module]] = []
    for key, module in stage.named_children():
        if isinstance(module, Inception):
            shapes = [tensors[f"{name}.{part}.weight"].shape for part in _PARTS]
            modules.append((key, Inception(shapes[0][1], *(shape[0] for shape in shapes))))
        elif isinstance(module, nn.Conv2d):
            outputs, inputs = tensors[f"{name}.weight"].shape[:2]
            kernel, stride, padding = module.kernel_size, module.stride, module.padding
            modules.append((key, nn.Conv2d(inputs, outputs, kernel, stride, padding)))  # type: ignore[arg-type]
        else:
            modules.append((key, module))
    return chain(*modules)


_PARTS = ("branch1", "branch2.0", "branch2.2", "branch3.0", "branch3.2", "branch4.1")


def _dreamer(network: Network, picture: Picture, **given: object) -> Callable[[], Picture]:
    defaults = networks.entry("motifs").dream
    settings = resolve(DreamSettings, defaults, {"network": "motifs", **given})
    return lambda: Picture(dream(picture.pixels, network, settings, seed=1).clamp(0, 255))


def _styler(
    name: str, until: str, content: Picture, style: Picture, weights_dir: Path | None
) -> Callable[[], Picture]:
    entry = networks.entry(name)
    given = {"network": name}
    if name == "vgg19":  # only this much of it is commonly at hand
        given |= {"style_layers": ("conv1_1..conv3_1",), "content_layers": ("conv3_1",)}  # type: ignore[dict-item]
    settings = resolve(StyleSettings, entry.style, given)

    def run() -> Picture:
        found = weights.resolve(name, until, weights_dir=weights_dir)
        network = networks.load(entry, until, found)
        painting = images.shrink(style, settings.style_max_size or max(style.size))
        return Picture(transfer(content.pixels, [painting.pixels], network, settings, seed=1))

    return run


def _write(path: Path, cells: list[Cell], columns: int) -> None:
    side = LARGE_PX if len(cells) < FEW else SMALL_PX
    made = sheet(cells, SheetSettings(columns=columns, thumbnail=side))
    path.with_suffix(".jpg").write_bytes(images.encode(made, format="jpeg", quality=85))
