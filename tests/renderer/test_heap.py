"""What is freed is kept, and given back in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from renderer import heap

LARGE = 100 * 2**20
PAGES = LARGE // os.sysconf("SC_PAGE_SIZE")

pytestmark = pytest.mark.skipif(heap._glibc() is None, reason="another C library")

MEASURES = f"""
import resource, threading, time
from pathlib import Path
from renderer import heap

def touched():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * {LARGE}
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():
    return int(Path("/proc/self/statm").read_text().split()[1])
"""

IN_A_THREAD = f"""{MEASURES}
def work():
    found = [touched(), touched()]
    with heap.kept():
        found += [touched(), touched(), held()]
    print(*found, held(), touched())

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def measured(environment: dict[str, str]) -> list[int]:
    """Pages that came anew each time, within ``kept`` too; held in it and after it; and anew."""
    command = [sys.executable, "-c", IN_A_THREAD]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return [int(number) for number in done.stdout.split()]


def test_what_is_freed_is_kept_until_the_end() -> None:
    first, usual, begun, kept, held, left, after = measured(heap.ENVIRONMENT)
    assert min(first, usual, begun, after) > 0.9 * PAGES
    assert kept < 0.01 * PAGES
    assert left < held - 0.9 * PAGES


def test_other_threads_have_heaps_too_small_for_it_unless_they_are_to_share_one() -> None:
    kept = measured({"MALLOC_ARENA_MAX": "8"})[3]
    assert kept > 0.9 * PAGES


LINGERING = f"""{MEASURES}
for _ in range(2):  # the second time another one begins before the first has lingered
    with heap.kept(linger_s=2.0):
        print(touched())
before = held()
with heap.kept(linger_s=0.1):
    pass
while held() > before - 0.9 * {PAGES}:
    time.sleep(0.05)
with heap.kept(linger_s=1000.0):
    touched()
print(held())
heap.give_back()
print(held())
"""


def test_it_may_be_kept_for_the_next_one_for_a_while() -> None:
    command = [sys.executable, "-c", LINGERING]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    first, second, held, left = (int(number) for number in done.stdout.split())
    assert first > 0.9 * PAGES
    assert second < 0.01 * PAGES
    assert left < held - 0.9 * PAGES


def test_it_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), heap.kept():
        1 / 0  # noqa: B018


def test_another_library_goes_on_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_glibc", lambda: None)
    with heap.kept():
        assert len(b"x" * 10) == 10


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_what_is_apart_is_the_same_and_takes_nothing_of_the_heap(dtype: torch.dtype) -> None:
    whole = torch.rand(1, 64, 40, 50).to(dtype).contiguous(memory_format=torch.channels_last)
    part = whole[:, :, 3:33, 4:44]
    own = heap.apart(part)
    assert torch.equal(own, part)
    assert own.is_contiguous(memory_format=torch.channels_last)
    assert own.dtype == dtype
    maps = Path("/proc/self/maps").read_text().splitlines()
    heaps = [line.split()[0].split("-") for line in maps if line.endswith("[heap]")]
    assert heaps
    assert not any(int(start, 16) <= own.data_ptr() < int(end, 16) for start, end in heaps)


def test_nothing_can_be_apart() -> None:
    assert heap.apart(torch.zeros(1, 0, 3, 2)).shape == (1, 0, 3, 2)
