"""What does a worker's Python say while it renders a task? Its logging and warnings, bounded.

What libraries and torch warn of, and what our own modules log, is told to the driver with the
task's other records, and lies in the workspace's log under the task, whatever has become of the
worker by then. A task that says too much is cut short in the middle: how it began is kept, and how
it ended.

Where several attempts go on together (``cluster.lockstep``), what is said while one of them is
carried on is that one's. What can't be told apart (it came from another thread, or while all were
granted something at once) is told with each, as ``shared``.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from cluster.records import Last, Line, Said

T = TypeVar("T")

FIRST_BYTES, LAST_BYTES = 48 * 2**10, 16 * 2**10
"""Of what is said during an attempt, so much is told as it comes, and so much of its end."""

LINE_BYTES = 4 * 2**10
"""Of one message, no more is told."""

DRIVERS = "reverie.ray"
"""What the driver logs itself, where it is also the worker."""


_listening: list[Ear] = []
_changing = threading.Lock()
_here = threading.local()  # has the ear of whose attempt this thread carries on, if any


class Ear(logging.Handler):
    """Hears what is logged. ``taken`` gives what is new and within bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[Line] = []
        self._end: deque[Line] = deque()
        self._told_bytes = self._end_bytes = self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, unless it is the driver's; called in whichever thread logs."""
        speaker: Ear | None = getattr(_here, "ear", None)
        if record.name == DRIVERS or speaker not in (None, self):
            return
        shared = speaker is None and len(_listening) > 1
        level, text = record.levelname.lower(), _text(self, record)
        line = Line(record.created, level, record.name, text, shared)
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
    with _heard() as ear, contextlib.closing(records):
        while True:
            with _speaking(ear):
                record = next(records, None)
            if record is None:
                return
            if lines := ear.taken(last=isinstance(record, Last)):
                yield Said(node, lines)
            yield record


def bound(work: Callable[[], T]) -> Callable[[], T]:
    """The same work; what is said in it, on whichever thread, is said by whose attempt this is."""
    ear: Ear | None = getattr(_here, "ear", None)

    def spoken() -> T:
        with _speaking(ear):
            return work()

    return spoken


@contextlib.contextmanager
def _speaking(ear: Ear | None) -> Iterator[None]:
    before = getattr(_here, "ear", None)
    _here.ear = ear
    try:
        yield
    finally:
        _here.ear = before


@contextlib.contextmanager
def _heard() -> Iterator[Ear]:
    ear, loggers = Ear(), _outspoken()
    with _changing:
        _listening.append(ear)
        for logger in loggers:
            logger.addHandler(ear)
        logging.captureWarnings(False)  # anew: what was undone by another's catch_warnings,
        logging.captureWarnings(True)  # Python takes for done
    try:
        yield ear
    finally:
        with _changing:
            _listening.remove(ear)
            for logger in loggers:
                logger.removeHandler(ear)
            if not _listening:
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
