"""The displays: what goes to which stream, and that nothing worth knowing is left out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from rich.console import Console

from cluster import console, live
from cluster import notices as n
from cluster.console import Display, JsonDisplay, PlainDisplay
from cluster.live import LiveDisplay
from tests.cluster.watching import ended, failed, finished, joined, opened, progress, started

Made = tuple[Display, io.StringIO, io.StringIO]


def plain() -> Made:
    progress, out = io.StringIO(), io.StringIO()
    return PlainDisplay(Console(file=progress, width=80), Console(file=out)), progress, out


def terminal() -> Made:
    progress, out = io.StringIO(), io.StringIO()
    screen = Console(file=progress, force_terminal=True, width=100, color_system=None)
    return LiveDisplay(screen, Console(file=out)), progress, out


def test_plain_lines_tell_every_frame_and_the_end() -> None:
    display, told, out = plain()
    for notice in (opened(), joined(), started(), progress(3), finished(), ended()):
        display.show(notice)
    assert told.getvalue().splitlines() == [
        "harbour: 4 tasks, into /far/harbour",
        "1/4  a.png  10 s  objective 12.3",
    ]
    assert out.getvalue() == "4 of 4 tasks done in 2 min 3 s: /far/harbour\n"


def test_a_long_silence_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "STATUS_EVERY_S", 0.0)
    display, told, _ = plain()
    for notice in (opened(), joined(), started(), progress(3)):
        display.show(notice)
    display.tick()
    assert told.getvalue().splitlines()[-1].startswith("0/4  a.png 3/10")


def test_of_many_unreadable_pictures_the_first_are_named_and_all_counted() -> None:
    unreadable = tuple((f"{n}.png", f"{n}.png is no picture") for n in range(100))
    where = "/renders/left-out.csv"
    display, told, _ = plain()
    display.show(opened(unreadable=unreadable, left_out=1000, left_out_file=where))
    lines = told.getvalue().splitlines()
    assert [line for line in lines if line.startswith("left out")] == [
        *(f"left out {n}.png is no picture" for n in range(5)),
        f"left out 995 more, all listed in {where}",
    ]
    display.show(ended(finished=4))
    assert "1,000 failures:" in told.getvalue()


@pytest.mark.parametrize("make", [plain, terminal])
def test_what_goes_wrong_is_told_and_listed_at_the_end(make: Callable[[], Made]) -> None:
    display, told, _ = make()
    display.show(opened(unreadable=(("torn.png", "torn.png is no picture"),)))
    display.show(joined())
    display.show(n.WorkerLost(worker="worker-1", reason="worker-1 on desk was lost: killed"))
    display.show(n.TaskRetried(task="t", file="a.png", cause="error", reason="it broke", left=0))
    display.show(failed())
    display.show(failed("b.png", needs="a.png", step=1))
    display.show(ended(finished=2, failed=2))
    text = told.getvalue()
    assert "worker-1 on desk was lost: killed" in text
    assert "trying again a.png: it broke (1 more try left)" in text
    end = text[text.index("2 failures:") :].splitlines()
    assert end[1].strip() == "left out torn.png is no picture"
    assert end[2].strip() == "failed a.png (conv2): error: it broke [desk]"
    assert "b.png" not in text  # it only needed a.png


@pytest.mark.parametrize("make", [plain, terminal])
def test_results_go_to_standard_output(make: Callable[[], Made]) -> None:
    display, _, out = make()
    display.show(opened())
    display.show(n.OutputMade(file="/far/harbour/harbour.gif", frames=9, missing=2))
    display.show(ended(pictures=("/far/harbour/frames/a b.png",)))
    assert out.getvalue().splitlines() == [
        "/far/harbour/harbour.gif  (9 frames, 2 missing)",
        "/far/harbour/frames/a b.png",
        "4 of 4 tasks done in 2 min 3 s: /far/harbour",
    ]


def test_the_terminal_shows_a_line_for_each_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "REDRAW_S", 0.0)
    display, told, _ = terminal()
    notices = (
        opened(),
        joined("worker-1"),
        joined("worker-2"),
        started("frames/1-dream/a.png", worker="worker-1"),
        progress(3, file="frames/1-dream/a.png"),
        started("b.png", worker="worker-2"),
    )
    for notice in notices:
        display.show(notice)
    display.tick()
    display.close()
    screen = told.getvalue()
    assert "worker-1  1-dream/a.png" in screen
    assert "3/10" in screen
    assert "objective 12.3" in screen
    assert "starting" in screen
    assert "0/4" in screen


def test_a_farm_does_not_push_the_totals_off_the_screen() -> None:
    display, told, _ = terminal()
    display.show(opened(tasks=99))
    for i in range(40):
        display.show(joined(f"worker-{i}"))
        display.show(started(f"{i}.png", worker=f"worker-{i}"))
    display.tick()
    display.close()
    assert "and 24 more workers" in told.getvalue()


def test_a_gpu_that_torch_cannot_use_is_told() -> None:
    display, told, _ = plain()
    display.show(joined(gpus=("3",)))
    display.show(joined("worker-2", gpus=("1",), device="cuda"))
    text = told.getvalue()
    assert "worker-1 on desk has GPU 3, but its torch can't use it" in text
    assert "worker-2" not in text


def test_json_is_an_object_a_line_for_every_notice() -> None:
    out = io.StringIO()
    display = JsonDisplay(out)
    for notice in (opened(), joined(), started(), progress(3), finished(), ended()):
        display.show(notice)
    events = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert events == [
        "opened",
        "worker_joined",
        "task_started",
        "task_progress",
        "task_finished",
        "ended",
    ]


@pytest.mark.parametrize("by_s", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_jumps_changes_no_estimate(
    monkeypatch: pytest.MonkeyPatch, by_s: float
) -> None:
    now = {"s": 0.0}
    clocks = SimpleNamespace(monotonic=lambda: now["s"], time=lambda: 1e9 + by_s * (now["s"] > 0))
    monkeypatch.setattr(console, "time", clocks)
    display, told, _ = plain()
    for notice in (opened(tasks=2, left={0: 2}), joined(), started()):
        display.show(notice)
    now["s"] = 40.0
    display.show(progress(2))  # of 10: 200 s each, and there are two
    display.tick()
    assert "about 6 min 0 s left" in told.getvalue()
