"""How is the twin trained? First on pictures as they are, then also adversarially perturbed.

Of a batch that is learnt from twice, the first pass gives the gradient with respect to the weights
and to the pictures at once; the pictures are then moved along theirs, by a random part of the
recipe's perturbation, and learnt from again ("free" adversarial training, Shafahi et al. 2019, with
a single L2 step, after Engstrom et al. 2019: networks trained so dream whole objects). The loss
looks at every cell of the class map, at the auxiliary head, and at the pooled scores of scenes with
a single motif.

Everything depends on the iteration alone, never on the clock, and chance is seeded anew at every
iteration; so a resumed run equals an unbroken one. Several workers learn from a part of each batch
and average their gradients (see ``share``); each keeps its own batch statistics, and the first
one's are saved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.motifs import album as albums
from training.motifs import bank, optimiser
from training.motifs.album import Album
from training.motifs.batches import IGNORED, Batch, sample
from training.motifs.network import SCALE, Twin
from training.motifs.recipe import Recipe
from training.motifs.scenes import MANY
from training.motifs.share import Share

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """What one iteration found: the losses of both passes (the same where there was only one)."""

    iteration: int
    loss: float
    perturbed_loss: float


class Trainer:
    """Twin, optimiser and how far they are; ``steps`` trains on to the recipe's end."""

    def __init__(
        self, album: Album, textures: Tensor, recipe: Recipe, *, share: Share | None = None
    ) -> None:
        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.album, self.textures, self.recipe = album, textures, recipe
        self.share = share or Share()
        twin = Twin(classes=len(textures) - 1)
        self.twin = twin.to(recipe.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimisers = optimiser.of(self.twin, recipe)
        self.iteration = 0

    def steps(self) -> Iterator[Step]:
        """Train to the end, one iteration at a time."""
        self.twin.train()
        while self.iteration < self.recipe.iterations:
            torch.manual_seed(self.recipe.seed * 1_000_003 + self.iteration * 64 + self.share.rank)
            yield self._step()

    def _step(self) -> Step:
        recipe = self.recipe
        for group in (group for each in self.optimisers for group in each.param_groups):
            group["lr"] = recipe.learning_rate * schedule(self.iteration, recipe)
        batch = _moved(sample(self.album, recipe, self.textures), recipe.device)
        strength = perturbation(self.iteration, recipe)
        batch.pictures.requires_grad_(strength > 0)
        loss = perturbed_loss = self._learn(batch)
        if strength > 0:
            moved = perturbed(batch.pictures.detach(), batch.pictures.grad, strength * SCALE)
            perturbed_loss = self._learn(Batch(moved, batch.labels, batch.mains))
        self.iteration += 1
        return Step(self.iteration, loss, perturbed_loss)

    def _learn(self, batch: Batch) -> float:
        with torch.autocast(self.recipe.device, torch.bfloat16):
            scores, auxiliary = self.twin(batch.pictures)
        loss = total_loss(scores.float(), auxiliary.float(), batch, self.recipe)
        self.twin.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.share.average(list(self.twin.parameters()))
        nn.utils.clip_grad_norm_(self.twin.parameters(), 5.0)
        for each in self.optimisers:
            each.step()
        return loss.item()

    def save(self, path: Path) -> None:
        """Write a checkpoint; a run killed meanwhile keeps the former one."""
        state = {
            "recipe": asdict(self.recipe),
            "iteration": self.iteration,
            "twin": self.twin.state_dict(),
            "optimisers": [each.state_dict() for each in self.optimisers],
        }
        unfinished = path.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint of the same recipe."""
        state = read(path)
        if not _serves(state, self.recipe):
            raise SystemExit(f"{path} is of another recipe; remove it or use --work")
        self.twin.load_state_dict(state["twin"])
        for each, own in zip(self.optimisers, state["optimisers"], strict=True):
            each.load_state_dict(own)
        self.iteration = state["iteration"]


def work(share: Share, folder: Path, recipe: Recipe, say: Say) -> None:
    """One worker's training, on the bank and the album in ``folder``."""
    textures = bank.load(folder / "bank").is_texture()
    trainer = Trainer(albums.load(folder / "album", "trained"), textures, recipe, share=share)
    run(trainer, folder / "checkpoint.pt", say=say)


def run(trainer: Trainer, checkpoint: Path, *, say: Say) -> None:
    """Train to the end, with checkpoints, going on from ``checkpoint`` if there is one.

    Of several workers the first alone writes and tells.
    """
    if checkpoint.exists():
        trainer.restore(checkpoint)
        if trainer.share.rank == 0:
            say(f"train: going on at iteration {trainer.iteration}")
    recipe, began, first = trainer.recipe, time.monotonic(), trainer.iteration
    losses = [0.0, 0.0]
    for step in trainer.steps():
        if trainer.share.rank > 0:
            continue
        for i, loss in enumerate((step.loss, step.perturbed_loss)):
            losses[i] = loss if step.iteration == first + 1 else 0.98 * losses[i] + 0.02 * loss
        if step.iteration % 50 == 0:
            left = recipe.iterations - step.iteration
            pace_s = (time.monotonic() - began) / (step.iteration - first)
            say(
                f"train: {step.iteration}/{recipe.iterations} loss {losses[0]:.3f} "
                f"perturbed {losses[1]:.3f}, {pace_s:.2f} s each, "
                f"{left * pace_s / 60:.0f} min left"
            )
        if step.iteration % recipe.checkpoint_every == 0 or step.iteration == recipe.iterations:
            trainer.save(checkpoint)


def read(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint holds: recipe, iteration, twin, optimiser."""
    state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return state


def schedule(iteration: int, recipe: Recipe) -> float:
    """The learning rate's factor: a linear rise, a plateau, a linear fall at the end.

    Until the fall begins nothing depends on ``iterations``; so a checkpoint of the plateau serves
    a shorter and a longer training alike (Hu et al. 2024, "warm-up, stable, decay").
    """
    rise = (iteration + 1) / recipe.warm_up
    fall = (recipe.iterations - iteration) / recipe.decay
    return min(1.0, rise, fall)


def perturbation(iteration: int, recipe: Recipe) -> float:
    """The strongest perturbation at an iteration, rms in 0..255 levels."""
    ramp = (iteration - recipe.standard) / recipe.perturbation_ramp
    return recipe.perturbation * min(1.0, max(0.0, ramp))


def perturbed(pictures: Tensor, gradient: Tensor | None, strength: float) -> Tensor:
    """Pictures moved along the loss's gradient, each by a random part of ``strength`` (its rms)."""
    assert gradient is not None
    rms = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
    part = torch.rand(len(pictures), 1, 1, 1).sqrt().to(pictures.device)
    return (pictures + strength * part * gradient / rms).contiguous(
        memory_format=torch.channels_last
    )


def total_loss(scores: Tensor, auxiliary: Tensor, batch: Batch, recipe: Recipe) -> Tensor:
    """Cells, auxiliary cells and pooled scores together; scores (n, classes + 1, cells, cells)."""
    weights = torch.ones(scores.shape[1], device=scores.device)
    weights[-1] = recipe.ground_weight

    def cells(values: Tensor) -> Tensor:
        return functional.cross_entropy(
            values,
            batch.labels,
            weights,
            ignore_index=IGNORED,
            label_smoothing=recipe.label_smoothing,
        )

    loss = cells(scores) + recipe.auxiliary_weight * cells(auxiliary)
    single = batch.mains != MANY
    if single.any():
        pooled = pooled_scores(scores[single])
        whole = functional.cross_entropy(
            pooled, batch.mains[single], label_smoothing=recipe.label_smoothing
        )
        loss = loss + recipe.pooled_weight * whole
    return loss


def pooled_scores(scores: Tensor) -> Tensor:
    """One score per class (without the ground) for the whole picture, (n, classes)."""
    return torch.logsumexp(scores[:, :-1], dim=(2, 3))


def _serves(state: dict[str, Any], recipe: Recipe) -> bool:
    """Whether a checkpoint is what a training by this recipe would have come to.

    What begins only later, the fall of the learning rate and the perturbations, may differ.
    """
    former, done = Recipe(**state["recipe"]), state["iteration"]
    free: dict[str, Any] = {"checkpoint_every": recipe.checkpoint_every}
    if done <= min(each.iterations - each.decay for each in (former, recipe)):
        free |= {"iterations": recipe.iterations}
    if done <= min(former.standard, recipe.standard):
        free |= {
            "standard": recipe.standard,
            "perturbation": recipe.perturbation,
            "perturbation_ramp": recipe.perturbation_ramp,
        }
    return replace(former, **free) == recipe


def _moved(batch: Batch, device: str) -> Batch:
    return Batch(*(v.to(device) for v in (batch.pictures, batch.labels, batch.mains)))
