"""Names by a pattern: what it may hold, what it gives, and that no two frames share one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import patterns
from jobs.plan import Plan, plan
from jobs.spec import build
from renderer.errors import JobError
from tests.cluster.conftest import picture


def planned(folder: Path, names: str, **data: Any) -> Plan:
    for number in range(2):
        (folder / f"{number}.png").write_bytes(picture(seed=number))
    dream = {"network": "googlenet", "layers": ["conv1", "conv2"]}
    job = {"inputs": ["*.png"], "steps": [{"dream": dream}], "names": names, **data}
    return plan(build(job, base=folder), lambda network, until: "w")


def test_frames_are_called_as_the_pattern_says(tmp_path: Path) -> None:
    found = planned(tmp_path, "{frame:03}_{stem}-{layer}", format="jpeg")
    assert [task.file for task in found.tasks] == [
        "frames/1-dream/001_0-01-conv1.jpg",
        "frames/1-dream/002_0-02-conv2.jpg",
        "frames/1-dream/003_1-01-conv1.jpg",
        "frames/1-dream/004_1-02-conv2.jpg",
    ]
    usual, same = planned(tmp_path, ""), planned(tmp_path, "{stem}-{layer}")
    assert [task.file for task in usual.tasks] == [task.file for task in same.tasks]
    assert [task.id for task in usual.tasks] == [task.id for task in found.tasks]


def test_two_frames_of_one_name_are_found_at_planning(tmp_path: Path) -> None:
    told = (
        "names: gives 02-conv2 of 0 the name 'a-0', which 01-conv1 of 0 has; add {layer} or {frame}"
    )
    with pytest.raises(JobError, match=re.escape(told)):
        planned(tmp_path, "a-{stem}")


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{stem", "is no pattern"),
        ("{stme}", "did you mean 'stem'"),
        ("{stem.__class__}", "knows no"),
        ("{stem!r}", "can't write"),
        ("{stem:>900000000}", "can't write"),
        ("{frame:999999999}", "can't write"),
        ("{frame:05}.png", "leave the suffix out"),
        ("../{frame}", "but not '/'"),
        (".{frame}", "must not begin"),
        ("all", "gives all frames one name"),
    ],
)
def test_what_a_pattern_may_not_hold(tmp_path: Path, pattern: str, told: str) -> None:
    with pytest.raises(JobError, match=r"^names: ") as caught:
        planned(tmp_path, pattern)
    assert told in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_has_a_fault(text: str) -> None:
    if not patterns.fault(text):
        name = patterns.named(text, stem="harbour", layer="", frame=7)
        assert name
        assert not set(name) & set("/\\{}:")
