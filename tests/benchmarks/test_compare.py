"""Reports beside older ones: what has fallen is found, what can't be compared is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare import Change, changes, compare, ratios

MACHINE = {"machine": "desk, 2 cores", "device": "cpu", "threads": 1}


def written(path: Path, auto: float, **changes: Any) -> Path:
    """A report of one size, with a ratio of 2 in float32 and another in auto."""
    found = {"ratios": {"float32": 2.0, "auto": auto}, "seconds": {"auto": 1.0}}
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({"benchmark": "style", **MACHINE, "sizes": {"304": found}, **changes})
    )
    return path


def test_ratios_are_found_wherever_they_stand() -> None:
    report = {"a": {"b": {"ratios": {"x": 2, "y": 3.5}}}, "ratios": {"z": 1}, "other": [1]}
    assert dict(ratios(report)) == {"a b x": 2.0, "a b y": 3.5, "z": 1.0}


def test_startup_and_saturation_are_compared_as_any() -> None:
    for name, ratio in (("startup", "inline"), ("saturation", "tasks")):
        known, fresh = ({"benchmark": name, **MACHINE, "ratios": {ratio: n}} for n in (2.0, 1.0))
        (change,) = changes(fresh, [known])
        assert (change.name, change.fallen) == (f"{name} {ratio}", True)


@pytest.mark.parametrize(("now", "fallen"), [(3.5, False), (2.56, False), (2.54, True)])
def test_a_fall_by_more_than_15_percent_is_one(now: float, fallen: bool) -> None:
    assert Change("auto", 3.0, now).fallen is fallen


def test_what_has_fallen_fails_and_every_ratio_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "results" / "style.json", 3.0)
    slower = written(tmp_path / "style.json", 2.4)
    assert compare([slower], tmp_path / "results") == 1
    assert capsys.readouterr().out.splitlines() == [
        "style sizes 304 float32: 2 -> 2 (+0 %) ok",
        "style sizes 304 auto: 3 -> 2.4 (-20 %) FALLEN",
    ]
    assert compare([written(tmp_path / "style.json", 4.0)], tmp_path / "results") == 0


@pytest.mark.parametrize(
    "other", [{"machine": "farm"}, {"benchmark": "dream"}, {"threads": 2}, {"device": "cuda"}]
)
def test_only_what_was_measured_alike_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], other: dict[str, Any]
) -> None:
    written(tmp_path / "results" / "style.json", 3.0)
    report = written(tmp_path / "style.json", 0.1, **other)
    assert compare([report], tmp_path / "results") == 0
    assert "nothing of" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_file_that_is_no_report_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    assert compare([broken], tmp_path / "none") == 2
    assert compare([tmp_path / "missing.json"], tmp_path / "none") == 2
    assert "broken.json" in capsys.readouterr().err
