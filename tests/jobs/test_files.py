"""A file is there whole under its name, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.files import Files
from jobs.storage import leftovers
from renderer.errors import WorkspaceError


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write({"deep/er/a.txt": b"one"})
    files.write({"deep/er/a.txt": b"two"})
    assert [p.name for p in (tmp_path / "deep/er").iterdir()] == ["a.txt"]
    assert files.read("deep/er/a.txt") == b"two"


def test_what_could_not_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write({"a.txt": b"old"})
    with pytest.raises(WorkspaceError, match="a file is where a folder should be"):
        files.write({"a.txt/b.txt": b"new"})
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert leftovers(files, ()) == []


def test_leftovers_are_known_by_their_names(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write({"frames/1/a.png": b"whole"})
    left = [files.temporary(tmp_path / "x.gif"), files.temporary(tmp_path / "frames/1/b.png")]
    for path in left:
        path.write_bytes(b"half")
    assert sorted(map(files.path, leftovers(files, ("frames", "carry")))) == sorted(left)
