"""What may a workspace's files be called? Safe, readable, unique, also where case is ignored."""

from __future__ import annotations

import os.path
import re
import unicodedata
from collections.abc import Sequence

MAX_STEM_BYTES = 80
MAX_NAME_BYTES = 200  # of the 255 that file systems allow; suffix and temporary mark come on top


class Names:
    """Names that were given out; ``take`` makes a further one unique."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The name itself if it is free, else with a number behind it."""
        name = cut(name, MAX_NAME_BYTES)
        folded = _folded(name)
        chosen = name
        while _folded(chosen) in self._taken:
            number = self._next.get(folded, 2)
            self._next[folded] = number + 1
            chosen = f"{name}-{number}"
        self._taken.add(_folded(chosen))
        return chosen


def safe(text: str) -> str:
    """The text as part of a file name: letters, digits, spaces, dots, - and _ stay."""
    name = re.sub(r"[^\w .-]", "_", unicodedata.normalize("NFC", text))
    name = cut(re.sub(r"\.{2,}", ".", name), MAX_STEM_BYTES)
    return name.strip(". ") or "picture"


def cut(text: str, most_bytes: int) -> str:
    """The beginning of a text that takes no more than so many bytes in UTF-8."""
    if 4 * len(text) <= most_bytes:
        return text  # itself, no copy: a set of pictures has 100,000 names
    return text.encode()[:most_bytes].decode(errors="ignore")


def stems(paths: Sequence[str]) -> list[str]:
    """A unique name for each path: its stem; where several have the same, as much more of the
    path as tells them apart (``holiday-cat`` and ``home-cat``, ``cat-jpg`` and ``cat-png``).
    """
    # Not by pathlib, which keeps something of every path it was ever given.
    names = [safe(os.path.splitext(os.path.basename(path))[0]) for path in paths]
    for tell in (_with_folder, _with_suffix):
        alike: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            alike.setdefault(name.casefold(), []).append(place)
        for places in (places for places in alike.values() if len(places) > 1):
            told = [tell(paths[place], names[place]) for place in places]
            if len({name.casefold() for name in told}) > 1:
                for place, name in zip(places, told, strict=True):
                    names[place] = name
    taken = Names()
    return [taken.take(name) for name in names]


def _folded(name: str) -> str:
    """The name without regard to case: itself, and no copy, where that changes nothing."""
    folded = name.casefold()
    return name if folded == name else folded


def _with_folder(path: str, name: str) -> str:
    folder = os.path.basename(os.path.dirname(path))
    return f"{safe(folder)}-{name}" if folder else name


def _with_suffix(path: str, name: str) -> str:
    return f"{name}-{safe(os.path.splitext(path)[1][1:])}"
