"""What do the reports in benchmarks/results say? A table, put into docs/performance.md.

python -m benchmarks.performance
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.compare import RESULTS, read

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"
TIMED = ("style", "dream")
"""Benchmarks whose reports have a plain program's times, ours and a floor, by size."""

SHARES = "shares_percent"
COLUMNS = ("size", "program", "seconds", "CPU s", "x plain", "floor, s", "PSNR, dB")


def tables(folder: Path = RESULTS) -> str:
    """A table for each report, with what it was measured on."""
    parts = []
    for file in sorted(folder.glob("*.json")):
        report = read(file)
        if report.get("benchmark") in TIMED:
            parts.append("\n".join(_table(report, file.name)) + "\n")
    return "\n".join(parts)


def _table(report: Mapping[str, Any], name: str) -> Iterator[str]:
    rates = report["rates"]["convolutions_gflops"]
    yield (
        f"**{report['benchmark']}**, {report['machine']}, {report['device']}, "
        f"{report['threads']} threads, {report['weights']} weights, torch {report['torch']}; "
        f"convolutions at {rates['float32']} GFLOP/s in float32 and {rates['bfloat16']} in "
        f"bfloat16; `auto` is {report['auto']}; load {report['load']} ({name})"
    )
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|" + "---|" * len(COLUMNS)
    for size, found in report["sizes"].items():
        for program, seconds in found["seconds"].items():
            cells = [found[key].get(program, "") for key in ("cpu_seconds", "ratios")]
            cells += [found[key].get(program, "") for key in ("floor_s", "psnr_db")]
            yield f"| {' | '.join(map(str, (size, program, seconds, *cells)))} |"
    yield from _shares(report["sizes"])


def _shares(sizes: Mapping[str, Any]) -> Iterator[str]:
    """Where the time goes, in per cent, if the report says so."""
    told = {size: found[SHARES] for size, found in sizes.items() if SHARES in found}
    for number, (size, programs) in enumerate(told.items()):
        for place, (program, kinds) in enumerate(programs.items()):
            if not number and not place:
                yield ""
                yield f"| size | program | {' | '.join(f'{kind}, %' for kind in kinds)} |"
                yield "|" + "---|" * (2 + len(kinds))
            yield f"| {size} | {program} | {' | '.join(map(str, kinds.values()))} |"


def page(text: str, folder: Path = RESULTS) -> str:
    """A page with the tables between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(folder)}\n{END}{after}"


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
