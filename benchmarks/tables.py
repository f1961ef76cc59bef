"""How does a report read as a table? A maker for each kind of benchmark, by its name.

Each gives the lines of Markdown: what was measured where, an empty line, the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Report = Mapping[str, Any]
Lines = Iterator[str]

SHARES = "shares_percent"
TIMES = ("size", "program", "seconds", "CPU s", "x plain", "floor, s", "PSNR, dB")
BATCHED = ("kind", "program or batch", "seconds", "pictures a minute", "x one by one")
MOMENTS = ("opened_s", "started_s", "first_iteration_s", "all_s")
HEARD = ("tasks", "records", "megabytes", "cpu", "late_ms", "late_ms_99")


def timed(report: Report) -> Lines:
    """A plain program's times, ours and a floor, by size."""
    rates = report["rates"]["convolutions_gflops"]
    yield (
        f"{_where(report)}, {report['weights']} weights, torch {report['torch']}; "
        f"convolutions at {rates['float32']} GFLOP/s in float32 and {rates['bfloat16']} in "
        f"bfloat16; `auto` is {report['auto']}; load {report['load']}"
    )
    yield from _head(TIMES)
    for size, found in report["sizes"].items():
        for program, seconds in found["seconds"].items():
            cells = [found[key].get(program, "") for key in ("cpu_seconds", "ratios")]
            cells += [found[key].get(program, "") for key in ("floor_s", "psnr_db")]
            yield _row((size, program, seconds, *cells))
    yield from _shares(report["sizes"])


def batch(report: Report) -> Lines:
    """Pictures a minute, of the bare loop and of the command; or of one process by batch size."""
    bare = report["of"] == "bare"
    processes = 1 if bare else report["workers"]
    yield (
        f"{_where(report)} in each of {processes} processes, {report['count']} pictures of "
        f"{report['side']} px, {report['iterations']} iterations (of a dream: at each level); "
        f"load {report['load']}"
    )
    yield from _head(BATCHED if bare else (*BATCHED[:4], "x bare", "at work"))
    for kind, found in report["kinds"].items():
        for name, seconds in found["seconds"].items():
            cells = [found["per_minute"][name], found["ratios"].get(name, "")]
            if not bare:
                cells.append(found["at_work"] if name == "command" else "")
            yield _row((kind, name, seconds, *cells))


def startup(report: Report) -> Lines:
    """Seconds from the command to some moments, each way, and what importing takes of them."""
    imports = ", ".join(f"{name} {seconds} s" for name, seconds in report["imports_s"].items())
    yield f"{_where(report)}; processes that only import: {imports}; load {report['load']}"
    yield from _head(("way", "opened, s", "started, s", "first iteration, s", "all, s"))
    for way, found in report["ways"].items():
        yield _row((way, *(found[moment] for moment in MOMENTS)))


def saturation(report: Report) -> Lines:
    """What a driver was asked to hear in a second and what it heard, by ladder and step."""
    yield (
        f"{_where(report)}, {report['workers']} simulated workers, {report['seconds']} s a step; "
        f"load {report['load']}"
    )
    yield from _head(
        ("ladder", "asked", "tasks/s", "records/s", "MB/s", "CPU", "late, ms", "99 %, ms")
    )
    for ladder in report["ratios"]:
        for step in report[ladder]:
            yield _row((ladder, step["asked"][ladder], *(step[key] for key in HEARD)))


MAKERS: Mapping[str, Callable[[Report], Lines]] = MappingProxyType(
    {"style": timed, "dream": timed, "batch": batch, "startup": startup, "saturation": saturation}
)
"""By a report's ``benchmark``."""


def _where(report: Report) -> str:
    """Which benchmark, measured where."""
    place = f"{report['machine']}, {report['device']}, {report['threads']} threads"
    return f"**{report['benchmark']}**, {place}"


def _head(columns: Sequence[str]) -> Lines:
    yield from ("", _row(columns), "|" + "---|" * len(columns))


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _shares(sizes: Mapping[str, Any]) -> Lines:
    """Where the time goes, in per cent, if the report says so."""
    rows = [
        (size, program, kinds)
        for size, found in sizes.items()
        for program, kinds in found.get(SHARES, {}).items()
    ]
    if rows:
        yield from _head(("size", "program", *(f"{kind}, %" for kind in rows[0][2])))
    for size, program, kinds in rows:
        yield _row((size, program, *kinds.values()))
