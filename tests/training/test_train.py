"""Training: chance depends on seed and iteration alone, so it repeats and resumes exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.motifs.album import Album
from training.motifs.bank import Bank, sprite_seed
from training.motifs.batches import CROP_PX, IGNORED, held_out, sample
from training.motifs.evaluate import accuracy
from training.motifs.network import STRIDE_PX, fold
from training.motifs.recipe import Recipe
from training.motifs.scenes import CELL_PX
from training.motifs.share import Share, together
from training.motifs.train import Trainer, perturbation, perturbed, run, schedule


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([value.float().flatten() for value in trainer.twin.state_dict().values()])


def test_two_trainings_with_one_seed_are_identical(
    album: Album, bank: Bank, recipe: Recipe
) -> None:
    first, second = (Trainer(album, bank.is_texture(), recipe) for _ in range(2))
    assert list(first.steps()) == list(second.steps())
    assert torch.equal(weights(first), weights(second))
    other = Trainer(album, bank.is_texture(), replace(recipe, seed=recipe.seed + 1))
    assert next(other.steps()).loss != next(Trainer(album, bank.is_texture(), recipe).steps()).loss


def test_a_resumed_training_equals_an_unbroken_one(
    album: Album, bank: Bank, recipe: Recipe, tmp_path: Path
) -> None:
    broken = Trainer(album, bank.is_texture(), recipe)
    steps = broken.steps()
    for _ in range(3):
        next(steps)
    broken.save(tmp_path / "checkpoint.pt")
    resumed, unbroken = (Trainer(album, bank.is_texture(), recipe) for _ in range(2))
    lines: list[str] = []
    run(resumed, tmp_path / "checkpoint.pt", say=lines.append)
    list(unbroken.steps())
    assert "iteration 3" in lines[0]
    assert resumed.iteration == recipe.iterations
    assert torch.equal(weights(resumed), weights(unbroken))


def test_a_checkpoint_of_another_recipe_is_refused(
    album: Album, bank: Bank, recipe: Recipe, tmp_path: Path
) -> None:
    Trainer(album, bank.is_texture(), recipe).save(tmp_path / "checkpoint.pt")
    longer = Trainer(album, bank.is_texture(), replace(recipe, iterations=9))
    longer.restore(tmp_path / "checkpoint.pt")  # until the decay, the length makes no difference
    other = Trainer(album, bank.is_texture(), replace(recipe, learning_rate=1.0))
    with pytest.raises(SystemExit, match="another recipe"):
        other.restore(tmp_path / "checkpoint.pt")


def test_the_learning_rate_rises_stays_and_falls(recipe: Recipe) -> None:
    rates = [schedule(i, recipe) for i in range(recipe.iterations)]
    assert rates == [0.5, 1.0, 1.0, 1.0, 1.0, 0.5]


def test_perturbations_begin_after_the_standard_iterations(recipe: Recipe) -> None:
    strengths = [perturbation(i, recipe) / recipe.perturbation for i in range(6)]
    assert strengths == [0, 0, 0, 0.5, 1, 1]


def test_a_perturbation_follows_the_gradient_and_keeps_its_bound() -> None:
    torch.manual_seed(0)
    gradient = torch.randn(8, 3, 6, 6)
    moved = perturbed(torch.zeros(8, 3, 6, 6), gradient, 0.5)
    rms = moved.square().mean((1, 2, 3)).sqrt()
    assert (rms <= 0.5 + 1e-6).all()
    assert rms.std() > 0
    assert ((moved * gradient) >= 0).all()


def test_batches_keep_labels_on_their_motifs(recipe: Recipe) -> None:
    """Every 4 px cell painted with its own label: mirrored or not, cell and pixel agree."""
    labels = np.arange(28 * 28).reshape(1, 28, 28).repeat(4, 0) % 100
    pictures = labels.repeat(CELL_PX, 1).repeat(CELL_PX, 2)[..., None].repeat(3, -1)
    album = Album(pictures.astype(np.uint8), labels.astype(np.uint8), np.full(4, 255, np.uint8))
    batch = held_out(album, 0, 4)
    seen = batch.pictures[:, 0, ::STRIDE_PX, ::STRIDE_PX] * 60 + 123
    assert torch.equal(seen.round().long(), batch.labels)


def test_a_sampled_batch_is_what_the_twin_wants(album: Album, bank: Bank, recipe: Recipe) -> None:
    torch.manual_seed(0)
    batch = sample(album, recipe, bank.is_texture())
    cells = CROP_PX // STRIDE_PX
    assert batch.pictures.shape == (recipe.batch, 3, CROP_PX, CROP_PX)
    assert batch.labels.shape == (recipe.batch, cells, cells)
    assert set(batch.labels.unique().tolist()) <= {0, 1, 2, 3, IGNORED}


def test_accuracy_counts_what_it_says(album: Album, bank: Bank, recipe: Recipe) -> None:
    plain = fold(Trainer(album, bank.is_texture(), recipe).twin)
    torch.nn.init.zeros_(plain.fc.weight)
    assert plain.fc.bias is not None
    plain.fc.bias.data = torch.tensor([1.0, 0.0, 0.0])  # says "disc" everywhere
    found = accuracy(plain, album, bank.names)
    single = album.mains[album.mains != 255]
    assert found.top1 == pytest.approx((single == 0).mean(), abs=1e-3)
    assert found.top5 == 1.0
    assert found.by_class["disc"] == 1.0
    assert 0 < found.cells < 1
    assert found.scenes == len(album)


def test_a_drawing_s_seed_depends_on_name_variant_and_seed() -> None:
    seeds = {sprite_seed(n, v, s) for n in ("owl", "lion") for v in range(3) for s in range(2)}
    assert len(seeds) == 12


def _average(share: Share) -> None:
    parameters = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2, 2))]
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, float(share.rank + 1))
    share.average(parameters)
    for parameter in parameters:
        assert torch.equal(parameter.grad, torch.full_like(parameter, 1.5))


def test_two_workers_learn_from_the_mean_of_their_gradients() -> None:
    together(2, 6, _average)
    alone = torch.nn.Parameter(torch.zeros(2))
    alone.grad = torch.ones(2)
    Share().average([alone])
    assert torch.equal(alone.grad, torch.ones(2))


def _fail(share: Share) -> None:
    raise SystemExit(share.rank)


def test_a_failing_worker_is_told_of() -> None:
    with pytest.raises(SystemExit, match="run the command again"):
        together(2, 1, _fail)
