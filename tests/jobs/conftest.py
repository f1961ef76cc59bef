"""What the tests of jobs share: pictures in a folder, and jobs made of plain data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.plan import Plan, plan
from jobs.spec import build

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture
def paint(tmp_path: Path) -> Paint:
    """Makes an even picture: paint("a.png", colour=7, size=(width, height))."""

    def make(name: str, colour: int = 100, size: tuple[int, int] = (40, 30)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (colour, 0, 0)).save(path)
        return path

    return make


@pytest.fixture
def animate(tmp_path: Path) -> Paint:
    """Makes an animated GIF with so many different frames."""

    def make(name: str, frames: int = 3) -> Path:
        pictures = [Image.new("RGB", (40, 30), (60 * n, 0, 90)) for n in range(frames)]
        path = tmp_path / name
        pictures[0].save(path, save_all=True, append_images=pictures[1:])
        return path

    return make


@pytest.fixture
def planned(tmp_path: Path) -> Planner:
    """Plans a job of plain data; every network's weights have the digest of their name."""

    def make(**data: Any) -> Plan:
        job = {"name": "job", "inputs": ["*.png"], "size": 40, **data}
        return plan(build(job, base=tmp_path), lambda network, until: f"{network}:{until}")

    return make
