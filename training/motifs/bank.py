"""How are the motifs' variants drawn once and kept? One array of sprites per motif.

``bank/NAME.npy`` holds (variants + held_out, SIDE_PX, SIDE_PX, 4) uint8 RGBA; the last ``held_out``
of them are never trained on. A motif's file is drawn whole and renamed into place, so an
interrupted run draws only what is missing.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.motifs.recipe import Recipe

SIDE_PX = 128

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bank:
    """Drawn sprites: names in class order, their kinds, and the arrays (memory-mapped)."""

    names: tuple[str, ...]
    textures: frozenset[int]  # classes that fill the plane instead of standing on it
    upright: frozenset[int]  # classes that are seldom seen turned
    held_out: int
    sprites: tuple[np.ndarray, ...]

    def draw(self, rng: np.random.Generator, motif: int, *, held_out: bool) -> np.ndarray:
        """One random variant of a motif, (SIDE_PX, SIDE_PX, 4) uint8."""
        known = self.sprites[motif]
        trained = len(known) - self.held_out
        index = rng.integers(trained, len(known)) if held_out else rng.integers(trained)
        return np.asarray(known[index])

    def is_texture(self) -> Tensor:
        """Which classes are textures, (classes + 1,) bool; the last stands for the ground."""
        return torch.tensor([i in self.textures for i in range(len(self.names) + 1)])


def build(folder: Path, recipe: Recipe, *, say: Say) -> None:
    """Draw all motifs into ``folder`` on all processors."""
    from training.motifs.drawing import MOTIFS

    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(MOTIFS)
    manifest = {
        "names": names,
        "textures": [name for name in names if MOTIFS[name].texture],
        "upright": [name for name in names if MOTIFS[name].upright],
        "variants": recipe.variants,
        "held_out": recipe.held_out,
        "seed": recipe.seed,
    }
    _check_manifest(folder / "manifest.json", manifest)
    missing = [name for name in names if not (folder / f"{name}.npy").exists()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_draw_motif, folder, name, recipe) for name in missing]
        for done, job in enumerate(as_completed(jobs), 1):
            say(f"bank: {job.result()} drawn ({done}/{len(missing)})")


def load(folder: Path) -> Bank:
    """The bank in ``folder``."""
    manifest = json.loads((folder / "manifest.json").read_text())
    names = tuple(manifest["names"])
    return Bank(
        names=names,
        textures=_classes(names, manifest["textures"]),
        upright=_classes(names, manifest["upright"]),
        held_out=manifest["held_out"],
        sprites=tuple(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names),
    )


def sprite_seed(name: str, variant: int, seed: int) -> int:
    """The seed of one drawing: it depends on the motif's name, not on its place in the list."""
    return (zlib.crc32(name.encode()) + 100_003 * variant + 7_919 * seed) % 2**32


def _draw_motif(folder: Path, name: str, recipe: Recipe) -> str:
    from training.motifs.drawing import draw_motif

    seeds = [sprite_seed(name, i, recipe.seed) for i in range(recipe.variants + recipe.held_out)]
    sprites = np.stack([draw_motif(name, seed, side_px=SIDE_PX) for seed in seeds])
    unfinished = folder / f"{name}.unfinished.npy"
    np.save(unfinished, sprites)
    unfinished.replace(folder / f"{name}.npy")
    return name


def _check_manifest(path: Path, manifest: dict[str, object]) -> None:
    """Keep one folder to one recipe: a bank drawn otherwise must not be mixed in."""
    if path.exists() and json.loads(path.read_text()) != manifest:
        raise SystemExit(f"{path.parent} holds the bank of another recipe; remove it or use --work")
    path.write_text(json.dumps(manifest, indent=1))


def _classes(names: Sequence[str], chosen: Sequence[str]) -> frozenset[int]:
    return frozenset(names.index(name) for name in chosen)
