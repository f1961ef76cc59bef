"""What came of every frame of a step? A table (CSV): what was varied, last losses, time, file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from jobs.history import Result
from jobs.tasks import Frame
from renderer.settings import Knob, check

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """One table of a step's frames: what was varied, losses, iterations, seconds, file."""

    separator: Annotated[
        str, Knob("what parts the columns (some spreadsheets want it)", choices=tuple(SEPARATORS))
    ] = "comma"

    def __post_init__(self) -> None:
        check(self)


def table(frames: Sequence[Frame], results: Mapping[str, Result], settings: TableSettings) -> str:
    """The table of some frames as text; ``results`` are those of tasks that are finished.

    A row a frame. What isn't known of a frame stays empty.

    Losses are those of the last iteration, before its update. Seconds are those of the attempt that
    finished the task: less than all of it where it went on from a checkpoint.
    """
    known = [results[frame.task] for frame in frames if frame.task in results]
    losses = list(dict.fromkeys(name for result in known for name in result.losses))
    varied = list(dict.fromkeys(setting.name for frame in frames for setting in frame.varied))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=SEPARATORS[settings.separator], lineterminator="\n")
    writer.writerow(["input", *varied, *losses, "iterations", "seconds", "file"])
    for frame in frames:
        own = {setting.name: setting.text for setting in frame.varied}
        told = [own.get(name, "") for name in varied]
        measured = _measured(results.get(frame.task), losses)
        writer.writerow([frame.input, *told, *measured, frame.file])
    return text.getvalue()


def _measured(result: Result | None, losses: Sequence[str]) -> list[str]:
    if result is None:
        return [""] * (len(losses) + 2)
    values = [result.losses.get(name) for name in losses]
    told = ["" if value is None else f"{value:.7g}" for value in values]
    return [*told, str(result.iterations), f"{result.seconds:.3f}"]
