"""How many pictures does one worker render at a time, as a batch? The one place that decides it.

One small picture doesn't keep a GPU busy. It does keep a CPU busy, where a batch of style transfers
was slower (docs/performance.md); so there it is one unless the job says more.
How many of a worker's pictures fit a batch is seen where they are rendered (``renderer.wishes``).
"""

from __future__ import annotations

from dataclasses import dataclass

from renderer.errors import SettingError

AUTO = "auto"

ON_GPU, ON_GPU_PX = 16, 2**22
"""The most pictures that a GPU is given at a time, and pixels of them all, unless one has more."""

MOST = 256


def parse(text: str) -> int | None:
    """The number of pictures in a setting; None for ``auto``. Raises SettingError."""
    if text.strip() == AUTO:
        return None
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST:
        raise SettingError(f"batch: must be a count from 1 to {MOST}, or {AUTO}, not {text!r}")
    return int(text)


@dataclass(frozen=True)
class Batching:
    """What a job asks for (``count``; None: auto), and whether its tasks can be batched at all.

    ``largest_px`` is how many pixels its largest picture has.
    """

    count: int | None = None
    possible: bool = True
    largest_px: int = 1

    def of(self, tasks: int, *, workers: int, gpus: float, shards: int = 1) -> int:
        """Pictures for each of some workers at a time, where ``tasks`` can run side by side.

        One where workers render pictures together (``shards``).
        """
        if shards > 1 or not self.possible:
            return 1
        on_gpu = max(1, min(ON_GPU, ON_GPU_PX // max(1, self.largest_px)))
        most = self.count or (on_gpu if gpus else 1)
        return max(1, min(most, -(-tasks // max(1, workers))))
