"""How a run is shown: in plain lines, or as JSON for scripts; ``cluster.live`` draws on terminals.

A display takes notices. Progress goes to standard error; what came of the run (its files) goes to
standard output, so that a script can have the one without the other.
"""

from __future__ import annotations

import time
from typing import Protocol, TextIO

from rich.console import Console
from rich.text import Text

from cluster import notices as n
from cluster.board import FAILURES_LISTED, Board
from cluster.phrases import (
    again_lines,
    allowed_line,
    demands_line,
    duration,
    ended_line,
    eta,
    failed_line,
    finished_line,
    frames_line,
    opened_line,
    plural,
    running_line,
    shown,
    unreadable_lines,
    waiting_line,
)

STATUS_EVERY_S = 30.0
"""Plain lines: how often a long silence is broken with what is going on."""


class Display(Protocol):
    """Shows a run; ``tick`` comes several times a second, ``close`` before the outcome."""

    def show(self, notice: n.Notice) -> None: ...

    def tick(self) -> None: ...

    def close(self) -> None: ...


class JsonDisplay:
    """One JSON object a line, for each notice."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, notice: n.Notice) -> None:
        self._out.write(n.as_json(notice) + "\n")
        self._out.flush()

    def tick(self) -> None: ...

    def close(self) -> None: ...


class PlainDisplay:
    """One line for each frame and for each thing worth knowing; now and then what is running."""

    def __init__(self, progress: Console, out: Console) -> None:
        self._progress, self._out = progress, out
        self._board = Board()
        self._spoke = time.monotonic()

    def show(self, notice: n.Notice) -> None:
        self._board.take(notice, time.monotonic())
        if isinstance(notice, n.TaskFinished):
            self._say(Text(f"{self._count()}  {finished_line(notice)}"))
        elif (line := remark(notice)) is not None:
            self._say(line)
        if isinstance(notice, n.Ended):
            for line in failures(self._board):
                self._say(line)
        outcome(notice, self._out)

    def tick(self) -> None:
        if self._board.busy and time.monotonic() - self._spoke >= STATUS_EVERY_S:
            rows = ", ".join(running_line(row) for row in self._board.busy[:4])
            left = eta(self._board.remaining_s(time.monotonic()))
            self._say(Text(f"{self._count()}  {rows}{left}", style="dim"))

    def close(self) -> None: ...

    def _count(self) -> str:
        board = self._board
        return f"{board.finished:{len(str(board.tasks))}}/{board.tasks}"

    def _say(self, line: Text) -> None:
        self._spoke = time.monotonic()
        self._progress.print(line, soft_wrap=True)


def remark(notice: n.Notice) -> Text | None:
    """A line for what is worth knowing while a run goes on; None for the rest."""
    match notice:
        case n.WaitingFor():
            return Text(waiting_line(notice), style="dim")
        case n.WaitingForNodes(reason=reason):
            return Text(f"waiting for nodes that the cluster may add: {reason}", style="yellow")
        case n.Opened():
            lines = [Text(line) for line in (opened_line(notice), *again_lines(notice.again))]
            lines += [Text(line, style="red") for line in unreadable_lines(notice)]
            lines += [Text(line, style="yellow") for line in notice.cautions]
            return Text("\n").join(lines)
        case n.Sharded(shards=shards):
            workers = "one worker" if shards == 1 else f"{shards} workers together"
            return Text(f"each picture is rendered by {workers}", style="dim")
        case n.WorkerLost(reason=reason):
            return Text(reason, style="yellow")
        case n.WorkersAllowed(workers=workers, jobs=jobs) if jobs > 1:
            return Text(allowed_line(workers, jobs), style="dim")
        case n.DemandsChanged():
            return Text(f"from now on: {demands_line(notice.priority, notice.max_workers)}")
        case n.TaskRetried(file=file, reason=reason, left=left):
            tries = "1 more try" if left == 0 else f"{left + 1} more tries"
            return Text(f"trying again {file}: {reason} ({tries} left)", style="yellow")
        case n.TaskStarted(resumed=resumed) if resumed:
            return Text(f"going on with {notice.file} after iteration {resumed:,}", style="dim")
        case n.NodeBlocked(node=node, reason=reason, seconds=seconds):
            text = f"{node} gets no more tasks for {duration(seconds)}: {reason}"
            return Text(text, style="yellow")
        case n.NodeRefused(reason=reason):
            return Text(reason, style="red")
        case n.StoppedEarly(reason=reason):
            return Text(f"stopped early: {reason}", style="red")
        case n.WorkerJoined(worker=worker, node=node, device="cpu", gpus=gpus) if gpus:
            text = f"{worker} on {node} has GPU {', '.join(gpus)}, but its torch can't use it"
            return Text(f"{text}; it renders on the CPU", style="yellow")
        case n.TaskFailed(needs=""):
            return Text(failed_line(notice), style="red")
        case n.OutputFailed(file=file, reason=reason):
            return Text(f"failed {file}: {reason}", style="red")
        case n.Paused():
            text = "paused: what ran goes on from its checkpoint after `reverie resume`"
            return Text(text, style="yellow")
        case n.Resumed():
            return Text("going on after the pause", style="yellow")
        case n.Stopping():
            how = "it was cancelled" if notice.cancelled else "Ctrl-C again: at once"
            return Text(f"stopping: what is done is kept ({how})", style="yellow")
        case _:
            return None


def failures(board: Board) -> list[Text]:
    """All that failed, once more, for the end; nothing where one could not have missed it."""
    if board.tasks <= 1 or not board.failures:
        return []
    lines = [Text(line, style="red") for line in board.failures]
    total = len(board.failures) + board.unlisted
    if len(lines) == FAILURES_LISTED < total:
        more = f"and {total - FAILURES_LISTED} more, all in log.jsonl"
        lines.append(Text(more, style="red"))
    return [Text(f"{plural(total, 'failure')}:", style="red"), *lines]


def outcome(notice: n.Notice, out: Console) -> None:
    """Print what came of the run: where its outputs are, and what failed."""
    match notice:
        case n.OutputMade(file=file, frames=frames):
            lacking = f", {notice.missing:,} missing" if notice.missing else ""
            told = frames_line(frames, one_in=notice.one_in) + lacking
            out.print(Text(f"{shown(file)}  ({told})"), soft_wrap=True)
        case n.Ended():
            for picture in notice.pictures:
                out.print(Text(shown(picture)), soft_wrap=True)
            out.print(Text(ended_line(notice)), soft_wrap=True)
