"""Requests: repeated where that helps, and told in one line where it doesn't."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from jobs import objects
from jobs.objects import Objects
from jobs.remote import Remote
from renderer.errors import WorkspaceError


class NoCredentialsError(Exception):
    """As a library has it."""


class Broken(Exception):
    """Another of a library's own."""


class Flaky(MemoryFileSystem):
    """Raises the next of ``faults`` at each put, as long as there are any."""

    cachable = False
    faults: list[Exception] = []  # noqa: RUF012  (of the one test that uses it)
    puts = sent = 0

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **more: Any) -> None:
        self.puts += 1
        if self.faults:
            raise self.faults.pop(0)
        super().pipe_file(path, value, mode=mode, **more)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """As a store does, refuses a range with nothing in it."""
        data: bytes = super().cat_file(path, start=start, end=end)
        if start is not None and not data:
            raise OSError(errno.EINVAL, "InvalidRange")
        self.sent = len(data)
        return data


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Flaky, Remote]]:
    monkeypatch.setattr(objects, "WAITS_S", (0.0, 0.0, 0.0))

    def make(*faults: Exception, reached: bool = True) -> tuple[Flaky, Remote]:
        fs = Flaky()
        remote = Remote(Objects(fs, "/flaky", "flaky://job"))
        if reached:
            remote.write({"a": b"1"})
        fs.faults, fs.puts = list(faults), 0
        return fs, remote

    return make


def test_what_an_object_has_grown_by_is_read_alone(
    place: Callable[..., tuple[Flaky, Remote]],
) -> None:
    fs, remote = place()
    remote.write({"log": b"0123456789"})
    assert remote.read("log", 7) == b"789"
    assert fs.sent == 4  # with the byte before
    assert remote.read("log", 10) == b""
    assert remote.read("log") == b"0123456789"
    with pytest.raises(FileNotFoundError):
        remote.read("nothing", 3)


def fault(remote: Remote) -> str:
    with pytest.raises(WorkspaceError) as caught, remote.told():
        remote.write({"b": b"2"})
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("flaky://job: ")
    return str(caught.value)


def test_what_passes_is_waited_for(place: Callable[..., tuple[Flaky, Remote]]) -> None:
    fs, remote = place(OSError(errno.EIO, "slow down"), TimeoutError(), Broken("hm"))
    remote.write({"b": b"2"})
    assert (fs.puts, remote.read("b")) == (4, b"2")


def test_what_lasts_says_that_one_can_go_on(place: Callable[..., tuple[Flaky, Remote]]) -> None:
    fs, remote = place(*[Broken("no\nroute")] * 9)
    assert fault(remote).endswith("(no route); run the same command again when it can: it goes on")
    assert fs.puts == 4


def test_a_wrong_address_is_told_at_once(place: Callable[..., tuple[Flaky, Remote]]) -> None:
    fs, remote = place(ConnectionError("refused"), reached=False)
    assert "refused" in fault(remote)
    assert fs.puts == 1


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (FileNotFoundError("no such bucket"), "make the bucket"),
        (PermissionError("denied"), "check the credentials"),
        (NoCredentialsError("Unable to locate credentials"), "check the credentials"),
    ],
)
def test_what_is_for_good_is_not_repeated(
    error: Exception, advice: str, place: Callable[..., tuple[Flaky, Remote]]
) -> None:
    fs, remote = place(error)
    assert advice in fault(remote)
    assert fs.puts == 1


def test_a_fence_is_asked_before_each_try_and_may_fall(
    place: Callable[..., tuple[Flaky, Remote]],
) -> None:
    fs, remote = place(*[Broken("no route")] * 9)
    asked: list[int] = []

    def falls() -> None:
        asked.append(fs.puts)
        if fs.puts == 2:
            raise WorkspaceError("was taken over")

    fenced = remote._objects.fenced(falls)
    with pytest.raises(WorkspaceError, match="taken over"):
        fenced.put("b", b"2")
    assert asked == [0, 1, 2]
    assert fenced.read("a") == b"1"


def test_our_own_mistakes_are_not_the_networks(place: Callable[..., tuple[Flaky, Remote]]) -> None:
    _, remote = place(TypeError("a mistake"))
    with pytest.raises(TypeError):
        remote.write({"b": b"2"})


def test_a_listing_is_of_what_lies_below() -> None:
    there = Objects(MemoryFileSystem(), "/list/job", "memory://list/job")
    there.put_all({"a": b"1", "below/b": b"22", "below/c/d": b"333", "below-not/e": b"4"})
    assert there.sizes() == {"a": 1, "below/b": 2, "below/c/d": 3, "below-not/e": 1}
    assert there.sizes("below") == {"below/b": 2, "below/c/d": 3}
    assert there.sizes("nothing") == {}
    there.delete(["a", "not there"])
    assert "a" not in there.sizes()
