"""The log's story: whatever happens to the file, what is left of it is true and can be read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.history import FORGOTTEN, OUTPUTS, History, read
from jobs.plan import Plan, Task
from jobs.reasons import reasons
from jobs.storage import at
from jobs.workspace import Workspace

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@dataclass(frozen=True)
class Sample:
    """A workspace in which four tasks were finished, one after the other."""

    tasks: tuple[Task, ...]
    log: bytes
    ends: tuple[int, ...]  # of the records that say that a task is finished


@pytest.fixture
def sample(paint: Paint, planned: Planner, tmp_path: Path) -> Sample:
    paint("a.png")
    steps = [{"dream": {"layers": "1..2", "chain": True}}, {"style": {"images": "a.png"}}]
    tasks = planned(steps=steps).tasks
    fill(tmp_path / "out", tasks)
    log = (tmp_path / "out" / "log.jsonl").read_bytes()
    lines = log.splitlines(keepends=True)
    ends = [len(b"".join(lines[: n + 1])) for n, line in enumerate(lines) if b'"finished"' in line]
    return Sample(tasks, log, tuple(ends))


def fill(folder: Path, tasks: tuple[Task, ...]) -> None:
    with Workspace.open(folder) as workspace:
        for task in tasks:
            workspace.record("started", task=task.id, attempt=1, node="n")
            workspace.publish(task, b"frame", b"carry", attempt=1)


def known(sample: Sample, log: bytes) -> set[str]:
    """What is finished by a log that something has happened to; all files are there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, sample.tasks)
        (folder / "log.jsonl").write_bytes(log)
        storage = at(folder)
        reasons(sample.tasks, set(), read(storage), storage.sizes())
        with Workspace.open(folder) as workspace:
            return workspace.finished(sample.tasks)


def test_a_log_cut_at_any_byte_knows_what_was_finished_before(sample: Sample) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, len(sample.log)))
    def check(cut: int) -> None:
        whole = sum(end - 1 <= cut for end in sample.ends)
        assert known(sample, sample.log[:cut]) == {task.id for task in sample.tasks[:whole]}

    check()


def test_a_flipped_bit_costs_two_frames_at_most(sample: Sample) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 8 * len(sample.log) - 1))
    def check(bit: int) -> None:
        log = bytearray(sample.log)
        log[bit // 8] ^= 1 << bit % 8
        assert len(known(sample, bytes(log))) >= len(sample.tasks) - 2

    check()


def test_records_of_any_shape_are_taken_or_passed_over() -> None:
    values = st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(
        st.text(), st.integers()
    )  # fmt: skip
    keys = ("task", "attempt", "files", "size_bytes", "recipe", "key", "picture", "needs", "node",
            "outputs")  # fmt: skip
    events = st.sampled_from(
        ["finished", "recipe", "given_up", "started", "renamed", "outputs", "x"]
    )

    @given(events, st.dictionaries(st.sampled_from(keys), values))
    def check(event: str, facts: dict[str, object]) -> None:
        History().remember({**facts, "event": event})

    check()


def test_what_is_forgotten_is_not_finished_until_it_is_rendered_again(
    sample: Sample, tmp_path: Path
) -> None:
    folder, task = tmp_path / "out", sample.tasks[1]
    with Workspace.open(folder) as workspace:
        workspace.forget([task.id])
    storage = at(folder)
    past, sizes = read(storage), storage.sizes()
    assert task.id not in past.finished(sample.tasks, sizes)
    (reason,) = reasons(sample.tasks, past.finished(sample.tasks, sizes), past, sizes)
    assert (reason.tasks, reason.text) == (1, "asked for by `reverie retry`")
    with Workspace.open(folder) as workspace:
        assert workspace.attempts(task.id) == 1
        workspace.publish(task, b"frame", attempt=2)
    assert read(storage).forgotten == set()


def test_a_task_runs_until_something_ends_it() -> None:
    history = History()
    history.remember({"event": "started", "task": "a", "node": "n", "attempt": 1})
    history.remember({"event": "checkpoint", "task": "a", "attempt": 1, "iteration": 5})
    assert history.running == {"a": "n"}
    history.remember({"event": "failed", "task": "a", "attempt": 1})
    assert history.running == {}
    history.remember({"event": "given_up", "task": "a", "cause": "error", "reason": "bad"})
    assert history.failures["a"].reason == "bad"
    history.remember({"event": FORGOTTEN, "task": "a"})
    assert history.failures == {}


def test_outputs_of_earlier_plans_are_known_until_they_are_planned_again() -> None:
    history = History()
    pages = ["job-01-sheet.png", "job-02-sheet.png", "job.gif"]
    history.remember({"event": OUTPUTS, "outputs": pages})
    history.remember({"event": OUTPUTS, "outputs": ["job-sheet.png", "job.gif"]})
    assert history.former == set(pages[:2])
    history.remember({"event": OUTPUTS, "outputs": ["job-01-sheet.png"]})
    assert history.former == {"job-02-sheet.png", "job-sheet.png", "job.gif"}


@pytest.mark.parametrize("name", ["../a.gif", "frames/a.gif", "log.jsonl", "..\\a.gif", 7, None])
def test_no_other_file_passes_for_an_output(name: object) -> None:
    history = History()
    history.remember({"event": OUTPUTS, "outputs": [name]})
    history.remember({"event": OUTPUTS, "outputs": []})
    assert history.former == set()
