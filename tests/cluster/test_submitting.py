"""A job is submitted once, whoever submits it again; what is wrong is told before anything is put.

The head is one that only remembers; tests/cluster/test_submitted.py has real ones.
"""

from __future__ import annotations

import dataclasses
import http.server
import itertools
import json
import shlex
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster import exits, heads, ray_session, sending, waiting
from cluster.cli import run
from cluster.heads import Head, Submission
from jobs.storage import at
from renderer.errors import ClusterError, JobError
from tests.cluster.conftest import NETWORK, UNTIL, picture
from tests.cluster.farm import Told

_numbers = itertools.count()
ADDRESS = "http://127.0.0.1:8265"


class Memory(Head):
    """A head that remembers submissions, and does what is said with them."""

    def __init__(self) -> None:
        self.address = ADDRESS
        self.known: list[Submission] = []
        self.entrypoints: list[str] = []
        self.code: tuple[str, ...] = ()
        self.refuses = False

    def submissions(self) -> list[Submission]:
        return list(self.known)

    def look(self, id: str) -> Submission:
        return next(one for one in self.known if one.id == id)

    def log(self, id: str) -> str:
        return "Traceback\nModuleNotFoundError: No module named 'torch'\n"

    def submit(
        self, id: str, entrypoint: str, metadata: Mapping[str, str], *, code: tuple[str, ...]
    ) -> bool:
        if self.refuses:
            return False
        facts = {"state": "running", "message": "", "code": exits.UNFINISHED, "since_s": 0.0}
        self.known.append(Submission(id=id, **metadata, **facts))  # type: ignore[arg-type]
        self.entrypoints.append(entrypoint)
        self.code = code
        return True

    def ends(self, state: str, code: int) -> None:
        self.known[-1] = dataclasses.replace(self.known[-1], state=state, code=code)


@pytest.fixture
def head(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr(Head, "at", lambda address: memory)
    monkeypatch.setattr(heads, "is_here", lambda address: "127.0.0.1" in address)
    return memory


@pytest.fixture
def job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights_dir: Path
) -> dict[str, object]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "b.png").write_bytes(picture(seed=1))
    dream = {"network": NETWORK, "layers": [UNTIL], "iterations": 1, "repeats": 0}
    job = {"inputs": ["*.png"], "size": 40, "steps": [{"dream": dream}]}
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    return job


def submit(told: Told, *more: str) -> tuple[int, str]:
    return told("submit", "job.yaml", "--address", ADDRESS, *more)


@pytest.mark.usefixtures("job")
def test_what_is_submitted_renders_there_what_it_renders_here(
    head: Memory, told: Told, tmp_path: Path
) -> None:
    code, text = submit(told, "--set", "steps.0.dream.step_size=0.00001", "--notify", "http://x/y")
    assert code == exits.DONE, text
    out = tmp_path / "renders" / "job"
    assert "2 files put (0.0 MB), 0 there already" in text
    assert f"reverie watch {out}" in text
    assert head.code == sending.code()
    python, _, module, *words = shlex.split(head.entrypoints[0])
    assert (python, module, words[0]) == ("python3", "cluster.cli", "render")
    assert words[-2:] == ["--notify", "http://x/y"]
    for name in ("a.png", "b.png"):  # the cluster has no such files
        (tmp_path / name).rename(tmp_path / f"{name}.gone")
    render = [*words[:4], "--inline"]
    assert told(*render)[0] == exits.DONE
    assert sorted(path.name for path in (out / "frames" / "1-dream").iterdir()) == [
        f"a-{UNTIL}.png", f"b-{UNTIL}.png",
    ]  # fmt: skip


@pytest.mark.usefixtures("job")
def test_the_same_job_is_found_and_not_put_again(head: Memory, told: Told) -> None:
    submit(told)
    code, text = submit(told, "--json")
    sent = json.loads(text)
    assert (code, sent["state"], sent["earlier"]) == (exits.DONE, "already submitted", "running")
    assert len(head.known) == 1
    head.ends("stopped", exits.INTERRUPTED)
    _, text = submit(told, "--json")
    sent = json.loads(text)
    assert (sent["state"], sent["put"], sent["there"]) == ("submitted again", 0, 2)
    assert [one.id for one in head.known] == [sent["id"].removesuffix(".2"), sent["id"]]
    Path("c.png").write_bytes(picture(seed=2))
    _, text = submit(told)
    assert "1 file put (0.0 MB), 2 there already" in text


@pytest.mark.usefixtures("job")
def test_a_job_that_is_done_is_rendered_again_only_if_something_is_asked_for(
    head: Memory, told: Told
) -> None:
    submit(told)
    words = shlex.split(head.entrypoints[0])[3:7]
    assert told(*words, "--inline")[0] == exits.DONE
    head.ends("succeeded", exits.DONE)
    code, text = submit(told, "--wait")
    assert (code, "which is done" in text) == (exits.DONE, True)
    assert told("retry", "renders/job", "a-*")[0] == exits.DONE
    assert "submitted again" in submit(told)[1]


@pytest.mark.usefixtures("job")
def test_an_id_belongs_to_one_job(head: Memory, told: Told) -> None:
    submit(told, "--id", "harbour")
    code, text = submit(told, "--id", "harbour", "--size", "48")
    assert code == exits.BAD_INPUT
    assert "--id harbour: was submitted as another job (size 40 → 48)" in text
    Path("a.png").write_bytes(picture(seed=5))
    assert "inputs.0" in submit(told, "--id", "harbour")[1]
    assert [one.id for one in head.known] == ["harbour"]


@pytest.mark.usefixtures("job")
def test_who_comes_second_at_the_same_moment_finds_the_first(
    head: Memory, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(told)
    first = head.known
    head.refuses = True
    answers = iter([[], first])
    monkeypatch.setattr(head, "submissions", lambda: next(answers))
    assert "already submitted" in submit(told)[1]
    answers = iter([[], []])
    code, text = submit(told, "--id", "taken")
    assert (code, "the id taken is taken by a job that isn't Reverie's" in text) == (5, True)


@pytest.mark.usefixtures("job")
def test_waiting_ends_with_the_jobs_code_and_the_drivers_last_words(
    head: Memory, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    submitted = Memory.submit

    def submit_and_fail(self: Memory, *given: object, **more: object) -> bool:
        done = submitted(self, *given, **more)  # type: ignore[arg-type]
        self.ends("failed", exits.NO_WEIGHTS)
        return done

    monkeypatch.setattr(Memory, "submit", submit_and_fail)
    code, text = submit(told, "--wait")
    assert code == exits.NO_WEIGHTS
    assert "driver: ModuleNotFoundError: No module named 'torch'" in text
    assert text.splitlines()[-1].endswith("weights are missing")


@pytest.mark.usefixtures("job")
def test_who_stops_waiting_stops_nothing(
    head: Memory, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupted)
    code, text = submit(told, "--wait")
    assert code == exits.INTERRUPTED
    assert "it goes on; follow it with: reverie watch" in text
    assert head.known[0].state == "running"


def test_a_head_may_be_silent_for_a_while_but_not_for_ever(
    head: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(id: str) -> Submission:
        raise ClusterError("no one answers")

    monkeypatch.setattr(head, "look", silent)
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    monkeypatch.setattr(waiting, "UNHEARD_S", 0.05)
    with pytest.raises(ClusterError, match="no one answers; submit again when a head is up"):
        waiting.until_over(head, "any", lambda: None)


@pytest.mark.usefixtures("head", "job")
@pytest.mark.parametrize(
    ("more", "code", "told_of"),
    [
        (("--set", "inputs=none.png"), exits.BAD_INPUT, "inputs: none.png: there is no such file"),
        (("--set", 'steps.0.dream.layers=["conv99"]'), exits.BAD_INPUT, "no layer 'conv99'"),
        (("--set", "weights={vgg16: v.pth}"), exits.BAD_INPUT, "weights.vgg16: v.pth: there is no"),
        (("--weights-dir", "w"), exits.BAD_INPUT, "--weights-dir w: is a folder of the head's"),
        (("--id", "../x"), exits.BAD_INPUT, "--id ../x: may hold"),
        (("--out", "memory://x/y"), exits.BAD_INPUT, "memory, which no cluster sees"),
        (("--out", "nosuch://x/y"), exits.NO_WORKSPACE, "isn't a place for a workspace"),
        (("--out", "a.png/x"), exits.NO_WORKSPACE, "a file is where a folder should be"),
        (("--size", "0"), exits.BAD_INPUT, "--size"),
        (("--out", "s3://b/r/x", "--after", "renders/a"), exits.BAD_INPUT, "and --out is none"),
    ],
)
def test_what_is_wrong_is_one_line(
    told: Told, head: Memory, more: tuple[str, ...], code: int, told_of: str
) -> None:
    found, text = submit(told, *more)
    assert (found, text.count("\n")) == (code, 1), text
    assert told_of in text
    assert head.known == []


@pytest.mark.usefixtures("job")
def test_a_folder_of_this_machine_is_for_heads_that_see_it(head: Memory, told: Told) -> None:
    elsewhere = ("submit", "job.yaml", "--address", "http://192.0.2.1:8265", "--out", "out/job")
    code, text = told(*elsewhere)
    assert (code, text.count("\n")) == (exits.BAD_INPUT, 1)
    assert "--out out/job: is a folder of this machine" in text
    assert told(*elsewhere, "--shared")[0] == exits.DONE
    assert head.known[0].out == str(Path("out/job").absolute())


@pytest.mark.usefixtures("job")
def test_submissions_are_listed(head: Memory, told: Told) -> None:
    assert "no job was submitted" in told("list", "--address", ADDRESS)[1]
    submit(told, "--id", "harbour")
    (row,) = json.loads(told("list", "--address", ADDRESS, "--json")[1])
    assert (row["id"], row["job"], row["state"], row["code"]) == ("harbour", "job", "running", None)


def test_pictures_go_to_a_bucket_and_come_back_from_it(
    job: dict[str, object], head: Memory, told: Told, tmp_path: Path, s3: object
) -> None:
    out = f"{s3()}/renders/job"  # type: ignore[operator]
    code, text = submit(told, "--out", out)
    assert code == exits.DONE, text
    assert sorted(
        name.rpartition("/")[2] for name in at(f"{out.rpartition('/')[0]}/inputs").sizes().__self__
    ) == ["a.png", "b.png", "job.yaml"]  # type: ignore[attr-defined]
    (tmp_path / "a.png").unlink()
    words = shlex.split(head.entrypoints[0])[3:7]
    assert told(*words, "--inline")[0] == exits.DONE
    assert told("status", out)[0] == exits.DONE


@pytest.mark.parametrize("address", ["ftp://head", "http://", "http://head:port", "http://head:0"])
def test_an_address_is_one_of_a_dashboard(address: str) -> None:
    with pytest.raises(JobError, match="like http://HEAD:8265"):
        Head.at(address)


@pytest.mark.parametrize("address", ["rubbish", "127.0.0.1", "http://127.0.0.1:8265", ":6379"])
def test_the_address_of_a_ray_has_a_port(address: str, job: dict[str, object], told: Told) -> None:
    code, text = told("render", "job.yaml", "--address", address)
    assert (code, text.count("\n")) == (exits.BAD_INPUT, 1)
    assert f"{address}: write the head's address and port, like 192.0.2.10:6379" in text
    for sound in ("auto", "192.0.2.10:6379", "[::1]:6379", "ray://head:10001"):
        ray_session.check(sound)


def test_what_was_cancelled_is_no_failure() -> None:
    told = {"submission_id": "a", "metadata": {}, "message": "", "start_time": 0}
    failed = SimpleNamespace(**told, status="FAILED", driver_exit_code=exits.INTERRUPTED)
    assert heads._submission(failed).state == "stopped"
    failed.driver_exit_code = exits.SOME_FAILED
    assert heads._submission(failed).state == "failed"


def test_no_dashboard_there_is_one_line() -> None:
    with socket.socket() as silent:  # bound, and not listening
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(ClusterError, match=r"no dashboard answers at .*Connection refused"):
            Head.at(f"127.0.0.1:{port}")


def test_what_is_no_dashboard_is_one_line() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ClusterError, match="is no dashboard of Ray's") as error:
            Head.at(f"http://127.0.0.1:{other.server_port}")
        other.shutdown()
    assert "\n" not in str(error.value)


def test_which_heads_are_here() -> None:
    assert heads.is_here("http://127.0.0.1:8265")
    assert heads.is_here("localhost")
    assert not heads.is_here("http://192.0.2.1:8265")
    assert not heads.is_here("http://no-such-host.invalid:8265")


def test_submit_has_a_help_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submit", "--help"]) == exits.DONE
    assert "http://HEAD:8265" in capsys.readouterr().out
