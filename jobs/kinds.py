"""Which kinds of outputs are there, and how do the names of their files end?"""

from __future__ import annotations

from typing import Literal

OutputKind = Literal["gif", "sheet", "grid", "table", "plot", "making"]
SUFFIXES: dict[OutputKind, tuple[str, ...]] = {
    "gif": (".gif",),
    "sheet": ("-sheet.png",),
    "grid": ("-grid.png",),
    "table": ("-table.csv",),
    "plot": ("-losses.png", "-losses.csv"),
    "making": ("-making.gif",),
}
OF_A_STEP: tuple[OutputKind, ...] = ("table", "plot")
OF_A_MATRIX: tuple[OutputKind, ...] = ("grid", "table")
