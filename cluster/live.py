"""How a run looks on a terminal: one line a worker, the totals, and remarks that scroll above."""

from __future__ import annotations

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cluster import notices as n
from cluster.board import Board, Row
from cluster.console import failures, outcome, remark
from cluster.phrases import duration, eta, losses, speed

ROWS_SHOWN = 16
"""Workers that get a line of their own; a farm of hundreds would push the totals off the screen."""

REDRAW_S = 0.2


class LiveDisplay:
    """Redraws the run's state a few times a second below the remarks."""

    def __init__(self, progress: Console, out: Console) -> None:
        self._progress, self._out = progress, out
        self._board = Board()
        self._began = time.monotonic()
        self._live = Live(
            console=progress,
            get_renderable=self._draw,
            auto_refresh=False,  # a thread of Rich's would read the board while it changes
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._redraw_at = 0.0
        self._live.start()

    def show(self, notice: n.Notice) -> None:
        self._board.take(notice, time.monotonic())
        if (line := remark(notice)) is not None:
            self._progress.print(line, soft_wrap=True)
        if isinstance(notice, n.OutputMade | n.Ended):
            self.close()
            if isinstance(notice, n.Ended):
                for line in failures(self._board):
                    self._progress.print(line, soft_wrap=True)
            outcome(notice, self._out)

    def tick(self) -> None:
        now = time.monotonic()
        if now >= self._redraw_at:
            self._redraw_at = now + REDRAW_S
            self._live.refresh()

    def close(self) -> None:
        self._live.stop()  # does nothing the second time

    def _draw(self) -> RenderableType:
        return Group(workers(self._board), self._totals())

    def _totals(self) -> RenderableType:
        board, now = self._board, time.monotonic()
        table = Table.grid(padding=(0, 2))
        state = Text("" if board.rows else "waiting for workers")
        if board.failed:
            state = Text(f"{board.failed} failed", style="red")
        table.add_row(
            Text(f"{board.finished}/{board.tasks}", style="bold"),
            ProgressBar(total=max(1, board.tasks), completed=board.finished, width=32),
            Text(duration(now - self._began) + eta(board.remaining_s(now))),
            state,
        )
        return table


def workers(board: Board) -> Table:
    """One line for each worker that renders: frame, iterations, speed, losses."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(width=20)
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    busy = board.busy
    for row in busy[:ROWS_SHOWN]:
        name = row.worker if row.shards == 1 else f"{row.worker} +{row.shards - 1}"
        table.add_row(name, row.file.removeprefix("frames/"), *_progress(row))
    if len(busy) > ROWS_SHOWN:
        table.add_row("", f"and {len(busy) - ROWS_SHOWN} more workers")
    return table


def _progress(row: Row) -> tuple[RenderableType, ...]:
    if not row.iterations:
        return Text(""), Text("starting"), Text(""), Text("")
    return (
        ProgressBar(total=1.0, completed=row.share, width=20),
        Text(f"{row.iteration}/{row.iterations}"),
        Text(speed(row)),
        Text(losses(row.losses), style="dim"),
    )
