"""Of several drivers one drives, and one that was taken for dead notices."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from jobs.lease import Lease, Terms, holder, machine, newest
from jobs.objects import Objects
from renderer.errors import WorkspaceError
from tests.jobs.stores import DUMB, KINDS, QUICK, Store, store

DEAD = 2**22 + 1


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    bucket = request.getfixturevalue("s3") if request.param == "s3" else str
    return store(request.param, tmp_path, bucket)


@pytest.fixture
def memory(tmp_path: Path) -> Store:
    return store("memory", tmp_path, str)


def leave(place: Store, **changes: object) -> None:
    """The lease of a driver on another machine that was lost."""
    facts = {"host": "elsewhere", "process": 7, "machine": "other", "token": "t", "silence_s": 0.3}
    place.objects().put("lease/000004", json.dumps({**facts, **changes}).encode())


def test_a_second_driver_is_refused_with_the_firsts_host_and_process(place: Store) -> None:
    first = Lease(place.objects(), QUICK)
    with pytest.raises(WorkspaceError) as caught:
        Lease(place.objects(), QUICK)
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(caught.value)
    assert "--out" in str(caught.value)
    first.check()
    first.release()
    assert holder(place.objects()) is None
    second = Lease(place.objects(), QUICK)
    assert second.number == first.number + 1
    second.release()


def test_a_silent_one_is_taken_over_and_stops_when_it_wakes(place: Store) -> None:
    first = Lease(place.objects(), DUMB)
    first.check()
    began_s = time.monotonic()
    second = Lease(place.objects(), QUICK)
    assert time.monotonic() - began_s >= DUMB.silence_s
    with pytest.raises(WorkspaceError, match=r"was taken over by process \d+ .*publishes nothing"):
        first.check()
    first.release()
    second.check()
    assert newest(place.objects()) == second.number
    assert len(place.objects().sizes("lease")) == 1
    second.release()


def test_one_that_only_slept_goes_on(memory: Store) -> None:
    lease = Lease(memory.objects(), DUMB)
    time.sleep(DUMB.silence_s)
    lease.check()
    lease.release()


def test_a_dead_process_of_this_machine_is_not_waited_for(memory: Store) -> None:
    leave(memory, machine=machine(), process=DEAD, silence_s=1000)
    assert holder(memory.objects()) is None
    lease = Lease(memory.objects(), QUICK)
    assert lease.number == 5
    lease.release()


def test_one_of_another_machine_is_waited_for(memory: Store) -> None:
    """Also where the host is called the same, as containers' may be."""
    leave(memory, host=socket.gethostname(), process=DEAD)
    assert str(holder(memory.objects())) == f"process {DEAD} on {socket.gethostname()}"
    began_s = time.monotonic()
    Lease(memory.objects(), QUICK).release()
    assert time.monotonic() - began_s >= 0.3


def test_of_many_that_wait_one_gets_it(place: Store) -> None:
    leave(place)
    taken: list[Lease] = []
    refused: list[WorkspaceError] = []

    def want() -> None:
        try:
            taken.append(Lease(place.objects(), QUICK))
        except WorkspaceError as error:
            refused.append(error)

    waiting = [threading.Thread(target=want) for _ in range(5)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert (len(taken), len(refused)) == (1, 4)
    taken[0].check()
    taken[0].release()


def test_whoever_takes_over_gives_way_to_one_that_wakes_meanwhile(
    memory: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Lease(memory.objects(), DUMB)
    create, woken = Objects.create, []

    def wake_then_create(objects: Objects, name: str, data: bytes) -> None:
        if not woken:
            woken.append(first._beat())
        create(objects, name, data)

    monkeypatch.setattr(Objects, "create", wake_then_create)
    first._terms = Terms(beat_s=0.05, silence_s=0.3)  # awake from now on
    alive = threading.Thread(target=first._beat_on, daemon=True)
    alive.start()
    with pytest.raises(WorkspaceError, match="is being rendered by"):
        Lease(memory.objects(), QUICK)
    first.check()
    first.release()
    assert newest(memory.objects()) == first.number


def test_a_lease_that_can_not_be_read_is_waited_out(memory: Store) -> None:
    memory.objects().put("lease/000002", b"\xff garbage")
    lease = Lease(memory.objects(), QUICK)
    assert lease.number == 3
    lease.release()


def test_a_lease_that_someone_deleted_is_put_again(memory: Store) -> None:
    lease = Lease(memory.objects(), QUICK)
    memory.objects().delete(["lease/000001"])
    time.sleep(4 * QUICK.beat_s)
    assert holder(memory.objects()) is not None
    lease.check()
    lease.release()
