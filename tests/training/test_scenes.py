"""Scenes: the same for the same seed and index, and labelled where the motif is seen."""

from __future__ import annotations

import numpy as np

from training.motifs.bank import Bank
from training.motifs.scenes import CELL_PX, MANY, SCENE_PX, Scene, compose


def test_a_scene_depends_on_seed_and_index_alone(bank: Bank) -> None:
    first, again = (compose(bank, 5, seed=3) for _ in range(2))
    assert (first.picture == again.picture).all()
    assert (first.labels == again.labels).all()
    assert (first.picture != compose(bank, 6, seed=3).picture).any()
    assert (first.picture != compose(bank, 5, seed=4).picture).any()
    assert (first.picture != compose(bank, 5, seed=3, held_out=True).picture).any()


def test_sizes_and_values(bank: Bank) -> None:
    scene = compose(bank, 0, seed=0)
    cells = SCENE_PX // CELL_PX
    assert scene.picture.shape == (SCENE_PX, SCENE_PX, 3)
    assert scene.picture.dtype == np.uint8
    assert scene.labels.shape == (cells, cells)
    assert set(np.unique(scene.labels)) <= {0, 1, 2, len(bank.names)}


def test_a_single_motif_is_the_main_class_and_is_on_the_map(bank: Bank) -> None:
    scenes = [compose(bank, index, seed=1) for index in range(40)]
    single = [scene for scene in scenes if scene.main != MANY]
    assert 8 < len(single) < 32
    assert all((scene.labels == scene.main).any() for scene in single)


def test_labels_lie_where_the_motif_is_seen(bank: Bank) -> None:
    """Cells of the red disc are redder than the same scene's others, in nearly all scenes."""
    scenes = [compose(bank, index, seed=2) for index in range(60)]
    discs = [scene for scene in scenes if 10 < (scene.labels == 0).sum() < 600]
    assert len(discs) > 10
    redder = [_redness(scene, [0]) > _redness(scene, [1, 2, 3]) for scene in discs]
    assert np.mean(redder) > 0.9


def _redness(scene: Scene, labels: list[int]) -> float:
    cells = np.isin(scene.labels, labels)
    centres = scene.picture[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].astype(float)
    if not cells.any():
        return -np.inf
    red, green, blue = centres[cells].mean(0)
    return red - (green + blue) / 2
