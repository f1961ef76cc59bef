"""Reading along in a log that grows."""

from __future__ import annotations

from pathlib import Path

import fsspec

from jobs.files import Files
from jobs.following import Follower
from jobs.log import LOG, SEGMENTS
from jobs.storage import at


def numbers(follower: Follower) -> list[int]:
    return [record["n"] for record in follower.news()]


def record(n: int) -> bytes:
    return f'{{"event":"counted","n":{n}}}\n'.encode()


def test_each_record_is_news_once_and_a_half_written_one_later(tmp_path: Path) -> None:
    follower = Follower(Files(tmp_path))
    assert numbers(follower) == []
    log = tmp_path / LOG
    log.write_bytes(record(1) + record(2) + record(3)[:7])
    assert numbers(follower) == [1, 2]
    assert numbers(follower) == []
    log.write_bytes(record(1) + record(2) + record(3) + b"torn\n" + record(4))
    assert numbers(follower) == [3, 4]


def test_a_log_in_segments_is_followed_from_one_to_the_next() -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file(f"/follow/job/{SEGMENTS}/000001-000001.jsonl", record(1))
    follower = Follower(at("memory://follow/job"))
    assert numbers(follower) == [1]
    fs.pipe_file(f"/follow/job/{SEGMENTS}/000001-000001.jsonl", record(1) + record(2))
    fs.pipe_file(f"/follow/job/{SEGMENTS}/000002-000001.jsonl", record(3))
    assert numbers(follower) == [2, 3]
    assert numbers(follower) == []
