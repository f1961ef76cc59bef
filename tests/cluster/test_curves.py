"""Losses over iterations, from a worker that is cut short to the plot of a whole job."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cluster import exits
from cluster.backend import Attempt
from cluster.cli import run
from cluster.records import Failed, Order, Pace, Record
from cluster.worker import Renderer
from jobs.curves import LOSSES, read
from renderer.events import Artefact, Checkpoint
from tests.cluster.conftest import picture, poisoned, with_iterations
from tests.cluster.fakes import FakeBackend, renders
from tests.cluster.test_runner import ONE, Bench, bench, checkpoint

__all__ = ["bench"]  # the fixture


def tables(records: list[Record]) -> list[bytes]:
    return [r.data for r in records if isinstance(r, Artefact) and r.name == LOSSES]


@pytest.fixture
def long(order: Order) -> Order:
    """A dream of 20 iterations at two sizes."""
    return with_iterations(order, 10, pace=Pace(every=6, losses=3))


def test_a_task_that_is_cut_anywhere_has_the_same_table_in_the_end(long: Order) -> None:
    whole = list(Renderer().render(long))
    expected = read(tables(whole)[-1])
    assert expected.iterations == (1, 3, 6, 9, 12, 15, 18, 20)
    kept = [record for record in whole if isinstance(record, Checkpoint)]
    for resume in kept:
        before = whole[: whole.index(resume)]
        past = tables(before)[-1]
        # A killed worker may have told more losses than its last checkpoint knows of.
        for left in (past, tables(whole)[-1]):
            rest = list(Renderer().render(replace(long, resume=resume, curve=left)))
            found = read(tables(rest)[-1])
            assert (found.iterations, found.values) == (expected.iterations, expected.values)


def test_every_checkpoint_comes_after_the_losses_that_led_to_it(long: Order) -> None:
    latest = 0
    for record in Renderer().render(long):
        if isinstance(record, Artefact):
            latest = read(record.data).iterations[-1]
        elif isinstance(record, Checkpoint):
            assert latest == record.iteration // 3 * 3


def test_recording_changes_no_pixel_and_can_be_switched_off(long: Order) -> None:
    quiet = list(Renderer().render(replace(long, pace=Pace(losses=0))))
    told = list(Renderer().render(long))
    assert tables(quiet) == []
    assert quiet[-1].frame == told[-1].frame  # type: ignore[union-attr]


def test_a_task_that_diverges_leaves_its_losses(order: Order) -> None:
    records = list(Renderer().render(poisoned(order)))
    assert isinstance(records[-1], Failed)
    (table,) = tables(records)
    assert table.splitlines()[1].startswith(b"1,nan,")


def test_a_resumed_task_is_given_its_table(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=ONE)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number > 1:
            return renders(order, attempt)
        backend.lose("one")
        backend.join("one")
        told = [Artefact(LOSSES, b"the table"), checkpoint(2)]
        backend.tell_first("one", attempt, *told)
        return []

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    assert [order.curve for _, _, order in backend.orders] == [b"", b"the table"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(picture())
    return tmp_path


DREAM = ("dream", "photo.png", "--network", "motifs", "--layers", "conv2,conv3", "--size", "40",
         "--repeats", "0", "--iterations", "3", "--inline")  # fmt: skip


def test_a_plot_and_a_table_of_all_losses_are_made(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*DREAM, "--plot"]) == exits.DONE
    assert "photo-dream-losses.png" in capsys.readouterr().out
    made = desk / "renders" / "photo-dream"
    with Image.open(made / "photo-dream-losses.png") as shown:
        assert (shown.format, shown.mode) == ("PNG", "RGBA")
        assert len(shown.convert("RGB").getcolors(1 << 20) or ()) > 50
    rows = list(csv.DictReader((made / "photo-dream-losses.csv").read_text().splitlines()))
    assert [int(row["iteration"]) for row in rows] == [1, 2, 3] * 2
    assert len({row["frame"] for row in rows}) == 2
    log = [json.loads(line) for line in (made / "log.jsonl").read_text().splitlines()]
    last = [record["losses"]["objective"] for record in log if record["event"] == "finished"]
    assert [float(row["objective"]) for row in rows][2::3] == pytest.approx(last)


def test_a_job_without_losses_has_no_plot_and_says_why(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run([*DREAM, "--plot", "--set", "losses.every=0"])
    assert code == exits.SOME_FAILED
    assert "no losses were recorded" in capsys.readouterr().err
