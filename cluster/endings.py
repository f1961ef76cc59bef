"""Who is told that a run is over? A URL, by a POST of JSON, and a command of the user's own.

Both are said on the command line alone: a job file from elsewhere can neither call out nor run
anything. That one of them fails is said, and changes nothing of what was rendered.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass

from cluster.exits import MEANINGS
from jobs.schedule import Counts

PATIENCE_S = 20.0
"""How long a URL may take to answer."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended; ``outcome`` is what its exit code means, ``reason`` what broke it off."""

    job: str
    directory: str
    code: int
    outcome: str
    reason: str
    tasks: int
    finished: int
    failed: int
    skipped: int
    seconds: float

    @classmethod
    def of(
        cls,
        counts: Counts,
        code: int,
        *,
        job: str,
        directory: str,
        seconds: float,
        reason: str = "",
    ) -> Ending:
        """The ending of a run that came to these counts."""
        return cls(
            job=job,
            directory=directory,
            code=code,
            outcome=MEANINGS.get(code, "failed"),
            reason=reason,
            tasks=counts.total,
            finished=counts.finished,
            failed=counts.failed,
            skipped=counts.skipped,
            seconds=round(seconds, 3),
        )


def tell(ending: Ending, *, url: str | None, command: str | None) -> list[str]:
    """Tell whoever wants to know; one line for each who could not be told."""
    faults = []
    if url and (fault := posted(ending, url)):
        faults.append(f"--notify {url}: {fault}")
    if command and (fault := ran(ending, command)):
        faults.append(f"--on-end {command}: {fault}")
    return faults


def posted(ending: Ending, url: str) -> str:
    """Post the ending as JSON; why that failed, if it did."""
    data = json.dumps(dataclasses.asdict(ending)).encode()
    if not url.startswith(("http://", "https://")):
        return "is no http:// or https:// address"
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            return ""
    except urllib.error.HTTPError as error:
        return f"answered {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return f"could not be reached ({getattr(error, 'reason', error)})"


def ran(ending: Ending, command: str) -> str:
    """Run a shell command with the ending in ``REVERIE_JOB``, ``REVERIE_CODE``, ...; as above."""
    facts = {f"REVERIE_{k.upper()}": str(v) for k, v in dataclasses.asdict(ending).items()}
    done = subprocess.run(command, shell=True, env={**os.environ, **facts}, check=False)
    return f"ended with {done.returncode}" if done.returncode else ""
