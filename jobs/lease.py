"""Who drives a workspace where no kernel keeps a lock? An object says so, as long as it changes.

``lease/000003`` names the driver, and a count that it raises every few seconds. The highest number
drives. Who wants to drive creates the next number, which the store gives to one alone (S3: a
conditional put), once the driver has let go, is a dead process of this very machine, or has not
changed its object for as long as it promised to. That time is measured by the watcher's own clock
from the moment it looked: no two machines' clocks are ever compared.

A driver may publish while its last change began less than 0.8 of that promise ago: nobody can have
waited it out by then. Beyond, it changes its object again and looks for a higher number before it
goes on, and stops for good if there is one. Whoever has taken a number looks whether the old driver
changed its object meanwhile, and gives way if so; so of two, one at least sees the other. What
remains is a put that was under way for longer than the other fifth when its driver was taken for
dead: it may land late. It is a frame of the same content, or a segment of its own log (see
``jobs.segments``), unless the job was changed in between as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from jobs.lock import Holder, lives
from jobs.objects import Objects
from renderer.errors import WorkspaceError

FOLDER = "lease"
SURE = 0.8
"""The part of its promise in which a driver relies on it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How often a driver shows that it lives, and how long it may be silent (seconds)."""

    beat_s: float = 5.0
    silence_s: float = 30.0


class Lease:
    """The right to change a workspace, held until ``release``. WorkspaceError if another has it."""

    def __init__(self, objects: Objects, terms: Terms | None = None) -> None:
        self._objects, self._terms = objects, terms or Terms()
        self._token, self._since, self._beats = secrets.token_hex(8), 0, 0
        self._beating = threading.Lock()
        self._released = threading.Event()
        self._lost = ""
        self.number = self._take()
        self._thread = threading.Thread(target=self._beat_on, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """WorkspaceError if another driver has taken over; OSError if that can't be found out."""
        if not self._lost and now_s() >= self._sure_until_s:
            self._beat()
        if self._lost:
            raise WorkspaceError(self._lost)

    def release(self) -> None:
        """Lets others have the workspace. The object stays: numbers are never given twice."""
        self._released.set()
        self._thread.join()
        if not self._lost:
            with contextlib.suppress(OSError):  # it will be taken over
                self._objects.put(_name(self.number), b"{}")

    def _take(self) -> int:
        while True:
            last = newest(self._objects)
            before = self._waited_out(last)
            if before is None:
                continue
            began_s, self._since = now_s(), round(time.time())
            with contextlib.suppress(FileExistsError):  # it may be ours: the answer was lost
                self._objects.create(_name(last + 1), self._text())
            if not _free(before):  # others may have waited too, and some stores let them all put
                time.sleep(self._terms.silence_s / 30)
            if _read(self._objects, last + 1).get("token") != self._token:
                continue
            if _read(self._objects, last) != before:  # it has shown itself at last
                self._objects.delete([_name(last + 1)])
                continue
            self._sure_until_s = began_s + SURE * self._terms.silence_s
            older = [name for name in self._objects.sizes(FOLDER) if name <= _name(last)]
            self._objects.delete(older)
            return last + 1

    def _waited_out(self, number: int) -> dict[str, Any] | None:
        """The content of a lease that is free, or has been silent; None if it has gone."""
        found = _read(self._objects, number)
        if not found or _free(found):
            return found
        silence_s = float(found.get("silence_s", self._terms.silence_s))
        deadline_s = now_s() + silence_s
        while now_s() < deadline_s:
            time.sleep(silence_s / 30)
            again = _read(self._objects, number)
            if not again or newest(self._objects) != number:
                return None
            if _free(again):
                return again
            if again != found:
                raise WorkspaceError(
                    f"{self._objects.place}: is being rendered by {_holder(again)}; wait for it, "
                    "stop it, or choose another place with --out"
                )
        return found

    def _beat_on(self) -> None:
        while not self._released.wait(self._terms.beat_s) and not self._lost:
            with contextlib.suppress(OSError):  # whoever publishes will hear of it
                self._beat()

    def _beat(self) -> None:
        """Change the object, then look whether it still counts."""
        with self._beating:
            if self._lost or self._released.is_set():
                return
            began_s = now_s()
            mine = _read(self._objects, self.number)
            gone = not mine and newest(self._objects) <= self.number  # someone deleted it
            if gone or mine.get("token") == self._token:
                self._beats += 1
                self._objects.put(_name(self.number), self._text())
            last = newest(self._objects)
            holder = mine if last == self.number and mine else _read(self._objects, last)
            if last > self.number or holder.get("token") != self._token:
                self._lost = (
                    f"{self._objects.place}: was taken over by {_holder(holder) or 'another'} "
                    "after this process had been silent; this one stops and publishes nothing more"
                )
            else:
                self._sure_until_s = began_s + SURE * self._terms.silence_s

    def _text(self) -> bytes:
        facts = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "since": self._since,
            "machine": machine(),
            "token": self._token,
            "beat": self._beats,
            "silence_s": self._terms.silence_s,
        }
        return json.dumps(facts).encode()


def holder(objects: Objects) -> Holder | None:
    """Who drives, by the newest lease; None if no one does. A silent one is taken at its word."""
    found = _read(objects, newest(objects))
    return None if _free(found) else _holder(found)


def newest(objects: Objects) -> int:
    """The highest number that was given; 0 if none was."""
    names = (name.rpartition("/")[2] for name in objects.sizes(FOLDER))
    return max((int(name) for name in names if name.isdecimal()), default=0)


def machine() -> str:
    """What tells this machine, since it was started, and its process numbers from all others."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()


def now_s() -> float:
    """Seconds on a clock that runs while this machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _free(found: dict[str, Any]) -> bool:
    """Whether a lease was let go, or its process died on this machine."""
    known = _holder(found)
    return known is None or (found.get("machine") == machine() and not lives(known.process))


def _holder(found: dict[str, Any]) -> Holder | None:
    try:
        return Holder(str(found["host"]), int(found["process"]), float(found.get("since", 0)))
    except (LookupError, ValueError, TypeError):
        return None


def _read(objects: Objects, number: int) -> dict[str, Any]:
    """What a lease says; nothing if it isn't there, or says nothing that can be understood."""
    if not number:
        return {}
    try:
        found = json.loads(objects.read(_name(number)))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(number: int) -> str:
    return f"{FOLDER}/{number:06}"
