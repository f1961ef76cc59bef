"""The runner on a fake backend: every task once, in order, whatever happens to workers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from cluster import notices as n
from cluster.backend import Allowed, Attempt, Freed, Leaving, Report, Told, Wishes
from cluster.console import remark
from cluster.orders import Orders, Terms
from cluster.records import Order, Record, Started
from cluster.runner import Rules, Runner, Summary, Watch
from cluster.shelf import Shelf
from jobs import history, requests
from jobs.limits import Limits
from jobs.messages import Cause
from jobs.plan import Plan, plan
from jobs.schedule import Budgets
from jobs.spec import build
from jobs.storage import at
from jobs.workspace import Workspace
from renderer import images
from renderer.checkpoints import State, pack
from renderer.errors import WorkspaceError
from renderer.events import Artefact, Checkpoint
from renderer.weights import Weights
from tests.cluster.conftest import NETWORK, picture
from tests.cluster.fakes import FRAME, FakeBackend, fails, renders

DREAM = {"dream": {"network": NETWORK, "layers": ["conv1", "conv2"], "chain": True}}


class Bench:
    """A job in a folder of its own, run on fake backends."""

    def __init__(self, folder: Path, weights: Weights) -> None:
        self.folder = folder
        self.notices: list[n.Notice] = []
        self.shelf = Shelf(lambda network, until: weights)

    def plan(self, *inputs: str, steps: Any = (DREAM,), **more: Any) -> Plan:
        for name in inputs:
            path = self.folder / name
            if not path.exists():
                path.write_bytes(picture(seed=len(name) + ord(name[0])))
        data = {"name": "job", "inputs": list(inputs), "size": 40, "steps": list(steps), **more}
        return plan(build(data, base=self.folder), self.shelf.digest)

    def run(
        self,
        planned: Plan,
        backend: FakeBackend,
        *,
        interrupted: Callable[[], bool] = lambda: False,
        limits: Limits | None = None,
        shards: Mapping[str, int] | None = None,
        **budgets: int,
    ) -> Summary:
        with Workspace.open(self.folder / "out") as workspace:
            return Runner(
                planned,
                workspace,
                lambda: backend,
                orders=Orders(
                    {task.id: task for task in planned.tasks},
                    Terms(job="job", seed=0, base=self.folder),
                    shelf=self.shelf,
                    workspace=workspace,
                ),
                rules=Rules(Budgets(**budgets), limits or Limits(), shards=shards or {}),
                watch=Watch(self.notices.append, lambda: None, interrupted),
            ).run()

    def told(self, kind: type) -> list[Any]:
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def log(self, event: str) -> list[dict[str, Any]]:
        lines = (self.folder / "out" / "log.jsonl").read_text().splitlines()
        return [record for record in map(json.loads, lines) if record["event"] == event]


@pytest.fixture
def bench(tmp_path: Path, tiny_weights: Weights) -> Bench:
    return Bench(tmp_path, tiny_weights)


def started(backend: FakeBackend) -> list[str]:
    return [order.task for _, _, order in backend.orders]


def test_every_task_is_rendered_once_and_written(bench: Bench) -> None:
    planned, backend = bench.plan("a.png", "b.png"), FakeBackend("one", "two")
    summary = bench.run(planned, backend)
    assert (summary.counts.finished, summary.counts.failed, summary.interrupted) == (4, 0, False)
    assert sorted(started(backend)) == sorted(task.id for task in planned.tasks)
    for task in planned.tasks:
        assert (bench.folder / "out" / task.file).read_bytes() == FRAME
    assert len(bench.log("finished")) == 4
    assert backend.closed


def test_orders_hold_all_that_a_worker_needs(bench: Bench) -> None:
    planned, backend = bench.plan("a.png"), FakeBackend("one")
    bench.run(planned, backend)
    first, second = (order for _, _, order in backend.orders)
    assert (first.packed, first.picture) == (False, (bench.folder / "a.png").read_bytes())
    assert (second.packed, second.picture) == (True, b"carry")
    assert (first.carries, second.carries) == (True, False)
    assert (first.size, second.size) == (40, None)
    assert first.weights is second.weights
    assert len(backend.shared) == 1


def test_styles_are_shared_once(bench: Bench) -> None:
    (bench.folder / "brush.png").write_bytes(picture(seed=9))
    style = {
        "network": NETWORK,
        "images": ["brush.png"],
        "content_layers": ["conv2"],
        "style_layers": ["conv1"],
    }
    planned, backend = bench.plan("a.png", "b.png", steps=[{"style": style}]), FakeBackend("one")
    bench.run(planned, backend)
    handles = [order.styles[0].data for _, _, order in backend.orders]
    assert handles[0] is handles[1]
    assert handles[0] == (bench.folder / "brush.png").read_bytes()


def test_a_second_run_renders_nothing(bench: Bench) -> None:
    planned = bench.plan("a.png")
    bench.run(planned, FakeBackend("one"))
    again = FakeBackend("one")
    summary = bench.run(planned, again)
    assert again.orders == []
    assert summary.counts.finished == 2
    assert bench.told(n.Opened)[-1].finished == 2


def test_what_is_missing_is_rendered_again(bench: Bench) -> None:
    planned = bench.plan("a.png")
    bench.run(planned, FakeBackend("one"))
    (bench.folder / "out" / planned.tasks[1].file).unlink()
    again = FakeBackend("one")
    bench.run(planned, again)
    assert [(order.task, attempt.number) for _, attempt, order in again.orders] == [
        (planned.tasks[1].id, 2)
    ]


def test_a_lost_worker_costs_an_attempt_and_nothing_else(bench: Bench) -> None:
    planned = bench.plan("a.png")

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number == 1 and order.task == planned.tasks[0].id:
            backend.lose("one")
            backend.join("one")
            return [Started("desk", 1, "cpu", 1)]
        return renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    summary = bench.run(planned, backend)
    assert summary.counts.finished == 2
    assert [attempt.number for _, attempt, _ in backend.orders] == [1, 2, 1]
    assert [lost.worker for lost in bench.told(n.WorkerLost)] == ["one"]
    assert [again.cause for again in bench.told(n.TaskRetried)] == ["worker_lost"]


def test_the_answer_of_a_stale_attempt_changes_nothing(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=[{"dream": {"network": NETWORK, "layers": "conv1"}}])

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number == 1:
            backend.lose("one")
            backend.join("two")
            return []
        # What was thought lost answers now, before the second attempt does.
        stale = FakeBackend(answer=renders)
        stale.start("one", Attempt(order.task, 1), order)
        backend._reports += stale._reports
        return renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    assert [record["attempt"] for record in bench.log("finished")] == [2]


def test_failures_use_up_their_budget_and_the_rest_is_finished(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png")
    bad = planned.tasks[0].id

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        return fails() if order.task == bad else renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    summary = bench.run(planned, backend, error=2)
    assert started(backend).count(bad) == 3
    counts = summary.counts
    assert (counts.finished, counts.failed, counts.skipped) == (2, 1, 1)
    failed, skipped = bench.told(n.TaskFailed)
    assert (failed.cause, failed.reason, failed.node) == ("error", "it broke", "desk")
    assert (skipped.cause, skipped.needs) == ("skipped", failed.file)
    assert [record["traceback"] for record in bench.log("failed")] == ["Traceback ..."] * 3


def test_a_task_for_which_memory_ran_out_is_to_take_less(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=[{"dream": {"network": NETWORK, "layers": "conv1"}}])
    causes = [Cause.OUT_OF_MEMORY, Cause.ERROR, Cause.OUT_OF_MEMORY]

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        return fails(causes.pop(0)) if causes else renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend, error=1, out_of_memory=2).counts.finished == 1
    assert [order.squeezed for _, _, order in backend.orders] == [0, 1, 1, 2]
    assert [order.careful for _, _, order in backend.orders] == [False, True, True, True]


def test_a_task_that_lost_its_workers_names_the_node_in_the_log(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=[{"dream": {"network": NETWORK, "layers": "conv1"}}])

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        backend.lose("one")
        backend.join("one")
        return []

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend, worker_lost=1).counts.failed == 1
    (given_up,) = bench.log("given_up")
    assert (given_up["cause"], given_up["node"], given_up["attempt"]) == ("worker_lost", "desk", 2)
    assert [record["left"] for record in bench.log("retried")] == [0]
    assert [failed.node for failed in bench.told(n.TaskFailed)] == ["desk"]


def test_a_bad_picture_is_not_tried_again(bench: Bench) -> None:
    planned = bench.plan("a.png")
    backend = FakeBackend("one", answer=lambda order, attempt: fails(Cause.INPUT, "a.png is torn"))
    assert bench.run(planned, backend, error=5).counts.failed == 1
    assert len(backend.orders) == 1


def test_a_picture_that_went_after_planning_fails_by_name(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png")
    (bench.folder / "a.png").unlink()
    summary = bench.run(planned, FakeBackend("one"))
    assert (summary.counts.finished, summary.counts.failed, summary.counts.skipped) == (2, 1, 1)
    assert "a.png" in bench.told(n.TaskFailed)[0].reason


def test_an_interrupt_stops_what_runs_and_a_second_run_goes_on(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png")

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        return renders(order, attempt) if order.task == planned.tasks[0].id else []

    backend = FakeBackend("one", answer=answer)
    summary = bench.run(planned, backend, interrupted=lambda: len(backend.orders) == 2)
    assert summary.interrupted
    assert summary.counts.finished == 1
    assert len(backend.cancelled) == 1
    assert backend.closed
    assert bench.told(n.Ended)[-1].interrupted
    again = FakeBackend("one")
    assert bench.run(planned, again).counts.finished == 4
    assert planned.tasks[0].id not in started(again)


def test_a_workspace_that_fails_ends_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **facts: Any) -> None:
        raise WorkspaceError("the disk is full")

    planned, backend = bench.plan("a.png"), FakeBackend("one")
    monkeypatch.setattr(Workspace, "put", full)
    with pytest.raises(WorkspaceError, match="full"):
        bench.run(planned, backend)
    assert backend.closed


@pytest.fixture
def outputs() -> list[Any]:
    return [{"gif": {}}, {"sheet": {}}]


def test_outputs_are_made_of_all_frames(bench: Bench, outputs: list[Any]) -> None:
    bench.run(bench.plan("a.png", outputs=outputs), FakeBackend("one"))
    made = bench.told(n.OutputMade)
    assert [(Path(item.file).name, item.frames, item.missing) for item in made] == [
        ("job.gif", 2, 0),
        ("job-sheet.png", 2, 0),
    ]
    gif = (bench.folder / "out" / "job.gif").read_bytes()
    assert images.count_frames(gif) == 2


def test_outputs_go_without_frames_that_failed(bench: Bench, outputs: list[Any]) -> None:
    planned = bench.plan("a.png", outputs=outputs)
    bad = planned.tasks[1].id

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        return fails() if order.task == bad else renders(order, attempt)

    summary = bench.run(planned, FakeBackend("one", answer=answer), error=0)
    assert summary.outputs_failed == 0
    assert [(item.frames, item.missing) for item in bench.told(n.OutputMade)] == [(1, 1), (1, 1)]


def test_an_output_without_any_frame_fails(bench: Bench, outputs: list[Any]) -> None:
    planned = bench.plan("a.png", outputs=outputs)
    backend = FakeBackend("one", answer=lambda order, attempt: fails())
    assert bench.run(planned, backend, error=0).outputs_failed == 2
    assert not list((bench.folder / "out").glob("*.gif"))


def test_no_outputs_are_made_of_an_interrupted_job(bench: Bench, outputs: list[Any]) -> None:
    planned = bench.plan("a.png", outputs=outputs)
    backend = FakeBackend("one", answer=lambda order, attempt: [])
    summary = bench.run(planned, backend, interrupted=lambda: bool(backend.orders))
    assert summary.interrupted
    assert bench.told(n.OutputMade) == []
    assert not list((bench.folder / "out").glob("*.gif"))


def test_few_pictures_are_named_at_the_end_and_many_are_not(bench: Bench) -> None:
    bench.run(bench.plan("a.png"), FakeBackend("one"))
    assert len(bench.told(n.Ended)[-1].pictures) == 2
    bench.run(bench.plan("a.png", "b.png", "c.png"), FakeBackend("one"))
    assert bench.told(n.Ended)[-1].pictures == ()


def test_the_recipe_in_a_frame_is_the_whole_chain(bench: Bench) -> None:
    planned, backend = bench.plan("a.png"), FakeBackend("one")
    bench.run(planned, backend)
    metadata = [order.metadata or {} for _, _, order in backend.orders]
    assert [len(data["tasks"]) for data in metadata] == [1, 2]
    assert metadata[1]["tasks"][0]["source"]["path"] == "a.png"


def checkpoint(iteration: int) -> Checkpoint:
    state = State(iteration, {"image": torch.full((1, 3, 4, 4), float(iteration))})
    return Checkpoint(iteration, pack(state))


ONE = [{"dream": {"network": NETWORK, "layers": "conv1"}}]


def resumed(backend: FakeBackend) -> list[int]:
    return [order.resume.iteration if order.resume else 0 for _, _, order in backend.orders]


def test_a_task_goes_on_from_its_last_checkpoint(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number == 1:
            backend.lose("one")
            backend.join("one")
            # All that was told before the loss is heard before it.
            found = [Told("one", attempt, checkpoint(i)) for i in (1, 2)]
            backend._reports.extendleft(found[::-1])
            return []
        return renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    assert resumed(backend) == [0, 2]
    assert [told.iteration for told in bench.told(n.TaskCheckpointed)] == [1, 2]
    assert [told.resumed for told in bench.told(n.TaskStarted)] == [0, 2]
    assert [record["resumed"] for record in bench.log("started")] == [2]


def test_a_checkpoint_of_a_stale_attempt_is_not_kept(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number == 1:
            backend.lose("one")
            backend.join("two")
            return []
        backend._reports.append(Told("one", Attempt(order.task, 1), checkpoint(9)))
        return renders(order, attempt)

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    assert bench.log("checkpoint") == []


def test_an_interrupted_task_keeps_its_checkpoint_for_the_next_run(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)
    backend = FakeBackend("one", answer=lambda order, attempt: [checkpoint(3)])
    summary = bench.run(planned, backend, interrupted=lambda: bool(bench.told(n.TaskCheckpointed)))
    assert summary.interrupted
    assert backend.cancelled
    again = FakeBackend("one")
    assert bench.run(planned, again).counts.finished == 1
    assert resumed(again) == [3]
    assert not list((bench.folder / "out" / "checkpoints").glob("*/*"))


def test_the_last_good_picture_of_a_failed_task_is_kept(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)
    backend = FakeBackend(
        "one", answer=lambda order, attempt: [checkpoint(5), *fails(Cause.INPUT, "it diverged")]
    )
    assert bench.run(planned, backend).counts.failed == 1
    kept = bench.told(n.TaskFailed)[0].kept
    assert kept == planned.tasks[0].file.replace(".png", ".iteration-5.png")
    picture_kept = images.decode((bench.folder / "out" / kept).read_bytes())
    assert picture_kept.pixels.unique().tolist() == [5.0]


def test_a_silent_worker_is_killed_and_its_task_goes_on(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        return [checkpoint(4)] if attempt.number == 1 else renders(order, attempt)

    class Silenced(FakeBackend):
        def poll(self, timeout_s: float) -> list[Report]:
            time.sleep(0.01)
            return super().poll(timeout_s)

        def kill(self, slot: str, reason: str) -> None:
            super().kill(slot, reason)
            self.join(slot)

    backend = Silenced("one", answer=answer)
    summary = bench.run(planned, backend, limits=Limits(silence_seconds=0.05))
    assert summary.counts.finished == 1
    assert backend.killed == ["one"]
    assert resumed(backend) == [0, 4]
    assert "told nothing" in bench.told(n.WorkerLost)[0].reason


def test_too_many_failures_stop_the_job_early(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png", "c.png", steps=ONE)
    backend = FakeBackend("one", answer=lambda order, attempt: fails(Cause.INPUT))
    summary = bench.run(planned, backend, limits=Limits(max_failed="1"))
    assert (summary.counts.failed, summary.counts.ready, summary.interrupted) == (2, 1, False)
    assert "2 of 3 tasks failed" in bench.told(n.StoppedEarly)[0].reason


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.runner.POLL_S", 0.01)


def test_the_backend_hears_for_how_many_workers_there_is_work(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png")  # two chains of two tasks each
    folder = bench.folder / "out"

    class Asked(FakeBackend):
        def start(self, *given: Any) -> None:
            requests.demand(at(folder), {"priority": 80, "max_workers": 1})
            super().start(*given)

    backend = Asked("one")
    assert bench.run(planned, backend).counts.finished == 4
    assert backend.wishes[0] == Wishes(useful=2)
    assert backend.wishes[-1] == Wishes(useful=1, max_workers=1, priority=80)
    assert n.DemandsChanged(priority=80, max_workers=1) in bench.notices
    assert len(bench.log("demands")) == 1


def test_a_slot_that_is_to_go_is_released_and_its_task_goes_on_elsewhere(bench: Bench) -> None:
    class Going(FakeBackend):
        """The first slot is to go, at once, while it renders; another one comes."""

        def start(self, slot: str, attempt: Attempt, *order: Any) -> None:
            super().start(slot, attempt, *order)
            if attempt.number == 1 and slot == "one":
                self.tell(Leaving("one"))
                self.tell(Leaving("one", at_once=True))
                self.tell(Allowed(1, jobs=2))
            self.answer = renders

        def release(self, slot: str) -> None:
            super().release(slot)
            self.join("two")

    backend = Going("one", answer=lambda order, attempt: [Started("desk", 1, "cpu", 1)])
    summary = bench.run(bench.plan("a.png"), backend, error=0, worker_lost=0)
    assert summary.counts.finished == 2
    assert backend.released == ["one"]
    assert [(slot, attempt.number) for slot, attempt, _ in backend.orders] == [
        ("one", 1), ("two", 2), ("two", 1)
    ]  # fmt: skip
    assert n.WorkerReleased(worker="one") in bench.notices
    assert n.WorkersAllowed(workers=1, jobs=2) in bench.notices
    assert not bench.log("retried")


def test_a_pause_stops_what_runs_and_goes_on_with_it_later(bench: Bench) -> None:
    planned = bench.plan("a.png")
    folder = bench.folder / "out"

    class Pausing(FakeBackend):
        """While the first order runs, someone pauses the job, and goes on later."""

        polls = 0

        def poll(self, timeout_s: float) -> list[Report]:
            self.polls += 1
            if self.polls == 5:
                requests.pause(at(folder))
            if self.polls == 20:
                assert [attempt.number for attempt in self.cancelled] == [1]
                assert len(self.orders) == 1
                self.answer = renders
                requests.resume(at(folder))
            return super().poll(timeout_s)

    backend = Pausing("one", answer=lambda order, attempt: [Started("desk", 1, "cpu", 1)])
    summary = bench.run(planned, backend, error=0, worker_lost=0)
    assert (summary.counts.finished, summary.interrupted) == (2, False)
    assert [attempt.number for _, attempt, _ in backend.orders] == [1, 2, 1]
    assert [record["attempt"] for record in bench.log("stopped")] == [1]
    kinds = [type(notice) for notice in bench.notices]
    assert kinds.index(n.Paused) < kinds.index(n.Resumed) < kinds.index(n.TaskFinished)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_job_is_cancelled_by_a_file_in_its_folder(bench: Bench, at_once: bool) -> None:
    planned = bench.plan("a.png")
    folder = bench.folder / "out"

    class Cancelling(FakeBackend):
        polls = 0

        def poll(self, timeout_s: float) -> list[Report]:
            self.polls += 1
            if self.polls == 5:
                requests.cancel(at(folder), at_once=at_once)
            return super().poll(timeout_s)

    backend = Cancelling("one", answer=lambda order, attempt: [Started("desk", 1, "cpu", 1)])
    summary = bench.run(planned, backend)
    assert (summary.interrupted, summary.counts.finished, backend.closed) == (True, 0, True)
    assert [notice.cancelled for notice in bench.told(n.Stopping)] == [True]
    assert len(backend.cancelled) == 1
    assert len(bench.log("stopped")) == (0 if at_once else 1)
    requests.withdraw(at(folder))  # as a new driver does
    assert bench.run(planned, FakeBackend("one")).counts.finished == 2


def test_artefacts_are_kept_beside_the_frame_and_told_to_no_terminal(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)
    made = [Artefact("a.png", b"1"), Artefact("losses.csv", b"2"), Artefact("losses.csv", b"3")]
    backend = FakeBackend("one", answer=lambda order, attempt: [*made, *renders(order, attempt)])
    assert bench.run(planned, backend).counts.finished == 1
    home = bench.folder / "out" / "artefacts" / "1-dream" / "a-conv1"
    assert {file.name: file.read_bytes() for file in home.iterdir()} == {
        "a.png": b"1",
        "losses.csv": b"3",
    }
    kept = bench.told(n.ArtefactKept)
    assert [notice.file for notice in kept][:2] == [
        "artefacts/1-dream/a-conv1/a.png",
        "artefacts/1-dream/a-conv1/losses.csv",
    ]
    assert all(remark(notice) is None for notice in kept)


def test_artefacts_of_a_stale_attempt_are_not_kept(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number == 1:
            backend.lose("one")
            backend.join("two")
            return []
        stale = Attempt(order.task, 1)
        backend._reports.append(Told("one", stale, Artefact("a.png", b"stale")))
        return [Artefact("b.png", b"live"), *renders(order, attempt)]

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    home = bench.folder / "out" / "artefacts" / "1-dream" / "a-conv1"
    assert [file.name for file in home.iterdir()] == ["b.png"]


def test_the_log_tells_a_finished_tasks_losses_and_seconds(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)
    bench.run(planned, FakeBackend("one"))
    result = history.read(at(bench.folder / "out")).results[planned.tasks[0].id]
    assert (result.losses, result.seconds) == ({"objective": 1.0}, 0.5)


def test_what_diverged_in_bfloat16_begins_again_in_float32(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if order.precision == "float32":
            return [checkpoint(2)]  # and is cut short
        return [checkpoint(7), *fails(Cause.DIVERGED, "no longer finite")]

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend, interrupted=lambda: len(backend.orders) == 2).interrupted
    assert [order.precision for _, _, order in backend.orders] == ["", "float32"]
    assert resumed(backend) == [0, 0]  # nothing of what bfloat16 came to
    again = FakeBackend("one")
    assert bench.run(planned, again).counts.finished == 1
    assert [order.precision for _, _, order in again.orders] == ["float32"]  # it is remembered
    assert resumed(again) == [2]


def test_in_float32_it_is_tried_but_once(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)
    backend = FakeBackend("one", answer=lambda order, attempt: fails(Cause.DIVERGED))
    assert bench.run(planned, backend).counts.failed == 1
    assert len(backend.orders) == 2
    with Workspace.open(bench.folder / "out") as workspace:
        workspace.forget(task.id for task in planned.tasks)
    again = FakeBackend("one")
    assert bench.run(planned, again).counts.finished == 1
    assert again.orders[0][2].precision == ""  # as if it had never been tried


def test_several_slots_are_given_an_order_and_all_are_free_again(bench: Bench) -> None:
    planned = bench.plan("a.png", "b.png", steps=ONE)

    class Pair(FakeBackend):
        """Frees the members that an order was given to, and keeps who they were."""

        shards = 2

        def start(
            self, slot: str, attempt: Attempt, order: Order, members: tuple[str, ...] = ()
        ) -> None:
            super().start(slot, attempt, order, members)
            self.members = [*getattr(self, "members", []), members]
            self._reports += [Freed(member, "desk") for member in members]

    (bench.folder / "a.png").unlink()  # it can't be ordered, and nobody is left waiting for it
    backend = Pair("one", "two")
    shards = {task.id: 2 for task in planned.tasks}
    summary = bench.run(planned, backend, shards=shards)
    assert (summary.counts.finished, summary.counts.failed) == (1, 1)
    assert backend.members == [("two",)] or backend.members == [("one",)]
    assert [notice.shards for notice in bench.told(n.TaskStarted)] == [2, 2]
    assert bench.told(n.Sharded) == [n.Sharded(shards=2)]
    assert backend.orders[0][2].metadata is not None
    assert backend.orders[0][2].metadata["shards"] == 2


def test_where_too_few_come_they_make_do(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    class Short(FakeBackend):
        shards = 4

        def poll(self, timeout_s: float) -> list[Report]:
            time.sleep(0.01)
            return super().poll(timeout_s)

    shards = {task.id: 4 for task in planned.tasks}
    limits = Limits(start_seconds=0.1)
    summary = bench.run(planned, Short("one", "two"), shards=shards, limits=limits)
    assert summary.counts.finished == 1
    assert [notice.shards for notice in bench.told(n.Sharded)] == [4, 2]
    assert [notice.shards for notice in bench.told(n.TaskStarted)] == [2]
