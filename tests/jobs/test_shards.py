"""How many workers render a picture together: the rule, on plans of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.plan import Plan, plan
from jobs.shards import Sharding, mosts, parse, sharding, worth
from jobs.spec import build
from renderer.errors import JobError, SettingError

STYLE = {"style": {"network": "motifs", "images": ["brush.png"], "iterations": 3}}


def planned(folder: Path, count: int, size: int, steps: Any = (STYLE,)) -> Plan:
    from tests.cluster.conftest import picture

    names = [f"{number}.png" for number in range(count)]
    for number, name in enumerate((*names, "brush.png")):
        (folder / name).write_bytes(picture(seed=number))
    data = {"inputs": names, "size": size, "steps": list(steps)}
    return plan(build(data, base=folder), lambda network, until: "digest")


def test_a_count_or_auto() -> None:
    assert parse("4") == 4
    assert parse(" auto ") is None
    for wrong in ("0", "-1", "many", "1.5", ""):
        with pytest.raises(SettingError, match="a count from 1, or auto, not"):
            parse(wrong)


@pytest.mark.parametrize("wrong", [0, "some", 1.5])
def test_a_wrong_one_in_a_job_is_named(tmp_path: Path, wrong: Any) -> None:
    data = {"inputs": ["a.png"], "steps": [STYLE], "resources": {"shards": wrong}}
    with pytest.raises(JobError, match="shards: must be a count from 1, or auto"):
        build(data, base=tmp_path)


def test_a_picture_keeps_as_many_busy_as_it_has_squares_of_256() -> None:
    assert [worth(size) for size in ((100, 100), (256, 511), (512, 512), (1024, 2048))] == [
        1,
        1,
        4,
        32,
    ]


def test_one_large_picture_gets_all_and_many_small_ones_get_one_each(tmp_path: Path) -> None:
    large = planned(tmp_path, 1, 2048)
    assert sharding(large.tasks, large.sizes, None).among(8) == 8
    assert mosts(large.tasks, large.sizes, None) == {large.tasks[0].id: 64}
    small = planned(tmp_path, 20, 200)
    assert sharding(small.tasks, small.sizes, None).among(8) == 1
    assert mosts(small.tasks, small.sizes, None) == {}
    few = planned(tmp_path, 3, 2048)
    assert sharding(few.tasks, few.sizes, None).among(8) == 2
    assert sharding(few.tasks, few.sizes, 5).among(8) == 5  # said is said


def test_dreams_are_divisible_as_styles_are(tmp_path: Path) -> None:
    dream = {"dream": {"network": "motifs", "layers": ["conv2", "conv3"]}}
    both = planned(tmp_path, 1, 2048, [dream, STYLE])
    assert mosts(both.tasks, both.sizes, 4) == {task.id: 4 for task in both.tasks}
    assert sharding(both.tasks, both.sizes, None) == Sharding(None, side_by_side=2, most=64)


def test_shards_are_no_part_of_a_task(tmp_path: Path) -> None:
    one = planned(tmp_path, 1, 64)
    data = {"inputs": ["0.png"], "size": 64, "steps": [STYLE], "resources": {"shards": 4}}
    four = plan(build(data, base=tmp_path), lambda network, until: "digest")
    assert [task.id for task in four.tasks] == [task.id for task in one.tasks]
