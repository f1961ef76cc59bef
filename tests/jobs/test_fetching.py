"""A weight file at a URL is fetched once, and again when it has changed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from jobs.fetching import at_hand
from jobs.storage import at
from renderer.errors import WeightsError

_numbers = itertools.count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    return f"memory://fetching-{next(_numbers)}/weights"


def test_a_file_is_fetched_once_and_anew_when_it_changes(folder: str) -> None:
    at(folder).write({"vgg16.pth": b"first"})
    first = at_hand(f"{folder}/vgg16.pth")
    assert first is not None
    assert (first.name, first.read_bytes()) == ("vgg16.pth", b"first")
    inode = first.stat().st_ino
    again = at_hand(f"{folder}/vgg16.pth")
    assert again == first
    assert again.stat().st_ino == inode
    at(folder).write({"vgg16.pth": b"second"})
    second = at_hand(f"{folder}/vgg16.pth")
    assert second is not None
    assert second.read_bytes() == b"second"


def test_files_of_this_machine_stay_where_they_are(tmp_path: Path) -> None:
    assert at_hand(None) is None
    assert at_hand(tmp_path / "w.pth") == tmp_path / "w.pth"
    assert at_hand(f"file://{tmp_path}/w.pth") == tmp_path / "w.pth"


def test_what_cannot_be_fetched_is_one_line(folder: str) -> None:
    with pytest.raises(WeightsError, match=r"none\.pth: can't be fetched"):
        at_hand(f"{folder}/none.pth")
    with pytest.raises(WeightsError, match="isn't a place"):
        at_hand("nosuch://bucket/w.pth")
