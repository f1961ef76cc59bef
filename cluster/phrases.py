"""How the things of a run are said in words: durations, losses, speeds, outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import notices as n

if TYPE_CHECKING:
    from cluster.board import Row

REASONS_SHOWN = 8
"""So many reasons for rendering again are told one by one."""


UNREADABLE_SHOWN = 5
"""So many pictures that can't be rendered are told one by one."""


def duration(seconds: float) -> str:
    """A time in the two units that matter: ``3.4 s``, ``2 min 3 s``, ``1 h 20 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plural(count: int, word: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def frames_line(frames: int, *, one_in: int) -> str:
    """How many frames an output has: ``10,000 frames, one in 10`` where there are too many."""
    return plural(frames, "frame") + (f", one in {one_in:,}" if one_in > 1 else "")


def shown(path: str) -> str:
    """A path as short as it can be said: from the current folder, if it lies in there."""
    full = Path(path)
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else path


def losses(values: Mapping[str, float]) -> str:
    """Losses with three digits: ``content 1.24e+03  style 0.511``."""
    return "  ".join(f"{name} {value:.3g}" for name, value in values.items())


def speed(row: Row) -> str:
    """Iterations a second, or seconds an iteration where it takes longer than one."""
    if row.speed is None:
        return ""
    return f"{row.speed:.1f} it/s" if row.speed >= 1 else f"{1 / row.speed:.1f} s/it"


def eta(seconds: float | None) -> str:
    """What is left of a run, to append to a line; nothing while it isn't known."""
    return "" if seconds is None or seconds < 1 else f", about {duration(round(seconds))} left"


def opened_line(notice: n.Opened) -> str:
    """What there is to do, and what an earlier run has done."""
    done = f", {notice.finished:,} of them finished before" if notice.finished else ""
    return f"{notice.job}: {plural(notice.tasks, 'task')}{done}, into {shown(notice.directory)}"


def waiting_line(notice: n.WaitingFor) -> str:
    """What a job comes after: ``waiting for renders/a: 3 of 10 tasks done``."""
    done = f"{notice.finished:,} of {plural(notice.tasks, 'task')} done"
    return f"waiting for {shown(notice.job)}: {done if notice.tasks else 'not begun yet'}"


def allowed_line(workers: int, jobs: int) -> str:
    """How many workers a job may have beside others: ``3 workers, beside 2 other jobs``."""
    others = f"beside {plural(jobs - 1, 'other job')}" if jobs > 1 else "by itself"
    return f"{plural(workers, 'worker')}, {others}" if workers else f"no worker for now, {others}"


def demands_line(priority: int, max_workers: int | None) -> str:
    """How urgent a job is and how much it takes: ``priority 80, at most 4 workers``."""
    most = f", at most {plural(max_workers, 'worker')}" if max_workers else ""
    return f"priority {priority}{most}"


def again_lines(again: Sequence[tuple[str, int]]) -> list[str]:
    """Why tasks are rendered again: ``7 tasks again: style.iterations 120 → 3600``."""
    lines = [f"{plural(tasks, 'task')} again: {why}" for why, tasks in again[:REASONS_SHOWN]]
    if more := sum(tasks for _, tasks in again[REASONS_SHOWN:]):
        others = plural(len(again) - REASONS_SHOWN, "other reason")
        lines.append(f"{plural(more, 'task')} again for {others}")
    return lines


def running_line(row: Row) -> str:
    """What a worker is doing: ``frames/2-style/a.png 40/120 (3.1 it/s)``."""
    pace = speed(row)
    done = f" {row.iteration}/{row.iterations}" if row.iterations else ""
    return f"{row.file}{done}" + (f" ({pace})" if pace else "")


def finished_line(notice: n.TaskFinished) -> str:
    """A frame that is done: ``frames/2-style/a.png  38 s  content 1.2e+03  style 0.5``."""
    return "  ".join(
        part for part in (notice.file, duration(notice.seconds), losses(notice.losses)) if part
    )


def unreadable_line(picture: str, reason: str) -> str:
    """An input that is no picture; the reason names it as a rule."""
    return f"left out {reason}" if picture in reason else f"left out {picture}: {reason}"


def unreadable_lines(notice: n.Opened) -> list[str]:
    """The first inputs that are no pictures, and where all of them are listed."""
    told = [unreadable_line(*item) for item in notice.unreadable[:UNREADABLE_SHOWN]]
    if (more := notice.left_out - len(told)) > 0:
        told.append(f"left out {more:,} more, all listed in {shown(notice.left_out_file)}")
    return told


def failed_line(notice: n.TaskFailed) -> str:
    """A frame that failed: its file, its layer, the cause, the reason, the node."""
    where = f" [{notice.node}]" if notice.node else ""
    cause = "" if notice.cause == "input" else f"{notice.cause.replace('_', ' ')}: "
    kept = f"; its last good picture is {notice.kept}" if notice.kept else ""
    return f"failed {notice.file} ({notice.label}): {cause}{notice.reason}{where}{kept}"


def ended_line(notice: n.Ended) -> str:
    """How the run ended, in one sentence."""
    done = f"{notice.finished:,} of {plural(notice.tasks, 'task')} done"
    if notice.failed:
        done += f", {notice.failed:,} failed"
    if notice.left_out:
        done += f", {plural(notice.left_out, 'picture')} left out"
    if notice.interrupted:
        return (
            f"interrupted, {done}; the same command goes on from there: {shown(notice.directory)}"
        )
    return f"{done} in {duration(notice.seconds)}: {shown(notice.directory)}"
