"""What is kept comes back to the bit, from memory and from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from renderer import networks, style
from renderer.checkpoints import unpack
from renderer.errors import OffloadError
from renderer.events import Checkpoint, finish
from renderer.offload import Offload
from renderer.settings import StyleSettings

ROOM = 4 * 100


def tensor(seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 25, generator=generator, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_what_memory_has_no_room_for_lies_in_a_file(dtype: torch.dtype) -> None:
    offload, given = Offload({"cpu": 0}), [tensor(seed, dtype) for seed in range(3)]
    kept = [offload.keep(one.T if i else one) for i, one in enumerate(given)]
    assert all(one.held is None for one in kept)
    assert offload.file_bytes == 3 * given[0].numel() * dtype.itemsize
    assert torch.equal(kept[0].get(), given[0])
    assert torch.equal(kept[2].get(), given[2].T)
    assert kept[1].get().dtype == dtype


def test_memory_is_filled_first_and_room_is_used_again() -> None:
    offload = Offload({"cpu": ROOM})
    first, second = offload.keep(tensor(1)), offload.keep(tensor(2))
    assert (first.held is None, second.held is None) == (False, True)
    offload.forget(first)
    assert offload.keep(tensor(3)).held is not None
    offload.forget(second)
    third = offload.keep(tensor(4))
    assert third.held is None
    assert offload.file_bytes == ROOM  # in the place of the second
    assert torch.equal(third.get(), tensor(4))


def test_without_a_bound_nothing_is_written() -> None:
    offload = Offload()
    offload.keep(tensor(1))
    assert offload.file_bytes == 0


def test_no_room_on_disk_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OffloadError, match=r"gone.*set TMPDIR"):
        Offload({"cpu": 0}).keep(tensor(1))


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam", "lbfgs"])
def test_a_transfer_is_the_same_wherever_its_targets_and_history_lie(optimizer: str) -> None:
    torch.manual_seed(0)
    network = networks.build(networks.entry("vgg16"), "conv1_1")
    settings = StyleSettings(
        content_layers=("conv1_1",),
        style_layers=("conv1_1",),
        optimizer=optimizer,
        iterations=13,
    )
    content, painting = 255 * torch.rand(1, 3, 24, 20), 255 * torch.rand(1, 3, 20, 20)
    kept: list[bytes] = []

    def end(room: dict[str, float], **more: Any) -> Tensor:
        offload, sizes = Offload(room), {"tile_px": 12, "checkpoint": lambda: True}
        steps = style.steps(
            content, [painting], network, settings, **sizes, offload=offload, **more
        )
        return finish(steps, lambda e: kept.append(e.data) if isinstance(e, Checkpoint) else None)

    in_memory, in_file = end({}), end({"cpu": 0})
    assert torch.equal(in_memory, in_file)
    assert kept[:13] == kept[13:]
    assert torch.equal(end({"cpu": 0}, resume=unpack(kept[11])), in_memory)
