"""What may be changed of a job while it is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import requests
from jobs.demands import Demands, known, parse
from jobs.spec import build
from jobs.storage import at
from renderer.errors import SettingError


def test_changes_are_read_as_they_are_typed() -> None:
    changes = parse(["priority=80", "max_workers = 4"])
    assert changes == {"priority": 80, "max_workers": 4}
    assert parse(["max_workers=null"]) == {"max_workers": None}
    own = Demands(priority=10, max_workers=2)
    assert own.changed({}) is own
    assert own.changed({"max_workers": None}) == Demands(priority=10)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("priority", "priority: must be NAME=VALUE"),
        ("priorty=3", "did you mean 'priority'"),
        ("seed=3", "seed: can't be changed while a job is rendered; priority and max_workers can"),
        ("priority=high", "priority: must be a whole number, not 'high'"),
        ("priority=0", "priority: must be at least 1"),
        ("priority=101", "priority: must be at most 100"),
        ("priority=null", "priority: must be a whole number"),
        ("max_workers=0", "max_workers: must be at least 1"),
        ("max_workers=²", "max_workers: must be a whole number"),
    ],
)
def test_what_can_not_be_changed_so_is_told(text: str, told: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse([text])
    assert told in str(caught.value)


def test_what_someone_else_has_written_does_no_harm() -> None:
    assert known({"priority": 7, "colour": "red"}) == {"priority": 7}
    for bad in (None, [], {"priority": "high"}, {"priority": 0}, {"max_workers": 1.5}):
        assert known(bad) == {}


def test_a_job_says_what_it_demands(tmp_path: Path) -> None:
    data = {"inputs": ["a.png"], "steps": ["dream"], "resources": {"priority": 80}}
    assert build(data, base=tmp_path).resources.demands == Demands(priority=80)


def test_changes_add_up_until_the_next_run_withdraws_them() -> None:
    storage = at("memory://demands")
    requests.demand(storage, {"priority": 80})
    requests.demand(storage, {"max_workers": 4})
    assert requests.asked(storage).demands == {"priority": 80, "max_workers": 4}
    storage.write({requests.DEMANDS: b"torn"})
    assert requests.asked(storage).demands == {}
    requests.withdraw(storage)
    assert not storage.exists(requests.DEMANDS)
