"""What makes up a job that is submitted? Its data, under addresses that the cluster can read.

The job file that the cluster renders lies among the pictures, under its digest like these, so that
a driver that can read the one can read the others. The id that a job gets by itself is of its name
and of all that it asks for: who submits the same twice is told, and renders it once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import cluster
import jobs
import renderer
from cluster import heads
from cluster.heads import Submission
from jobs import deposits, travel
from jobs.branches import branches
from jobs.deposits import Deposit, Progress
from jobs.documents import MAX_BYTES
from jobs.spec import JobSpec
from jobs.storage import absolute, at, is_url
from renderer.errors import JobError

PACKAGES = (renderer, jobs, cluster)
MAX_ASKED_CHARACTERS = 2000
"""Longer parts of a job are told apart by their digests alone."""

MAX_SHOWN = 3
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A job to submit. ``job_file`` is its name where the deposits are put."""

    title: str
    out: str
    store: str
    deposits: tuple[Deposit, ...]
    job_file: str
    text: bytes
    digest: str
    asked: str
    id: str

    def entrypoint(self, options: Sequence[str]) -> str:
        """What a shell of the head is to run."""
        words = ["render", f"{self.store}/{self.job_file}", "--out", self.out]
        words += ["--address", "auto", *options]
        return f"python3 -m cluster.cli {' '.join(map(quote, words))}"

    def metadata(self, key: str) -> dict[str, str]:
        """What its head is to know of it."""
        told = {"job": self.title, "out": self.out, "digest": self.digest, "asked": self.asked}
        return {"key": key, **told}


def parcel(spec: JobSpec, out: str, *, told: Progress) -> Parcel:
    """The job as it is to travel; all its files are read for that. JobError for one that can't be.

    ``out`` is the full path or the URL of its folder.
    """
    packed = travel.packed(spec)
    store = deposits.beside(out)
    found = deposits.prepared(travel.files(packed), told)
    storage = at(store)
    data = travel.filled(packed, lambda file: storage.address(found[file].name))
    text = travel.written(data)
    if len(text) > MAX_BYTES:
        raise JobError(
            f"{spec.title}: names too many files to travel ({len(text) / 1e6:.0f} MB); put "
            "the pictures where the cluster reads them, and name a folder or a glob there"
        )
    asked = {"out": out, **data}
    digest = _digest(asked)
    return Parcel(
        title=spec.title,
        out=out,
        store=storage.place,
        deposits=tuple(found.values()),
        job_file=deposits.name(text, f"{spec.title}.yaml"),
        text=text,
        digest=digest,
        asked=json.dumps({key: _short(value) for key, value in asked.items()}),
        id=f"{re.sub(r'[^A-Za-z0-9.-]+', '-', spec.title).strip('.-') or 'job'}-{digest[:12]}",
    )


def check(spec: JobSpec, out: str) -> None:
    """Raise JobError for what can be known here to be wrong with a job that is to be made there.

    What asks for style pictures at URLs is left to the cluster, which alone may reach them.
    """
    for place in spec.preceding:
        if is_url(out) and not is_url(place):
            fault = f"{place}: is a folder of this machine, and --out is none; name a URL"
            raise JobError(spec.complaint(("after",), fault))
    if not any("://" in str(step) for step in spec.data["steps"]):
        branches(spec)


def destination(out: str, address: str, *, shared: bool) -> str:
    """The full path or the URL of a job's folder. JobError where a cluster can't write there."""
    if is_url(out):
        protocol, _, path = out.partition("://")
        if protocol == "memory":
            raise JobError(f"--out {out}: is in this process's memory, which no cluster sees")
        out = path if protocol in ("file", "local") else out.rstrip("/")
    if is_url(out) or shared or heads.is_here(address):
        return absolute(out)
    raise JobError(
        f"--out {out}: is a folder of this machine, which the cluster at {address} can't write; "
        "name a URL (s3://BUCKET/renders/NAME), or say --shared if its head has this very folder"
    )


def code() -> tuple[str, ...]:
    """The folders of this Reverie's own code."""
    return tuple(str(Path(package.__path__[0])) for package in PACKAGES)


def checked_id(given: str) -> str:
    """An id that was chosen. JobError for one that Ray can't take."""
    if not _ID.fullmatch(given):
        raise JobError(f"--id {given}: may hold up to 100 letters, digits, dots, - and _")
    return given


def check_weights_dir(folder: Path | None) -> None:
    """Raise JobError for a folder of the head's that begins nowhere there."""
    if folder is not None and not folder.is_absolute():
        raise JobError(f"--weights-dir {folder}: is a folder of the head's; write its full path")


def check_same(parcel: Parcel, earlier: Submission) -> None:
    """Raise JobError, which names what differs, if an id belongs to another job."""
    if earlier.digest == parcel.digest:
        return
    told = list(_differences(earlier.asked, parcel.asked))
    more = f" and {len(told) - MAX_SHOWN:,} more" if len(told) > MAX_SHOWN else ""
    what = ", ".join(told[:MAX_SHOWN]) + more or "what it asks for"
    raise JobError(
        f"--id {earlier.key}: was submitted as another job ({what}); choose another id, or leave "
        "--id out: a job gets an id of its own"
    )


def _differences(before: str, now: str) -> Iterator[str]:
    old, new = (dict(_leaves(json.loads(text or "{}"))) for text in (before, now))
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            pair = [_shown(values.get(key)) for values in (old, new)]
            yield f"{key} {' → '.join(pair)}" if len("".join(pair)) <= 60 else f"{key} differs"


def _leaves(data: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict | list) and data:
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for name, below in items:
            yield from _leaves(below, f"{key}.{name}".lstrip("."))
    else:
        yield key, data


def _shown(value: Any) -> str:
    """A value in a few words: of a file that was put somewhere its name."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "none" if value is None else text.rpartition("/")[2]


def _short(value: Any) -> Any:
    text = json.dumps(value, default=str)
    return value if len(text) <= MAX_ASKED_CHARACTERS else f"sha256 {_digest(value)[:12]}"


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
