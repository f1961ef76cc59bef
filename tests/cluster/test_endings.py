"""Whoever is to hear of the end of a run does, and can't spoil it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import exits
from cluster.cli import run
from cluster.endings import Ending, posted, ran, tell
from jobs.schedule import Counts
from tests.cluster.conftest import NETWORK, UNTIL, picture

COUNTS = Counts(finished=3, failed=1, skipped=1)
ENDING = Ending.of(COUNTS, exits.SOME_FAILED, job="harbour", directory="renders/h", seconds=2.5)


class Listener(http.server.HTTPServer):
    """Keeps what is posted to it."""

    heard: list[Any]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Listener)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(500 if self.path == "/broken" else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener(("127.0.0.1", 0), Handler)
    server.heard = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_url_is_sent_what_came_of_the_run(listener: Listener) -> None:
    address = f"http://127.0.0.1:{listener.server_port}"
    assert posted(ENDING, address) == ""
    ((kind, body),) = listener.heard
    assert kind == "application/json"
    assert body == {
        "job": "harbour", "directory": "renders/h", "code": 1, "outcome": "some tasks failed",
        "reason": "",
        "tasks": 5, "finished": 3, "failed": 1, "skipped": 1, "seconds": 2.5,
    }  # fmt: skip
    assert posted(ENDING, f"{address}/broken") == "answered 500 Internal Server Error"
    assert "could not be reached" in posted(ENDING, "http://127.0.0.1:9/")
    assert posted(ENDING, "file:///etc/passwd") == "is no http:// or https:// address"


def test_a_command_finds_it_in_its_environment(tmp_path: Path) -> None:
    assert ran(ENDING, f"echo $REVERIE_JOB $REVERIE_CODE $REVERIE_FAILED > {tmp_path}/told") == ""
    assert (tmp_path / "told").read_text() == "harbour 1 1\n"
    assert ran(ENDING, "exit 3") == "ended with 3"
    assert tell(ENDING, url=None, command="exit 3") == ["--on-end exit 3: ended with 3"]
    assert tell(ENDING, url=None, command=None) == []


def test_a_run_tells_and_ends_as_it_would_have(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_weights_dir: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    (tmp_path / "a.png").write_bytes(picture())
    dream = ["dream", "a.png", "--network", NETWORK, "--layers", UNTIL, "--iterations", "1"]
    told = ["--on-end", "echo $REVERIE_OUTCOME $REVERIE_FINISHED", "--notify", "nowhere"]
    assert run([*dream, "--size", "40", "--inline", *told]) == exits.DONE
    printed = capfd.readouterr()
    assert "done 1" in printed.out
    assert "--notify nowhere: is no http:// or https:// address" in printed.err
    (log,) = Path("renders").glob("*/log.jsonl")
    log.unlink()
    log.mkdir()
    code = run(
        [*dream, "--size", "40", "--inline", "--on-end", "echo $REVERIE_OUTCOME: $REVERIE_REASON"]
    )
    assert code == exits.NO_WORKSPACE
    assert "the workspace can't be used: " in capfd.readouterr().out
