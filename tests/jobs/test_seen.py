"""Which files are read again: what has changed, what may have, and what no record tells of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import seen
from jobs.inputs import Source, gather
from jobs.seen import Facts, Seen
from renderer.errors import ImageError

Paint = Callable[..., Path]
LONG_AGO_NS = 10**10


@pytest.fixture(autouse=True)
def few_and_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own; two pictures are many, and files are settled at once."""
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(seen, "FEWEST", 2)
    monkeypatch.setattr(seen, "UNSURE_NS", -LONG_AGO_NS)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    folder = tmp_path / "photos"
    folder.mkdir()
    found = [folder / name for name in ("a", "b")]
    for path in found:
        path.write_text(path.name)
    return [str(path) for path in found]


def looked_at(paths: list[str]) -> list[str]:
    """The names of the files that are looked at by a run that then keeps what it learned."""
    names = []

    def inspect(path: str) -> Facts:
        names.append(os.path.basename(path))
        return Facts(Path(path).read_text(), 1, (3, 4))

    now = Seen(paths)
    for path in paths:
        assert now.facts(path, inspect).digest == Path(path).read_text()
    now.save()
    return names


def test_a_file_is_looked_at_once(paths: list[str]) -> None:
    assert [looked_at(paths) for _ in range(3)] == [["a", "b"], [], []]


def test_files_come_in_order_with_those_that_are_no_pictures(tmp_path: Path) -> None:
    """Several are looked at side by side, and the first of them takes longest."""
    paths = [str(tmp_path / str(number)) for number in range(3 * seen.AHEAD)]

    def inspect(path: str) -> Facts:
        time.sleep(0.02 if path == paths[0] else 0)
        if path == paths[5]:
            raise ImageError(path)
        return Facts(path, 1, (3, 4))

    found = list(Seen(paths).each(paths, inspect))
    assert isinstance(found[5], ImageError)
    told = [facts.digest for facts in found if isinstance(facts, Facts)]
    assert told == [path for path in paths if path != paths[5]]


def test_a_changed_file_is_looked_at_again(paths: list[str]) -> None:
    looked_at(paths)
    told = os.stat(paths[0])
    Path(paths[0]).write_text("x")  # as long as before,
    os.utime(paths[0], ns=(told.st_atime_ns, told.st_mtime_ns))  # and dated back
    assert looked_at(paths) == ["a"]
    os.replace(paths[0], paths[1])
    Path(paths[0]).write_text("a")
    assert looked_at(paths) == ["a", "b"]


def test_a_file_that_may_yet_change_is_not_recorded(
    paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "UNSURE_NS", LONG_AGO_NS)
    assert [looked_at(paths) for _ in range(2)] == [["a", "b"]] * 2
    later_ns = time.time_ns() + 2 * LONG_AGO_NS
    monkeypatch.setattr(seen.time, "time_ns", lambda: later_ns)
    assert [looked_at(paths) for _ in range(2)] == [["a", "b"], []]


def test_a_clock_that_was_set_back_makes_no_file_sure(
    paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "UNSURE_NS", 0)
    monkeypatch.setattr(seen.time, "time_ns", lambda: 1)
    assert [looked_at(paths) for _ in range(2)] == [["a", "b"]] * 2


def test_few_files_and_urls_are_looked_at_each_time(
    paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "FEWEST", 3)
    assert [looked_at(paths) for _ in range(2)] == [["a", "b"]] * 2


@pytest.mark.parametrize("harm", ["cut", "flip", "folder"])
def test_a_damaged_record_is_done_without(paths: list[str], tmp_path: Path, harm: str) -> None:
    looked_at(paths)
    (record,) = tmp_path.glob("cache/pictures/*")
    data = record.read_bytes()
    record.unlink()
    if harm == "folder":
        record.mkdir()
    else:
        record.write_bytes(data[:-9] if harm == "cut" else data[:-9] + b"7" + data[-8:])
    assert looked_at(paths) == ["a", "b"]


def test_what_is_gone_is_forgotten(paths: list[str], tmp_path: Path) -> None:
    looked_at(paths)
    os.unlink(paths.pop())
    Path(paths[0]).with_name("c").write_text("c")
    looked_at([*paths, str(Path(paths[0]).with_name("c"))])
    (record,) = tmp_path.glob("cache/pictures/*.json")
    assert b'"b"' not in record.read_bytes()


def test_a_picture_that_is_not_what_it_was_taken_for_is_looked_at_again(
    paint: Paint, tmp_path: Path
) -> None:
    files = [str(paint(f"photos/{n}.png", colour=n)) for n in range(2)]
    (first, _), _ = gather(files)
    assert gather(files)[0][0] == first
    wrong = Source(**{**{n: getattr(first, n) for n in first.__slots__}, "digest": "0"})
    with pytest.raises(ImageError, match="has changed"):
        wrong.read()
    assert not list(tmp_path.glob("cache/pictures/*.json"))
