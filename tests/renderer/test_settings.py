"""Settings: the report's defaults, bounds, and the order in which values replace each other."""

from __future__ import annotations

import pytest

from renderer.errors import SettingError
from renderer.optimizers import OPTIMIZERS
from renderer.settings import DreamSettings, StyleSettings, knobs, resolve


def test_defaults_are_the_report_s() -> None:
    dream, style = DreamSettings(), StyleSettings()
    assert (dream.iterations, dream.step_size, dream.tile_size) == (10, 3.0, 400)
    assert (dream.repeats, dream.rescale_factor, dream.blend) == (4, 0.7, 0.2)
    assert (style.iterations, style.step_size, style.style_max_size) == (120, 10.0, 300)
    assert (style.weight_content, style.weight_style, style.weight_denoise) == (1.5, 10.0, 0.3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"iterations": 0}, "iterations: must be at least 1, not 0"),
        ({"rescale_factor": 1.0}, "rescale_factor: must be less than 1, not 1.0"),
        ({"step_size": float("nan")}, "step_size: must be a finite number, not nan"),
        ({"iterations": "ten"}, "iterations: expected int, got 'ten'"),
        ({"iterations": True}, "iterations: expected int, got True"),
        ({"channels": (3, -1)}, "channels: must be at least 0, not -1"),
        ({"itertions": 3}, "there is no setting 'itertions'; did you mean 'iterations'?"),
    ],
)
def test_bad_values_are_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        resolve(DreamSettings, {}, given)
    assert str(caught.value) == words


def test_choices_suggest_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"gram: must be sum or mean, not 'maen'; did you mean"):
        StyleSettings(gram="maen")


def test_the_user_replaces_the_network_and_the_network_the_report() -> None:
    settings = resolve(DreamSettings, {"step_size": 2.0, "iterations": 20}, {"iterations": 5})
    assert (settings.step_size, settings.iterations, settings.repeats) == (2.0, 5, 4)


def test_every_optimizer_can_be_chosen() -> None:
    _, knob, default = knobs(StyleSettings)["optimizer"]
    assert knob.choices == tuple(OPTIMIZERS)
    assert default in OPTIMIZERS


def test_every_setting_has_a_knob_with_help() -> None:
    for kind in (DreamSettings, StyleSettings):
        described = knobs(kind)
        assert set(described) == set(kind.__dataclass_fields__) - {"regions"}  # no single value
        assert all(knob.help for _, knob, _ in described.values())
