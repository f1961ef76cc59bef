"""When does Python look for garbage? Not while a plan of thousands of tasks grows: there is none.

Looking for cycles among all that has been made so far, again and again, took a third of the time
until a job of 20,000 finished tasks went on.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is looked for inside."""
    if not gc.isenabled():  # by someone further out
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
