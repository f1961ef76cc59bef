"""What does a worker's Python say while it renders a task? Its logging and warnings, bounded.

What libraries and torch warn of, and what our own modules log, is told to the driver with the
task's other records, and lies in the workspace's log under the task, whatever has become of the
worker by then. A task that says too much is cut short in the middle: how it began is kept, and how
it ended.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Generator, Iterator
from typing import TypeVar

from cluster.records import Last, Line, Said

T = TypeVar("T")

FIRST_BYTES, LAST_BYTES = 48 * 2**10, 16 * 2**10
"""Of what is said during an attempt, so much is told as it comes, and so much of its end."""

LINE_BYTES = 4 * 2**10
"""Of one message, no more is told."""

DRIVERS = "reverie.ray"
"""What the driver logs itself, where it is also the worker."""


class Ear(logging.Handler):
    """Hears what is logged. ``taken`` gives what is new and within bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[Line] = []
        self._end: deque[Line] = deque()
        self._told_bytes = self._end_bytes = self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless it is the driver's; called in whichever thread logs."""
        if record.name == DRIVERS:
            return
        line = Line(record.created, record.levelname.lower(), record.name, _text(self, record))
        size = len(line.message)
        if self._told_bytes + size <= FIRST_BYTES and not self._end:
            self._told_bytes += size
            self._new.append(line)
            return
        self._end.append(line)
        self._end_bytes += size
        while self._end_bytes > LAST_BYTES:
            self._end_bytes -= len(self._end.popleft().message)
            self._left_out += 1

    def taken(self, *, last: bool) -> tuple[Line, ...]:
        """What wasn't told yet; with the ``last`` of it, how it ended and what was left out."""
        with self.lock or contextlib.nullcontext():
            lines, self._new = self._new, []
            if last:
                if self._left_out:
                    text = f"{self._left_out} messages are left out here"
                    lines.append(Line(self._end[0].at, "warning", __name__, text))
                lines += self._end
                self._end.clear()
            return tuple(lines)


def overheard(records: Generator[T, None, None], node: str) -> Generator[T | Said, None, None]:
    """The records of an attempt, and among them what was said meanwhile."""
    with _listening() as ear, contextlib.closing(records):
        for record in records:
            if lines := ear.taken(last=isinstance(record, Last)):
                yield Said(node, lines)
            yield record


@contextlib.contextmanager
def _listening() -> Iterator[Ear]:
    ear, loggers = Ear(), _outspoken()
    for logger in loggers:
        logger.addHandler(ear)
    logging.captureWarnings(True)
    try:
        yield ear
    finally:
        for logger in loggers:
            logger.removeHandler(ear)
        logging.captureWarnings(False)


def _outspoken() -> list[logging.Logger]:
    """The loggers that others pass their messages on to: the root, and torch's, among others."""
    known = [one for one in logging.root.manager.loggerDict.values()
             if isinstance(one, logging.Logger)]  # fmt: skip
    return [logging.root, *(logger for logger in known if not logger.propagate)]


def _text(handler: logging.Handler, record: logging.LogRecord) -> str:
    try:
        text = handler.format(record).strip()
    except Exception as error:  # the message and its arguments don't go together
        text = f"{record.msg} ({error})"
    return text if len(text) <= LINE_BYTES else f"{text[:LINE_BYTES]} ..."
