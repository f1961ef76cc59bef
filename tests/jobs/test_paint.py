"""The example pictures are what their script paints, and small enough to ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.examples import paint
from jobs.examples.painting import lake, noise

PICTURES = Path(paint.__file__).parent / "pictures"


@pytest.mark.parametrize("name", ["landscape", "strokes"])
def test_the_pictures_are_small_and_of_many_colours(name: str) -> None:
    path = PICTURES / f"{name}.png"
    assert path.stat().st_size <= 400_000
    image = np.asarray(Image.open(path))
    assert image.shape[2] == 3
    assert 330 <= image.shape[0] < image.shape[1] <= 480
    assert image.std(axis=(0, 1)).min() > 30


def test_the_mask_is_white_in_the_lake_and_soft_along_the_shore() -> None:
    mask = np.asarray(lake.paint())
    assert (mask == np.asarray(Image.open(PICTURES / "lake.png"))).all()
    landscape = Image.open(PICTURES / "landscape.png")
    assert (mask.shape[1] * 2, mask.shape[0] * 2) == landscape.size
    column = mask[:, 0].astype(int)
    assert (column[:100].max(), column[115:].min()) == (0, 255)
    assert ((column > 0) & (column < 255)).any()
    assert (np.diff(column) >= 0).all()


@pytest.mark.slow
def test_the_script_paints_them(tmp_path: Path) -> None:
    paint.main(tmp_path)
    for path in PICTURES.glob("*.png"):
        painted, shipped = (
            np.asarray(Image.open(p), np.float64) for p in (tmp_path / path.name, path)
        )
        assert np.abs(painted - shipped).mean() < 2  # other versions of Pillow round differently


def test_noise_is_the_same_for_the_same_seed() -> None:
    fields = [noise.fractal((20, 30), (2, 3), np.random.default_rng(5)) for _ in range(2)]
    assert fields[0].shape == (20, 30)
    assert (fields[0] == fields[1]).all()
    assert (fields[0].min(), fields[0].max()) == (0, 1)


def test_smoothstep_and_mix() -> None:
    assert noise.smoothstep(0, 2, np.array([-1.0, 0, 1, 2, 3])).tolist() == [0, 0, 0.5, 1, 1]
    assert noise.smoothstep(2, 0, np.array([0.0, 2])).tolist() == [1, 0]
    assert noise.mix(noise.rgb(0, 0, 0), noise.rgb(10, 20, 30), 0.5).tolist() == [5, 10, 15]
