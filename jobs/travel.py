"""Which files of this machine does a job name, and what does it say where they lie elsewhere?

A job that is rendered on other machines can't name files of this one. ``packed`` takes its data
and puts a ``File`` wherever files are named: inputs, style pictures, guides, masks, pictures that
choose channels, weights, and values of a matrix that are any of these. ``filled`` puts other names
in their places. Folders and globs become the files that they mean here and now. URLs and generated
pictures stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from jobs import generated
from jobs.documents import Key, parted
from jobs.inputs import expand
from jobs.names import safe, stems
from jobs.spec import JobSpec
from jobs.storage import is_url
from renderer.errors import JobError

INPUTS, IMAGES, WEIGHTS = "inputs", "images", "weights"
ONE = ("guide", "mask", "like", "of")
"""Keys of steps whose value is one picture; ``images`` may be many."""

BESIDE_AXES = ("exclude", "include")
_SUFFIX = re.compile(r"\.\w{1,16}")


@dataclass(frozen=True, slots=True)
class File:
    """A file of this machine that a job names, and what it is called among others elsewhere.

    Frames are called by their inputs, so ``name`` gives them the names that they have here.
    """

    path: str
    name: str


def packed(spec: JobSpec) -> dict[str, Any]:
    """The job's data, under its title, with a ``File`` for every file of this machine.

    JobError, a line for each place in the job, where there is no such file.
    """
    packer = _Packer(spec)
    data = packer.whole()
    if packer.faults:
        raise JobError("\n".join(packer.faults))
    return data


def files(data: Any) -> Iterator[File]:
    """The files in packed data, in their order; those that are named twice come twice."""
    if isinstance(data, File):
        yield data
    elif isinstance(data, dict | list):
        for below in data.values() if isinstance(data, dict) else data:
            yield from files(below)


def filled(data: Any, address: Callable[[File], str]) -> Any:
    """Plain data again: packed data with each file's address in its place."""
    if isinstance(data, File):
        return address(data)
    if isinstance(data, dict):
        return {key: filled(below, address) for key, below in data.items()}
    return [filled(below, address) for below in data] if isinstance(data, list) else data


def written(data: Any) -> bytes:
    """The job file with this data, in its order: YAML, whose numbers are not those of JSON."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000).encode()


class _Packer:
    def __init__(self, spec: JobSpec) -> None:
        self._spec = spec
        self._known: dict[str, list[str]] = {}  # a folder is listed once
        self.faults: list[str] = []
        every = [one for _, own in spec.variants for one in own.inputs if isinstance(one, str)]
        paths = [path for pattern in dict.fromkeys(every) for path in self._found(pattern, ())]
        unique = list(dict.fromkeys(paths))
        self._inputs = dict(zip(unique, stems(unique), strict=True))
        self.faults.clear()  # they are told again, with their keys

    def whole(self) -> dict[str, Any]:
        data = {"name": self._spec.title, **self._spec.data}
        data["name"] = self._spec.title
        for key, value in data.items():
            if key == INPUTS:
                data[key] = self._many(value, (key,))
            elif key == "steps":
                data[key] = self._below(value, (key,))
            elif key == WEIGHTS and value:
                data[key] = {net: self._weight(file, net) for net, file in value.items()}
            elif key == "matrix" and isinstance(value, dict):
                data[key] = self._matrix(value)
        return data

    def _below(self, value: Any, key: Key) -> Any:
        """Steps, or a part of one."""
        if isinstance(value, list):
            return [self._below(below, (*key, number)) for number, below in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {word: self._valued(word, below, (*key, word)) for word, below in value.items()}

    def _valued(self, word: str, value: Any, key: Key) -> Any:
        """The value of a key of a step."""
        if word == IMAGES:
            return self._many(value, key)
        if word in ONE and isinstance(value, str | int | float):
            return self._few(str(value), key)
        return self._below(value, key)

    def _matrix(self, matrix: Mapping[str, Any]) -> dict[str, Any]:
        made = {}
        for word, values in matrix.items():
            key: Key = ("matrix", word)
            if word in BESIDE_AXES:
                made[word] = [
                    {k: self._axis(k, v, (*key, number, k)) for k, v in one.items()}
                    for number, one in enumerate(values)
                ]
            elif isinstance(values, list):
                made[word] = [self._axis(word, v, (*key, n)) for n, v in enumerate(values)]
            else:
                made[word] = values
        return made

    def _axis(self, word: str, value: Any, key: Key) -> Any:
        """A value of a setting, whose key may be given by its end alone."""
        last = parted(word)[-1]
        if last in (INPUTS, IMAGES):
            return self._few(value, key) if isinstance(value, str) else self._many(value, key)
        return self._valued(last, value, key)

    def _few(self, pattern: str, key: Key) -> Any:
        """The one file that a text means; a list where it means several."""
        found = self._many(pattern, key)
        return found[0] if len(found) == 1 else found

    def _many(self, value: Any, key: Key) -> list[Any]:
        """The files that a text, or each of a list, means."""
        found: list[Any] = []
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            below = (*key, number) if isinstance(value, list) else key
            found += [item] if isinstance(item, dict) else self._found(str(item), below)
        own = list(dict.fromkeys(p for p in found if isinstance(p, str) and not _stays(p)))
        names = dict(zip(own, stems(own), strict=True))
        if _of_inputs(key):
            names.update((path, self._inputs[path]) for path in own if path in self._inputs)
        return [_file(p, names[p]) if isinstance(p, str) and p in names else p for p in found]

    def _found(self, pattern: str, key: Key) -> list[str]:
        if _stays(pattern):
            return [pattern]
        if pattern not in self._known:
            try:
                self._known[pattern] = expand(pattern, self._spec.base)
            except JobError as error:
                self.faults.append(self._spec.complaint(key, str(error)))
                return []
        return self._known[pattern]

    def _weight(self, given: Any, network: str) -> Any:
        path = self._spec.weights_file(network)
        if path is None or is_url(path):
            return given
        if not Path(path).is_file():
            self.faults.append(
                self._spec.complaint((WEIGHTS, network), f"{given}: there is no such file")
            )
        return _file(str(path), safe(PurePath(path).stem))


def _file(path: str, name: str) -> File:
    suffix = PurePath(path).suffix
    return File(path, f"{name}{suffix}" if _SUFFIX.fullmatch(suffix) else name)


def _of_inputs(key: Key) -> bool:
    return any(parted(str(part))[-1] == INPUTS for part in key)


def _stays(pattern: str) -> bool:
    """Whether a text names no file of this machine."""
    return is_url(pattern) or generated.is_generated(pattern)
