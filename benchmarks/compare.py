"""Has anything become slower? New reports beside those of the same machine in benchmarks/results.

What is compared are ``ratios`` (how many times as fast as a plain program of the same run, or what
a second of CPU time was enough for), so that a loaded machine does no harm. A line for each; the
exit code is 1 where one has fallen by more than 15 %, 2 where a report can't be read, and 0 where
there is nothing to compare with, which is said.

    python -m benchmarks.compare fresh/style.json fresh/dream.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
RATIOS = "ratios"
ALLOWED = 0.15
SAME = ("benchmark", "machine", "device", "threads")
"""What two reports have alike that can be compared."""


@dataclass(frozen=True)
class Change:
    """A ratio in two reports; ``name`` is where it stands in them."""

    name: str
    before: float
    now: float

    @property
    def fallen(self) -> bool:
        """Whether it is by more than is allowed."""
        return self.now < (1 - ALLOWED) * self.before

    def __str__(self) -> str:
        percent = 100 * (self.now / self.before - 1)
        verdict = "FALLEN" if self.fallen else "ok"
        return f"{self.name}: {self.before:g} -> {self.now:g} ({percent:+.0f} %) {verdict}"


def changes(report: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The ratios that a report shares with those that were measured alike."""
    now, found = dict(ratios(report)), []
    for other in known:
        if all(report.get(key) == other.get(key) for key in SAME):
            pairs = ((name, before) for name, before in ratios(other) if name in now)
            found += [Change(f"{report[SAME[0]]} {n}", before, now[n]) for n, before in pairs]
    return found


def ratios(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Every number below a key ``ratios``, by the keys that lead to it."""
    for key, value in part.items() if isinstance(part, dict) else ():
        if key == RATIOS:
            yield from ((" ".join((*path, name)), float(one)) for name, one in value.items())
        else:
            yield from ratios(value, (*path, key))


def read(file: Path) -> dict[str, Any]:
    """A report. ValueError where it is none, OSError where it can't be read."""
    found = json.loads(file.read_text("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it is no report")
    return found


def compare(files: Sequence[Path], results: Path = RESULTS) -> int:
    """Tell of each file's ratios; the exit code."""
    known, seen = [read(file) for file in sorted(results.glob("*.json"))], []
    for file in files:
        try:
            report = read(file)
        except (OSError, ValueError) as error:
            sys.stderr.write(f"{file}: {error}\n")
            return 2
        told = changes(report, known)
        if not told:
            where = f"{report.get('machine')} to compare with in {results}"
            sys.stdout.write(f"{file}: nothing of {where}\n")
        seen += told
    for change in seen:
        sys.stdout.write(f"{change}\n")
    return int(any(change.fallen for change in seen))


def main() -> None:
    """Compare the files that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="reports in JSON")
    parser.add_argument("--against", type=Path, default=RESULTS, help="folder of reports")
    given = parser.parse_args()
    sys.exit(compare(given.files, given.against))


if __name__ == "__main__":
    main()
