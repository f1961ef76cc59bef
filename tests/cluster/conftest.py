"""What the cluster's tests share: a network small enough to render in a blink, and one Ray."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from cluster.cli import run
from cluster.records import Order
from renderer import images, networks
from renderer.canonical import digest
from renderer.images import Picture
from renderer.networks.network import tensors
from renderer.settings import DreamSettings
from renderer.weights import Weights
from tests.cluster.farm import Farm, Told

NETWORK, UNTIL = "googlenet", "conv2"


def picture(*, size: int = 40, seed: int = 0) -> bytes:
    """A PNG of coloured noise on a gradient."""
    generator = torch.Generator().manual_seed(seed)
    ramp = torch.linspace(40, 200, size).expand(1, 3, size, size)
    noise = torch.rand((1, 3, size, size), generator=generator) * 40
    return images.encode(Picture(ramp + noise))


@pytest.fixture(scope="session")
def tiny_tensors() -> dict[str, np.ndarray]:
    """Weights of the first two layers of GoogLeNet, drawn at random."""
    torch.manual_seed(1)
    network = networks.build(networks.entry(NETWORK), UNTIL)
    return {
        name: tensor.numpy().copy()
        for stage in network.stages.values()
        for name, tensor in tensors(stage).items()
    }


@pytest.fixture(scope="session")
def tiny_weights(tiny_tensors: dict[str, np.ndarray]) -> Weights:
    """The same as the driver resolves them."""
    preprocessing = networks.entry(NETWORK).preprocessing
    return Weights(NETWORK, tiny_tensors, preprocessing, digest(tiny_tensors), "a test")


@pytest.fixture(scope="session")
def tiny_weights_dir(
    tiny_tensors: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same as a file in a directory of its own."""
    directory = tmp_path_factory.mktemp("weights")
    save_file(tiny_tensors, directory / f"{NETWORK}.safetensors")
    return directory


@pytest.fixture
def order(tiny_weights: Weights) -> Order:
    """A dream of four iterations; ``weights`` is the value itself, as inline workers get it."""
    return Order(
        task="t" * 32,
        name="noise.png",
        settings=DreamSettings(network=NETWORK, layer=UNTIL, iterations=2, repeats=1),
        picture=picture(),
        weights=tiny_weights,
        until=UNTIL,
        digest=tiny_weights.identity,
        size=40,
        seed=7,
    )


@pytest.fixture(scope="session")
def ray() -> Iterator[object]:
    """One small Ray for all tests: four CPUs and two GPUs that aren't there."""
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    module = pytest.importorskip("ray")
    module.init(
        address="local",
        num_cpus=4,
        num_gpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=200 * 2**20,
    )
    yield module
    module.shutdown()


def with_iterations(order: Order, iterations: int, **changes: object) -> Order:
    """The same order, longer or shorter."""
    return replace(order, settings=replace(order.settings, iterations=iterations), **changes)


def poisoned(order: Order, **changes: object) -> Order:
    """The same order with weights that are no numbers, as if it had been planned with them."""
    tensors = {name: np.full_like(t, np.nan) for name, t in order.weights.tensors.items()}
    weights = replace(order.weights, tensors=tensors, digest=digest(tensors))
    return replace(order, weights=weights, digest=weights.identity, **changes)


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "b.png").write_bytes(picture(seed=1))
    return Farm()


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command; its exit code and what it printed."""

    def call(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return call
