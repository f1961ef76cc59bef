"""Which numbers make the network: one frozen recipe per kind of machine.

A recipe changes how much is drawn and how long is trained, never the network's shape: the shipped
file has the same names and sizes whatever machine made it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All numbers of one training; equal recipes and seeds give equal weights on equal machines."""

    seed: int = 3
    device: str = "cpu"
    workers: int = 2  # processes that share every batch
    threads: int = 1  # of each worker

    variants: int = 160  # drawn variants of each motif that scenes are trained on
    held_out: int = 20  # further variants, in held-out scenes only
    scenes: int = 40_000
    held_out_scenes: int = 2_000

    batch: int = 64  # scenes, over all workers
    iterations: int = 5_600  # batches
    standard: int = 2_400  # the first ones are learnt from once, the others also perturbed
    warm_up: int = 200  # iterations of rising learning rate
    decay: int = 1_000  # iterations of falling learning rate, the last ones
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    perturbation: float = 3.0  # strongest adversarial step: root mean square in 0..255 levels
    perturbation_ramp: int = 300  # iterations from the first perturbation to the strongest
    scrambled: float = 0.125  # share of a batch turned into scrambled negatives
    label_smoothing: float = 0.1
    ground_weight: float = 0.35  # loss weight of cells without a motif
    auxiliary_weight: float = 0.35  # of the head at AUXILIARY_LAYER
    pooled_weight: float = 0.4  # of the whole-picture loss on scenes of a single motif
    checkpoint_every: int = 50


PRESETS = {
    "cpu": Recipe(),
    "gpu": Recipe(
        device="cuda",
        workers=1,
        variants=600,
        scenes=200_000,
        batch=256,
        iterations=30_000,
        standard=8_000,
        decay=10_000,
    ),
    "minute": Recipe(
        variants=4,
        held_out=2,
        scenes=500,
        held_out_scenes=60,
        batch=16,
        iterations=60,
        standard=20,
        warm_up=5,
        decay=20,
        checkpoint_every=20,
    ),
}


def preset(name: str) -> Recipe:
    """The recipe of that name; ``auto`` takes the GPU's where there is one."""
    if name == "auto":
        name = "gpu" if torch.cuda.is_available() else "cpu"
    return PRESETS[name]
