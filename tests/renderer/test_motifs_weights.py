"""The shipped network: small, complete, what its card says, and usable with an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files

import pytest
import torch

from renderer import networks, weights
from renderer.networks.motifs import LAYERS, record

FOLDER = files("renderer.networks")
ENTRY = networks.entry("motifs")


def test_the_file_is_small_and_half_precision() -> None:
    from safetensors.numpy import load

    data = FOLDER.joinpath("motifs.safetensors").read_bytes()
    assert len(data) <= 3 * 2**20
    tensors = load(data)
    assert {str(values.dtype) for values in tensors.values()} == {"float16"}
    assert sum(values.size for values in tensors.values()) == record()["parameters"]


def test_digest_and_card_agree_with_the_file() -> None:
    found = weights.resolve("motifs", "classes")
    assert found.digest == record()["digest"]
    card = FOLDER.joinpath("motifs.md").read_text("utf-8")
    assert found.digest in card
    assert f"{record()['accuracy']['top1']:.1%}" in card


def test_layers_and_classes_match_the_file() -> None:
    assert ENTRY.layers == (*LAYERS, "classes")
    assert list(ENTRY.layers) == record()["layers"]
    assert len(ENTRY.classes) == len(set(ENTRY.classes)) >= 60
    network = networks.load(ENTRY, "classes", weights.resolve("motifs", "classes"))
    assert network.layers == ENTRY.layers
    picture = torch.full((1, 3, 96, 128), 120.0)
    found = network.features(picture, ENTRY.layers)
    assert found["classes"].shape == (1, len(ENTRY.classes), 6, 8)
    assert all(values.isfinite().all() for values in found.values())


@torch.no_grad()
def test_no_layer_is_dead_and_all_are_of_like_strength() -> None:
    network = networks.load(ENTRY, LAYERS[-1], weights.resolve("motifs", LAYERS[-1]))
    torch.manual_seed(0)
    coarse = torch.rand(4, 3, 8, 8) * 255
    pictures = torch.nn.functional.interpolate(coarse, (128, 128), mode="bicubic").clamp(0, 255)
    for layer, values in network.features(pictures, LAYERS).items():
        alive = (values.amax((0, 2, 3)) > 0).float().mean()
        assert alive > 0.5, layer  # at the top each waits for its own motif
        assert 0.5 < values.square().mean().sqrt() < 100, layer


@pytest.mark.slow
def test_it_dreams_with_an_empty_home(tmp_path) -> None:
    code = (
        "import torch\n"
        "from renderer import networks, weights\n"
        "from renderer.dream import dream\n"
        "from renderer.settings import DreamSettings\n"
        "found = weights.resolve('motifs', 'inception3b')\n"
        "network = networks.load(networks.entry('motifs'), 'inception3b', found)\n"
        "settings = DreamSettings(network='motifs', layer='inception3b', iterations=2, repeats=0)\n"
        "start = torch.full((1, 3, 64, 64), 128.0)\n"
        "print(float((dream(start, network, settings) - start).std()))\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 1
    assert not list(tmp_path.iterdir())
