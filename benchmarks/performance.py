"""What do the reports in benchmarks/results say? A table, put into docs/performance.md.

python -m benchmarks.performance
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.compare import RESULTS, read
from benchmarks.tables import MAKERS

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def tables(folder: Path = RESULTS) -> str:
    """A table for each report that has a maker, with what it was measured on, and its file."""
    parts = []
    for file in sorted(folder.glob("*.json")):
        report = read(file)
        if (make := MAKERS.get(report.get("benchmark", ""))) is not None:
            first, *rest = make(report)
            parts.append("\n".join((f"{first} ({file.name})", *rest)) + "\n")
    return "\n".join(parts)


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
