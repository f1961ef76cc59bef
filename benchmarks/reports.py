"""Where does a benchmark's report go? Into the file that was asked for, and to standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(report: Mapping[str, Any], file: Path | None) -> str:
    """The report as JSON, written to ``file`` if there is one: all of it, or as far as it goes."""
    text = json.dumps(report, indent=2) + "\n"
    if file:
        file.write_text(text)
    return text


def tell(report: Mapping[str, Any], file: Path | None) -> None:
    """Keep a report, and print it."""
    sys.stdout.write(keep(report, file))
