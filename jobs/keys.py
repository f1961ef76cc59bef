"""Which setting of a job is meant by the end of its key, and where do its values stand?

The keys of a matrix are those of ``--set``: ``seed``, ``size``, ``inputs``, and the settings of
steps (``steps.1.style.weight_denoise``). Where only one step has a setting, the end of its key will
do (``weight_denoise``, ``style.iterations``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.complaints import described
from jobs.documents import Document, Key, parted
from renderer.errors import JobError
from renderer.settings import nearest

WHOLE = ("seed", "size", "inputs")
"""What of a whole job may be varied; all else of it changes no picture."""


class Missing:
    """What ``value`` returns for a setting that the job doesn't give."""

    def __repr__(self) -> str:
        return "default"


MISSING = Missing()


class Keys:
    """The settings of a document that may be varied. ``schema`` is the JSON schema of a job."""

    def __init__(self, document: Document, schema: Mapping[str, Any]) -> None:
        self._document = document
        self._known = [*WHOLE, *_of_steps(document.data.get("steps"), schema)]
        self._others = set(schema["properties"]) - {"steps", *WHOLE}

    def full(self, written: str, key: Key) -> str:
        """The full key that is meant. ``key`` is where it is written.

        JobError where none is, with the nearest one, and where several are.
        """
        parts = parted(written)
        for end in range(len(parts), 0, -1):
            head = ".".join(parts[:end]).replace("-", "_")
            meant = [k for k in self._known if k == head]
            meant = meant or [k for k in self._known if k.endswith(f".{head}")]
            if len(meant) > 1:
                raise self._fault(key, f"may be {' or '.join(meant)}; name one of them in full")
            if meant:
                return ".".join((meant[0], *parts[end:]))
        if parts[0] in self._others:
            what = f"{', '.join(WHOLE)} and settings of steps"
            raise self._fault(key, f"changes no picture; what may vary is {what}")
        words = [*self._known, *(known.rpartition(".")[2] for known in self._known)]
        raise self._fault(key, f"is no setting of this job{nearest(written, words)}")

    def _fault(self, key: Key, message: str) -> JobError:
        return JobError(self._document.complaint(key, message))


def value(data: Any, key: str) -> Any:
    """What a job itself says at a full key, or MISSING."""
    for part in parted(key):
        if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        elif isinstance(data, dict) and part in data:
            data = data[part]
        else:
            return MISSING
    return data


def step(key: str) -> int | None:
    """The step that a full key is a setting of; None for one of the whole job."""
    parts: Sequence[str] = parted(key)
    return int(parts[1]) if parts[0] == "steps" else None


def _of_steps(steps: Any, schema: Mapping[str, Any]) -> list[str]:
    """The full keys of all settings that the steps of a job have."""
    found = []
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        for kind in step if isinstance(step, dict) else [step]:
            known = described(("steps", number, str(kind)), schema).get("properties", {})
            found += [f"steps.{number}.{kind}.{name}" for name in known]
    return found
