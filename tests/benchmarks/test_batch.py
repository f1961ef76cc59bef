"""The bare loop renders the same pictures, however many at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.batch import Folder, bare, settings
from renderer import images


@pytest.mark.parametrize("kind", ["dream", "style"])
def test_a_batch_renders_what_one_by_one_does(kind: str, tmp_path: Path) -> None:
    folder = Folder.drawn(tmp_path / "drawn", 2, 64)
    how = settings(kind, 1)
    for batch in (1, 2):
        bare(folder, folder.pictures, how, batch=batch, to=tmp_path / str(batch))
    assert len(folder.pictures) == 2
    for file in folder.pictures:
        alone, together = (
            images.decode((tmp_path / name / file.name).read_bytes()).pixels for name in "12"
        )
        assert torch.allclose(alone, together, atol=1)  # of 255 levels, as they are stored


def test_processes_share_out_a_folder(tmp_path: Path) -> None:
    folder = Folder.drawn(tmp_path / "drawn", 5, 16)
    shares = [folder.share(rank, 2) for rank in range(2)]
    assert [len(share) for share in shares] == [3, 2]
    assert sorted(file for share in shares for file in share) == folder.pictures
