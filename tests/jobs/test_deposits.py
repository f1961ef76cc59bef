"""Files are put once, by their contents, and whole."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import deposits
from jobs.storage import Storage, at
from jobs.travel import File
from renderer.errors import JobError

_numbers = itertools.count()


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return at(tmp_path / "inputs")
    return at(f"memory://deposits-{next(_numbers)}/inputs")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], File]:
    def make(name: str, data: bytes) -> File:
        path = tmp_path / name
        path.write_bytes(data)
        return File(str(path), name)

    return make


def test_files_are_put_under_their_digests_and_only_once(
    storage: Storage, file: Callable[[str, bytes], File]
) -> None:
    files = [file(f"{number}.png", b"x" * number) for number in range(1, 20)]
    read: list[int] = []
    prepared = deposits.prepared([*files, files[0]], read.append)
    assert sum(read) == sum(range(1, 20))
    own = prepared[files[2]]
    assert own.name == f"{hashlib.sha256(b'xxx').hexdigest()[:32]}/3.png"
    lacking = deposits.missing(storage, prepared.values())
    assert len(lacking) == 19
    put: list[int] = []
    deposits.put(storage, lacking, put.append)
    assert sum(put) == sum(range(1, 20))
    assert storage.read(own.name) == b"xxx"
    assert deposits.missing(storage, prepared.values()) == []
    another = deposits.prepared([file("new.png", b"new")])
    assert [one.name for one in deposits.missing(storage, another.values())] == [
        another[next(iter(another))].name
    ]


def test_a_file_that_is_cut_short_there_is_put_again(
    storage: Storage, file: Callable[[str, bytes], File]
) -> None:
    (own,) = deposits.prepared([file("a.png", b"abc")]).values()
    storage.write({own.name: b"ab"})
    assert deposits.missing(storage, [own]) == [own]
    deposits.put(storage, [own])
    assert storage.read(own.name) == b"abc"


def test_a_file_that_changes_meanwhile_is_not_put(
    storage: Storage, file: Callable[[str, bytes], File]
) -> None:
    (own,) = deposits.prepared([file("a.png", b"abc")]).values()
    Path(own.path).write_bytes(b"xyz")
    with pytest.raises(JobError, match="was changed meanwhile"):
        deposits.put(storage, [own])
    assert not storage.exists(own.name)


def test_a_file_that_goes_meanwhile_is_one_line(
    storage: Storage, file: Callable[[str, bytes], File], tmp_path: Path
) -> None:
    (own,) = deposits.prepared([file("a.png", b"abc")]).values()
    Path(own.path).unlink()
    with pytest.raises(JobError, match=r"a\.png: can't be read"):
        deposits.put(storage, [own])
    with pytest.raises(JobError, match=r"none\.png: can't be read"):
        deposits.prepared([File(str(tmp_path / "none.png"), "none.png")])


def test_they_lie_beside_the_jobs() -> None:
    assert deposits.beside("s3://bucket/renders/harbour/") == "s3://bucket/renders/inputs"
    assert deposits.beside("/home/ada/renders/harbour") == "/home/ada/renders/inputs"
