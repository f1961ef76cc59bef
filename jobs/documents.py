"""What does a YAML file say, and on which line does it say it?

``read`` turns a file into plain lists, mappings (with text keys, as they are written) and scalars,
and remembers the place of each, so that errors found later can name file and line. ``override``
puts ``--set`` values over them. Limits on size, depth and number of values keep a file from taking
the machine down (aliases of aliases count each time they are used).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from jobs.storage import contents, is_url
from renderer.errors import JobError
from renderer.settings import nearest

MAX_BYTES = 10_000_000
MAX_VALUES = 500_000
MAX_DEPTH = 40
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """Data, where it comes from, and the place ("job.yaml:12", "--set size=0") of its parts."""

    data: Any
    origin: str = ""
    places: Mapping[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> str:
        """Where a part is written, or else the part that holds it."""
        return self.places.get(self.nearest(key), self.origin)

    def nearest(self, key: Key) -> Key:
        """The key itself if its place is known, or else that of the part that holds it."""
        while key and key not in self.places:
            key = key[:-1]
        return key

    def complaint(self, key: Key, message: str) -> str:
        """One line that names the place, the key and what is wrong with it."""
        dotted = ".".join(str(part) for part in key)
        return ": ".join(part for part in (self.place(key), dotted, message) if part)


def read(path: Path | str) -> Document:
    """The document in a YAML file, or at a URL. JobError names file and line."""
    name = str(path)
    try:
        raw = _bytes(path)
    except FileNotFoundError as error:
        raise JobError(f"{name}: there is no such file{_neighbour(path)}") from error
    except IsADirectoryError as error:
        raise JobError(f"{name}: is a folder; name a job file in it") from error
    except OSError as error:
        raise JobError(f"{name}: can't be read ({error.strerror or error})") from error
    if len(raw) > MAX_BYTES:
        raise JobError(f"{name}: is larger than {MAX_BYTES // 10**6} MB, too large for a job file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JobError(f"{name}: is no text in UTF-8 (byte {error.start}): no job file") from error
    return parse(text, name)


def parse(text: str, origin: str) -> Document:
    """The document in some YAML text; see ``read``."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise JobError(f"{origin}:{line}: holds control characters: no job file") from error
    try:
        node = loader.get_single_node()
        walk = _Walk(loader, origin)
        return Document(None if node is None else walk.value(node, ()), origin, walk.places)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = origin if mark is None else f"{origin}:{mark.line + 1}"
        raise JobError(f"{place}: is not YAML: {_problem(error)}{_hint(text, mark)}") from error
    except RecursionError as error:
        raise JobError(f"{origin}: is nested deeper than {MAX_DEPTH} levels") from error
    finally:
        loader.dispose()


def override(document: Document, sets: Iterable[str]) -> Document:
    """The document with ``key=value`` texts over it: dotted keys, values in YAML.

    JobError, which names the text, for a key that can't be there or a value that isn't YAML.
    """
    for text in sets:
        document = _set(document, text)
    return document


def parted(dotted: str) -> list[str]:
    """The parts of a dotted key. Single dots part; those of a range (``channels.7..11``) don't."""
    return re.split(r"(?<!\.)\.(?!\.)", dotted.strip())


def put(document: Document, parts: list[str], value: Any, place: str) -> Document:
    """The document with a value at a key. ``place`` is where it is then said to be written.

    JobError, which begins with the place, for a key that can't be there.
    """
    key, data = _put(document.data, parts, value, place)
    kept = {k: known for k, known in document.places.items() if k[: len(key)] != key}
    for end in range(1, len(key) + 1):
        kept.setdefault(key[:end], place)
    return Document(data, document.origin, kept)


def _hint(text: str, mark: yaml.Mark | None) -> str:
    """What to do about a line, where that is known."""
    written = text.split("\n")[mark.line] if mark else ""
    if re.search(r"(^|:\s+|-\s+)\{\w[^{}]*\}\s*[^\s,#]", written):
        return "; put text that begins with { in quotes"
    return ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    parts = (error.context, error.problem)
    return ", ".join(part for part in parts if part)


def _bytes(path: Path | str) -> bytes:
    """The bytes of a file, or so many that it is known to be too large."""
    if is_url(path):
        return contents(str(path))
    with Path(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _neighbour(path: Path | str) -> str:
    if is_url(path):
        return ""
    path = Path(path)
    try:
        return nearest(path.name, [p.name for p in path.parent.iterdir()])
    except OSError:
        return f"; there is no folder {path.parent} either"


class _Walk:
    """Builds values from composed nodes and notes their lines."""

    def __init__(self, loader: yaml.SafeLoader, origin: str) -> None:
        self.loader = loader
        self.origin = origin
        self.places: dict[Key, str] = {}
        self.count = 0

    def value(self, node: yaml.Node, key: Key) -> Any:
        self._limit(node, key)
        self.places.setdefault(key, self._line(node))
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN_TAGS:
            raise JobError(f"{self._line(node)}: has the tag {node.tag}, which means nothing here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*key, place)) for place, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        self._refuse_repeats(node)
        self.loader.flatten_mapping(node)  # merges of `<<`; what is written here itself wins
        found = {}
        for name, item in node.value:
            below = (*key, str(name.value))
            self.places[below] = self._line(name)
            found[str(name.value)] = self.value(item, below)
        return found

    def _refuse_repeats(self, node: yaml.MappingNode) -> None:
        seen: dict[str, str] = {}
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise JobError(f"{self._line(name)}: a key must be a plain word")
            if name.value in seen:
                first = seen[name.value]
                raise JobError(f"{self._line(name)}: {name.value}: given twice (first {first})")
            seen[name.value] = self._line(name)

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            return self.loader.construct_object(node)  # type: ignore[no-untyped-call]
        except ValueError as error:  # a date that isn't one, or thousands of digits
            raise JobError(f"{self._line(node)}: can't be read as a value") from error

    def _limit(self, node: yaml.Node, key: Key) -> None:
        self.count += 1
        if len(key) > MAX_DEPTH:
            raise JobError(f"{self._line(node)}: is nested deeper than {MAX_DEPTH} levels")
        if self.count > MAX_VALUES:
            raise JobError(f"{self.origin}: comes to more than {MAX_VALUES:,} values")

    def _line(self, node: yaml.Node) -> str:
        return f"{self.origin}:{node.start_mark.line + 1}"


def _set(document: Document, text: str) -> Document:
    origin = f"--set {text}"
    dotted, equals, value = text.partition("=")
    parts = parted(dotted)
    if not equals or not all(parts):
        raise JobError(f"{origin}: write it as key=value, like steps.0.dream.iterations=20")
    return put(document, parts, parse(value, origin).data, origin)


def _put(data: Any, parts: list[str], value: Any, origin: str) -> tuple[Key, Any]:
    """The full key, and ``data`` with ``value`` at it; nothing given is changed in place."""
    if not parts:
        return (), value
    head, rest = parts[0], parts[1:]
    if isinstance(data, list):
        place = _index(data, head, origin)
        below, new = _put(data[place], rest, value, origin)
        return (place, *below), [*data[:place], new, *data[place + 1 :]]
    if data is None or data == head:  # `dream:` and `- gif` stand for empty settings
        data = {} if data is None else {head: None}
    if not isinstance(data, dict):
        raise JobError(f"{origin}: there is nothing to set under {data!r}")
    below, new = _put(data.get(head), rest, value, origin)
    return (head, *below), {**data, head: new}


def _index(items: list[Any], text: str, origin: str) -> int:
    if not text.isdecimal() or int(text) >= len(items):
        numbers = f"0 to {len(items) - 1}" if items else "none"
        raise JobError(f"{origin}: there is no entry {text} in that list; it has {numbers}")
    return int(text)
