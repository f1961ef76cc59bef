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
from jobs.spec import build, load
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


def test_a_pattern_may_end_as_the_frames_do(tmp_path: Path) -> None:
    for format, names in (("png", "{stem}-{layer}-{frame:05}.png"), ("jpeg", "{frame}.JPG")):
        bare = names.partition(".")[0]
        found, same = (planned(tmp_path, one, format=format) for one in (names, bare))
        assert [task.file for task in found.tasks] == [task.file for task in same.tasks]
    with pytest.raises(JobError, match="names: ends otherwise than frames in the format jpeg do"):
        planned(tmp_path, "{frame}.png", format="jpeg")


def test_a_pattern_without_quotes_is_known(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("steps: [dream]\ninputs: a.png\nnames: {stem}\n")
    with pytest.raises(JobError, match="yaml:3: names: is no text to YAML; put it in quotes"):
        load(tmp_path / "job.yaml")
    (tmp_path / "job.yaml").write_text("steps: [dream]\nnames: {stem}-{frame}\n")
    with pytest.raises(JobError, match=r"yaml:2: is not YAML.*; put text that begins with \{"):
        load(tmp_path / "job.yaml")


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
