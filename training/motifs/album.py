"""How are scenes made once and kept? Arrays on disk, written in chunks by all processors.

``trained/`` and ``held_out/`` each hold pictures.npy (n, side, side, 3) uint8, labels.npy
(n, cells, cells) uint8 and mains.npy (n,) uint8. A chunk that is done leaves a mark, so an
interrupted run makes only the missing ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from training.motifs import bank as banks
from training.motifs.recipe import Recipe
from training.motifs.scenes import CELL_PX, SCENE_PX, compose

CHUNK = 500

Say = Callable[[str], None]


@dataclass(frozen=True)
class Album:
    """Scenes as arrays, memory-mapped."""

    pictures: np.ndarray
    labels: np.ndarray
    mains: np.ndarray

    def __len__(self) -> int:
        return len(self.mains)


def build(folder: Path, bank_folder: Path, recipe: Recipe, *, say: Say) -> None:
    """Compose all scenes of the recipe into ``folder``."""
    for name, count in (("trained", recipe.scenes), ("held_out", recipe.held_out_scenes)):
        _build_part(folder / name, bank_folder, count, seed=recipe.seed, say=say)


def load(folder: Path, part: str) -> Album:
    """One part of the album: ``trained`` or ``held_out``."""
    arrays = (np.load(folder / part / f"{n}.npy", mmap_mode="r") for n in _SHAPES)
    return Album(*arrays)


_SHAPES = {
    "pictures": (SCENE_PX, SCENE_PX, 3),
    "labels": (SCENE_PX // CELL_PX, SCENE_PX // CELL_PX),
    "mains": (),
}


def _build_part(folder: Path, bank_folder: Path, count: int, *, seed: int, say: Say) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in _SHAPES.items():
        _allocate(folder / f"{name}.npy", (count, *shape))
    starts = [s for s in range(0, count, CHUNK) if not _mark(folder, s).exists()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_fill, folder, bank_folder, s, seed=seed) for s in starts]
        for done, job in enumerate(as_completed(jobs), 1):
            job.result()
            if done % 10 == 0 or done == len(starts):
                say(f"scenes: {folder.name} {done}/{len(starts)} chunks of {CHUNK}")


def _fill(folder: Path, bank_folder: Path, start: int, *, seed: int) -> None:
    bank = banks.load(bank_folder)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r+") for name in _SHAPES}
    held_out = folder.name == "held_out"
    for index in range(start, min(start + CHUNK, len(arrays["mains"]))):
        scene = compose(bank, index, seed=seed, held_out=held_out)
        arrays["pictures"][index] = scene.picture
        arrays["labels"][index] = scene.labels
        arrays["mains"][index] = scene.main
    for array in arrays.values():
        array.flush()
    _mark(folder, start).touch()


def _allocate(path: Path, shape: tuple[int, ...]) -> None:
    if not path.exists():
        open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).flush()
    elif np.load(path, mmap_mode="r").shape != shape:
        raise SystemExit(f"{path} was made by another recipe; remove {path.parent} or use --work")


def _mark(folder: Path, start: int) -> Path:
    return folder / f"chunk-{start}.done"
