"""Imports go one way: cluster → jobs → renderer; and what each package may know of the world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "renderer": {"jobs", "cluster", "training", "ray", "yaml", "rich", "typer", "pydantic"},
    "jobs": {"cluster", "training", "ray", "rich", "typer"},
    "cluster": {"training"},
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top package of every import, also of those within functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            top = (node.module or "").partition(".")[0]
            yield node.lineno, path.relative_to(ROOT).parts[0] if node.level else top


def prints(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            yield node.lineno


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_that_is_above_it(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(package)
        for line, name in imported(path)
        if name in FORBIDDEN[package]
    ]
    assert modules(package)
    assert found == []


def test_the_renderer_runs_where_there_is_little_beside_torch() -> None:
    allowed = {"renderer", "torch", "torchvision", "numpy", "PIL", "safetensors"}
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("renderer")
        for line, name in imported(path)
        if name not in allowed | sys.stdlib_module_names
    ]
    assert found == []


@pytest.mark.parametrize("package", ["renderer", "jobs"])
def test_nothing_below_the_cluster_prints(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in modules(package) for line in prints(path)
    ]
    assert found == []


def test_the_check_sees_what_it_looks_for(tmp_path: Path) -> None:
    path = ROOT / "tests" / "test_architecture.py"
    names = {name for _, name in imported(path)}
    assert {"ast", "pytest", "collections"} <= names
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    print(1)\n    sys.stdout.print(2)\n")
    assert list(prints(bad)) == [2]
