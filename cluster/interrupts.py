"""How Ctrl-C stops a run: the first time in order, the second time at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cluster.exits import INTERRUPTED

SHOW_CURSOR = "\x1b[?25h"


class Interrupt:
    """Whether the user has asked the run to stop."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.requested:
            if sys.stderr.isatty():
                os.write(2, SHOW_CURSOR.encode())
            os._exit(INTERRUPTED)
        self.requested = True


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Within this, SIGINT and SIGTERM ask the run to stop instead of breaking it off."""
    interrupt = Interrupt()
    kept = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
