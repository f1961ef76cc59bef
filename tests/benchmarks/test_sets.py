"""The benchmark of large sets, on a small one: its figures are of what was done."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks import sets
from benchmarks.sets import Reading


def test_a_set_is_planned_and_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "all"
    sets.add_pictures(folder, 100, bad=2)
    planned = sets.planned(folder)
    assert planned["cpu_seconds"] > 0
    assert planned["peak_mb"] > 100
    for path in (folder / "photos").glob("bad-*"):
        path.unlink()
    rendered = sets.rendered(folder, "--inline")
    assert rendered["pictures"] == 100
    assert len(list((folder / "out--inline").glob("frames/*/*.png"))) == 100


def test_all_pictures_differ(tmp_path: Path) -> None:
    sets.add_pictures(tmp_path / "all", 300)
    files = sorted((tmp_path / "all" / "photos").iterdir())
    assert len({Image.open(file).getpixel((0, 0)) for file in files}) == 300


def test_growth_is_from_the_first_thousand_on() -> None:
    readings = [
        Reading(100, 0.0, 0.0, 50.0),
        Reading(1000, 9.0, 1.8, 80.0),
        Reading(2100, 20.0, 4.0, 81.0),
    ]
    assert sets.told(readings, 0.004) == {
        "pictures": 2100,
        "ms_each": 10.0,
        "rendering_ms_each": 4.0,
        "driver_cpu_ms_each": 2.0,
        "memory_mb": 81.0,
        "memory_growth_mb": 1.0,
    }
