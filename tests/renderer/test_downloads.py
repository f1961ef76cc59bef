"""Downloads from a server on this machine: whole, cut, wrong, refused, and no server at all."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from renderer import downloads, weights
from renderer.downloads import ATTEMPTS, choose, download
from renderer.errors import DownloadError
from renderer.networks import Preprocessing, Source, entry
from renderer.networks.network import needed

Answer = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]
GOOGLENET = entry("googlenet")
FILE = "bvlc_googlenet.pth"


def whole(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def unsized(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(body)


def cut(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[: len(body) // 2])


def silent(request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


def status(code: int) -> Answer:
    return lambda request, _: request.send_error(code)


def page(request: http.server.BaseHTTPRequestHandler, _: bytes) -> None:
    whole(request, b"<html>Please log in</html>")


@dataclass
class Server:
    """Answers one request after another as ``answers`` say; the last one for ever."""

    body: bytes
    answers: list[Answer] = field(default_factory=lambda: [whole])
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        now = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request.path)
        now(request, self.body)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REVERIE_WEIGHTS", "")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("REVERIE_MIRROR", raising=False)
    state = Server(body(tmp_path))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        state.address = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield state
        listening.shutdown()
        thread.join()


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = needed(GOOGLENET, "conv2")
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def body(tmp_path: Path) -> bytes:
    torch.save(tensors(), tmp_path / "served.pth")
    return (tmp_path / "served.pth").read_bytes()


def source(server: Server, **known: object) -> Source:
    plain = Source(FILE, Preprocessing(mean=(1.0, 2.0, 3.0)), url=f"{server.address}/a/{FILE}")
    return replace(plain, **known)  # type: ignore[arg-type]


def fails(server: Server, tmp_path: Path, **known: object) -> str:
    """The error's text; the file that was there before is still there, alone."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / FILE).write_bytes(b"before")
    with pytest.raises(DownloadError) as error:
        download(GOOGLENET, source(server, **known), tmp_path / "kept", pause_s=0)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [FILE]
    assert (tmp_path / "kept" / FILE).read_bytes() == b"before"
    told = str(error.value)
    assert "\n" not in told
    assert f"{FILE} could not be fetched from {server.address}/a/{FILE}: " in told
    assert (
        f"put it at {tmp_path / 'kept' / FILE}, or go on without internet: network motifs" in told
    )
    return told


def test_a_file_arrives_whole_with_its_progress(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "BLOCK_BYTES", len(server.body) // 3 + 1)
    seen: list[tuple[int, int | None]] = []
    known = source(server, sha256=hashlib.sha256(server.body).hexdigest()[:8])
    path = download(
        GOOGLENET, known, tmp_path / "new" / "cache", progress=lambda *now: seen.append(now)
    )
    assert path == tmp_path / "new" / "cache" / FILE
    assert path.read_bytes() == server.body
    assert [path.name for path in path.parent.iterdir()] == [FILE]
    assert path.stat().st_mode & 0o777 == 0o644
    assert server.asked == [f"/a/{FILE}"]
    assert seen[0] == (0, len(server.body))
    assert seen[-1] == (len(server.body), len(server.body))
    assert len(seen) == 4
    assert seen == sorted(seen)


def test_a_file_of_unknown_length_arrives(server: Server, tmp_path: Path) -> None:
    server.answers = [unsized]
    seen: list[tuple[int, int | None]] = []
    path = download(GOOGLENET, source(server), tmp_path, progress=lambda *now: seen.append(now))
    assert path.read_bytes() == server.body
    assert seen == [(0, None), (len(server.body), None)]


@pytest.mark.parametrize("fault", [cut, silent, status(503), status(429)])
def test_a_cut_connection_is_tried_again(server: Server, tmp_path: Path, fault: Answer) -> None:
    server.answers = [fault, fault, whole]
    path = download(GOOGLENET, source(server), tmp_path, pause_s=0)
    assert path.read_bytes() == server.body
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (cut, "the connection was cut after"),
        (silent, "cut"),
        (status(500), "the server answers 500"),
    ],
)
def test_a_connection_that_is_always_cut_fails(
    server: Server, tmp_path: Path, fault: Answer, words: str
) -> None:
    server.answers = [fault]
    told = fails(server, tmp_path)
    assert words in told
    assert f"({ATTEMPTS} attempts)" in told
    assert len(server.asked) == ATTEMPTS


def test_pauses_grow(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(downloads.time, "sleep", pauses.append)
    server.answers = [cut]
    with pytest.raises(DownloadError):
        download(GOOGLENET, source(server), tmp_path, pause_s=0.5)
    assert pauses == [0.5, 1.0, 2.0]


def test_a_missing_file_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    server.answers = [status(404)]
    assert "the server answers 404 (Not Found)" in fails(server, tmp_path)
    assert len(server.asked) == 1


def test_another_hash_is_refused(server: Server, tmp_path: Path) -> None:
    found = hashlib.sha256(server.body).hexdigest()
    assert f"its SHA-256 is {found}, not 397923af" in fails(server, tmp_path, sha256="397923af")


def test_another_digest_is_refused(server: Server, tmp_path: Path) -> None:
    found = weights.digest({name: tensor.numpy() for name, tensor in tensors().items()})
    told = fails(server, tmp_path, digests={"conv2": "0" * 64})
    assert f"the digest of its tensors is {found}, not 0000" in told


def test_the_right_digest_is_accepted(server: Server, tmp_path: Path) -> None:
    first = {k: v.numpy() for k, v in tensors().items() if k.startswith("conv1")}
    known = source(server, digests={"conv1": weights.digest(first), "conv3": "0" * 64})
    assert download(GOOGLENET, known, tmp_path).is_file()


def test_a_web_page_in_place_of_the_file_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers = [page]
    assert "it is not a whole file of weights" in fails(server, tmp_path)


def test_the_weights_of_another_network_are_refused(server: Server, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "other.pth")
    server.body = (tmp_path / "other.pth").read_bytes()
    assert "the weights of network googlenet are not in it" in fails(server, tmp_path)


@pytest.mark.parametrize("answer", [whole, unsized])
def test_a_file_that_is_too_large_is_refused(
    server: Server, tmp_path: Path, answer: Answer
) -> None:
    server.answers = [answer]
    with pytest.raises(DownloadError, match="the file is larger than 1000 bytes"):
        download(GOOGLENET, source(server), tmp_path / "new", max_bytes=1000)
    assert not list((tmp_path / "new").iterdir())
    assert len(server.asked) == 1


def test_without_a_network_it_fails_at_once(server: Server, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.address = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "there is no connection (Connection refused)" in fails(server, tmp_path)


def test_a_directory_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="file/cache can't be written"):
        download(GOOGLENET, source(server), tmp_path / "file" / "cache")


def test_files_are_chosen_by_name() -> None:
    vgg16 = entry("vgg16")
    assert choose(vgg16).file == "vgg16-397923af.pth"
    assert choose(vgg16, "vgg16_features-amdegroot-88682ab5.pth").sha256 == "88682ab5"
    with pytest.raises(DownloadError, match=r"no file 'x' to download \(files: vgg16-3979"):
        choose(vgg16, "x")


# --- through the mirror, as a user does ---


def mirrored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry whose GoogLeNet has no known digest, so that made-up weights pass."""
    plain = tuple(replace(known, digests={}) for known in GOOGLENET.sources)
    monkeypatch.setattr(weights, "entry", lambda name: replace(entry(name), sources=plain))
    monkeypatch.setenv("REVERIE_MIRROR", f"{server.address}/mirror/")


def test_resolve_downloads_only_when_it_may_and_only_once(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored(server, monkeypatch)
    with pytest.raises(weights.WeightsError, match="there are no weights for network googlenet"):
        weights.resolve("googlenet", "conv2")
    assert server.asked == []
    found = weights.resolve("googlenet", "conv2", download=True)
    again = weights.resolve("googlenet", "conv2", download=True)
    assert server.asked == [f"/mirror/{FILE}"]
    assert found.source == again.source == str(tmp_path / "cache" / "weights" / FILE)
    kernels = tensors()["conv1.weight"].numpy()
    assert np.array_equal(found.tensors["conv1.weight"], kernels[:, ::-1])  # that file is BGR


def test_fetch_verifies_against_the_registry(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERIE_MIRROR", server.address)
    with pytest.raises(DownloadError, match=r"its SHA-256 is .*, not dcbb9e9d"):
        weights.fetch("vgg19")
    with pytest.raises(DownloadError, match="network motifs has no file to download"):
        weights.fetch("motifs")
    with pytest.raises(DownloadError, match="is no address to download from"):
        weights.fetch("vgg19", mirror="file:///etc")
    assert server.asked == ["/vgg19-dcbb9e9d.pth"]
