"""What was varied among some frames, and where does each stand among them?

Axes are the settings of a matrix, and what a step itself makes several pictures of: its layers, or
its styles. What is the same for all frames is no axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.captions import Setting
from jobs.storage import is_url
from jobs.tasks import Frame

INPUTS = "inputs"


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting, and those of its values that there are, in order.

    ``pictures`` are the files that show a value, where one does (a style's); else empty texts.
    """

    values: tuple[Setting, ...]
    pictures: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the setting is called."""
        return self.values[0].name

    def is_called(self, word: str) -> bool:
        """Whether a word means this setting: its name or its key."""
        return word in (self.values[0].name, self.values[0].key)


def axes(frames: Sequence[Frame], base: Path) -> tuple[Axis, ...]:
    """What differs among frames: the matrix's settings in its order, then layers and styles.

    ``base`` is the folder that pictures are named from.
    """
    found: dict[str, dict[str, Setting]] = {}
    for frame in frames:
        for setting in frame.varied:
            found.setdefault(setting.key, {}).setdefault(setting.exact, setting)
    ordered = [sorted(values.values(), key=_rank) for values in found.values()]
    ordered.sort(key=lambda values: _rank(values[0])[0])
    return tuple(
        Axis(tuple(values), tuple(_picture(value, base) for value in values))
        for values in ordered
        if len(values) > 1
    )


def arranged(found: Sequence[Axis], *first: str) -> tuple[Axis, ...]:
    """The axes with those first that are named, each at its place; an empty name leaves it open."""
    open_axes = [axis for axis in found if not any(axis.is_called(word) for word in first)]
    ordered: list[Axis] = []
    for word in first:
        named = [axis for axis in found if word and axis.is_called(word)]
        ordered += named or open_axes[:1]
        open_axes = open_axes if named else open_axes[1:]
    return (*ordered, *open_axes)


def place(frame: Frame, among: Sequence[Axis]) -> tuple[int, ...]:
    """Where a frame stands: the index of its value on each axis."""
    own = {setting.key: setting.exact for setting in frame.varied}
    found = []
    for axis in among:
        exact = own.get(axis.values[0].key)
        numbers = [number for number, value in enumerate(axis.values) if value.exact == exact]
        found.append(numbers[0] if numbers else 0)
    return tuple(found)


def of_inputs(frames: Sequence[Frame]) -> bool:
    """Whether there is one input, or each is a value of the matrix itself: one grid holds all."""
    swept = {s.exact for frame in frames for s in frame.varied if s.key == INPUTS}
    return len({frame.input for frame in frames}) == max(1, len(swept))


def _picture(setting: Setting, base: Path) -> str:
    """The file of the one picture that is a value, if it is a file."""
    if len(setting.pictures) != 1 or is_url(setting.pictures[0]):
        return ""
    path = base / Path(setting.pictures[0]).expanduser()
    return str(path) if path.is_file() else ""


def _rank(setting: Setting) -> tuple[int, int]:
    return setting.rank
