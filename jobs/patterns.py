"""How are frames called, if a job says it itself? By a pattern like ``{stem}-{layer}-{frame:05}``.

Three fields are known, as Python's format strings write them: the input's name, what tells its
frames apart, and a frame's number. Nothing else of a format string is taken: a pattern reaches no
attributes, and its text no other folder.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

from jobs.names import MAX_NAME_BYTES, cut
from renderer.errors import JobError
from renderer.settings import nearest

FIELDS = ("stem", "layer", "frame")
_NUMBER = re.compile(r"0?[1-9]?")
_SUFFIX = re.compile(r"\.(png|jpe?g|webp)$", re.IGNORECASE)


def fault(pattern: str) -> str:
    """What is wrong with a pattern; nothing if nothing is."""
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        return f"is no pattern ({error}); write it like {{stem}}-{{frame:05}}"
    return next(_faults(pattern, parts), "")


def format_of(pattern: str) -> str:
    """The format that a pattern's suffix says; nothing where it has none."""
    suffix = _SUFFIX.search(pattern)
    return suffix[1].lower().replace("jpg", "jpeg") if suffix else ""


def named(pattern: str, *, stem: str, layer: str, frame: int) -> str:
    """A frame's name without its suffix. What a field leaves empty takes its dash along."""
    text = _SUFFIX.sub("", pattern).format(stem=stem, layer=layer, frame=frame)
    return cut(re.sub(r"-{2,}", "-", text).strip("- .") or str(frame), MAX_NAME_BYTES)


class Called:
    """The names that a pattern has given; ``take`` complains of the second of the same."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._owners: dict[str, str] = {}

    def take(self, *, stem: str, layer: str, frame: int) -> str:
        """The frame's name. JobError if another has it, also where only case tells them apart."""
        name = named(self._pattern, stem=stem, layer=layer, frame=frame)
        own = " of ".join(part for part in (layer, stem) if part)
        other = self._owners.setdefault(name.casefold(), own)
        if other is not own:
            lacking = [field for field in FIELDS if f"{{{field}" not in self._pattern]
            raise JobError(
                f"gives {own} the name {name!r}, which {other} has; add "
                + " or ".join(f"{{{field}}}" for field in lacking)
            )
        return name


def _faults(
    pattern: str, parts: list[tuple[str, str | None, str | None, str | None]]
) -> Iterator[str]:
    fields = [field for _, field, _, _ in parts if field is not None]
    for text, field, spec, conversion in parts:
        if bad := re.search(r"[^\w .-]", text):
            yield f"may hold letters, digits, spaces, dots, - and _, but not {bad.group()!r}"
        if field is not None and field not in FIELDS:
            known = ", ".join(f"{{{one}}}" for one in FIELDS)
            yield f"knows no {{{field}}}{nearest(field, FIELDS) or f'; there are {known}'}"
        if conversion or (spec and (field != "frame" or not _NUMBER.fullmatch(spec))):
            yield f"can't write {{{field}}} so; only {{frame:05}} has a width"
    if not fields:
        yield "gives all frames one name; use {stem}, {layer} or {frame}"
    if pattern.startswith((".", "-", " ")):
        yield "must not begin with a dot, a dash or a space"
