"""What is done of a task after so many iterations, counted by hand."""

from __future__ import annotations

import pytest

from jobs.work import Stretch, share, stretches
from renderer.settings import AtlasSettings, DreamSettings, StyleSettings

DREAM = DreamSettings(iterations=10, repeats=1, rescale_factor=0.5)
STYLE = StyleSettings(iterations=2, initial_iterations=8, min_scale=100, scale_factor=2)


def test_a_dream_goes_through_its_small_levels_first() -> None:
    assert stretches(DREAM, (80, 40)) == (Stretch(10, (40, 20)), Stretch(10, (80, 40)))
    assert stretches(DREAM, (30, 30)) == (Stretch(10, (30, 30)),)  # 15 px aren't worth counting


def test_half_of_a_dreams_iterations_are_a_fifth_of_its_work() -> None:
    assert share(DREAM, (80, 40), 10) == pytest.approx(0.2)
    assert share(DREAM, (80, 40), 15) == pytest.approx((800 * 10 + 3200 * 5) / 40_000)


def test_scales_count_by_their_pixels() -> None:
    assert share(STYLE, (200, 200), 8) == pytest.approx(8 * 1 / (8 * 1 + 2 * 4))
    assert share(STYLE, (200, 200), 10) == 1


@pytest.mark.parametrize("settings", [DREAM, STYLE])
def test_nothing_is_done_at_first_and_never_more_than_all(
    settings: DreamSettings | StyleSettings,
) -> None:
    assert share(settings, (128, 128), 0) == 0
    assert share(settings, (128, 128), 9999) == 1


def test_an_atlas_counts_the_steps_of_all_channels() -> None:
    atlas = AtlasSettings(channels=(3, 5), iterations=4, size=32, images=2)
    assert stretches(atlas, (32, 32)) == (Stretch(8, (64, 32)),)
    assert share(atlas, (32, 32), 2) == 0.25
