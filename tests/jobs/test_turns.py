"""The order in which tasks are begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.plan import plan
from jobs.spec import build
from jobs.turns import ORDERS, ranked, turns
from tests.cluster.conftest import picture


@pytest.mark.parametrize(
    ("order", "queue"),
    [
        ("sequential", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("middle_first", [4, 3, 5, 2, 6, 1, 7, 0, 8]),
        ("overview", [0, 8, 4, 2, 6, 1, 3, 5, 7]),
    ],
)
def test_the_queue_of_nine(order: str, queue: list[int]) -> None:
    ranks = ranked(9, order)
    assert sorted(range(9), key=ranks.__getitem__) == queue


@given(st.integers(0, 300), st.sampled_from(ORDERS))
def test_everyone_has_one_turn(count: int, order: str) -> None:
    assert sorted(ranked(count, order)) == list(range(count))


@given(st.integers(1, 300), st.integers(1, 8))
def test_an_overview_has_every_nth_before_the_rest(count: int, power: int) -> None:
    ranks, n = ranked(count, "overview"), 2**power
    coarse = [ranks[place] for place in range(0, count, n)]
    assert max(coarse) == len(coarse) - 1


def test_what_comes_of_a_picture_keeps_its_turn(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(seed=number))
    dream = {"network": "googlenet", "layers": ["conv1", "conv2"], "chain": True}
    job = {"inputs": ["*.png"], "steps": [{"dream": dream}], "order": "middle_first"}
    spec = build(job, base=tmp_path)
    tasks = plan(spec, lambda network, until: "w").tasks
    found = turns(tasks, spec.order)
    queue = sorted(tasks, key=lambda task: found[task.id])
    assert [(task.input, task.label) for task in queue] == [
        ("1", "conv1"), ("1", "conv2"), ("0", "conv1"),
        ("0", "conv2"), ("2", "conv1"), ("2", "conv2"),
    ]  # fmt: skip
