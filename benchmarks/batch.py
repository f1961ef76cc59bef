"""How many pictures a minute does a folder of them take, and what does the command add to that?

Generated pictures are dreamed, and styled, with the network that comes along. Two commands of one:

Where Ray is installed, the folder goes through ``reverie render`` with ``--workers`` of so many
threads, and in turns through the renderer's own generators in as many processes (``bare``).
``ratios`` are how many times as many pictures a minute the command renders: from the first
picture's start to the last one's end (``command``), and from its own start to its end
(``with_start``). Either's processes are up when the clock begins, and have loaded nothing yet.
``at_work`` is the share of that time in which the command's workers had a picture.

With ``--bare``, from the source tree and without Ray, one process on a device renders so many at a
time (``--batches``); ``ratios`` are how many times as fast as one by one. Writes JSON.

    python -m benchmarks.batch --count 64 --side 256 --json report.json
    python -m benchmarks.batch --device cuda --batches 1 2 4 8 16 --side 512 --bare
    python -m benchmarks.batch --quick
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import machine, reports
from renderer import dream, heap, images, networks, style, weights
from renderer.events import Event
from renderer.images import Picture
from renderer.networks import Network
from renderer.settings import DreamSettings, StyleSettings, resolve
from renderer.wishes import Granter, Wish

NETWORK = "motifs"
"""Comes along, so that the command can be measured wherever it is installed."""

LAYERS = {"dream": "inception4c", "style": "inception4c"}
Settings = DreamSettings | StyleSettings


@dataclass(frozen=True)
class Folder:
    """Pictures, and a painting for the styles, in a folder."""

    path: Path

    @classmethod
    def drawn(cls, path: Path, count: int, side: int) -> Folder:
        """So many pictures of noise at three scales, which any machine draws alike."""
        path.mkdir(parents=True)
        for number in range(count + 1):
            generator, drawn = torch.Generator().manual_seed(number), torch.zeros(1, 3, side, side)
            for cells in (4, 16, 64):
                coarse = torch.rand(1, 3, cells, cells, generator=generator)
                drawn += 85 * torch.nn.functional.interpolate(coarse, side, mode="bilinear")
            name = f"{number:04}.png" if number < count else "painting/brush.png"
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_bytes(images.encode(Picture(drawn)))
        return cls(path)

    @property
    def pictures(self) -> list[Path]:
        return sorted(self.path.glob("*.png"))

    @property
    def painting(self) -> Path:
        return self.path / "painting" / "brush.png"

    def share(self, rank: int, count: int) -> list[Path]:
        """One process's, of so many."""
        return self.pictures[rank::count]


def settings(kind: str, iterations: int) -> Settings:
    """The network's own, with fewer iterations."""
    entry = networks.entry(NETWORK)
    if kind == "dream":
        told = {"network": NETWORK, "layer": LAYERS[kind], "iterations": iterations}
        return resolve(DreamSettings, entry.dream, told)
    return resolve(StyleSettings, entry.style, {"network": NETWORK, "iterations": iterations})


def until(how: Settings) -> str:
    """The deepest layer that is used."""
    entry = networks.entry(how.network)
    if isinstance(how, DreamSettings):
        return networks.resolve_layer(entry, how.layer)
    used = (*how.content_layers, *how.style_layers)
    return networks.deepest(entry, networks.resolve_layers(entry, used))


def making(
    file: Path, painting: Tensor, network: Network, how: Settings
) -> Generator[Event, None, Tensor]:
    """The rendering of one picture, with wishes."""
    pixels = images.decode(file.read_bytes()).pixels.to(painting.device)
    hooks: dict[str, Any] = {"seed": 7, "fetch_losses": lambda: False, "wishes": True}
    if isinstance(how, DreamSettings):
        return dream.steps(pixels, network, how, **hooks)
    return style.steps(pixels, [painting], network, how, **hooks)


def bare(folder: Folder, files: Sequence[Path], how: Settings, *, batch: int, to: Path) -> None:
    """Render files on this process's device, so many at a time, and write them.

    Freed memory is kept meanwhile, as workers do.
    """
    device = torch.device(os.environ.get("BENCHMARK_DEVICE", "cpu"))
    found = weights.resolve(how.network, until(how))
    network = networks.load(networks.entry(how.network), until(how), found, device=device)
    painting = images.decode(folder.painting.read_bytes()).pixels.to(device)
    to.mkdir(parents=True, exist_ok=True)
    granter = Granter()
    with heap.kept():
        for start in range(0, len(files), batch):
            some = files[start : start + batch]
            together = [making(file, painting, network, how) for file in some]
            for file, pixels in zip(some, abreast(together, granter), strict=True):
                (to / file.name).write_bytes(images.encode(Picture(pixels.detach().cpu().float())))


def abreast(together: Sequence[Generator[Event, None, Tensor]], granter: Granter) -> list[Tensor]:
    """What comes of renderings that go on step by step together."""
    results: dict[int, Tensor] = {}
    while len(results) < len(together):
        wishes: list[Wish] = []
        for number, rendering in enumerate(together):
            if number not in results:
                found = _to_the_next_wish(rendering)
                if isinstance(found, Wish):
                    wishes.append(found)
                else:
                    results[number] = found
        granter.grant(wishes)
    return [results[number] for number in range(len(together))]


def _to_the_next_wish(rendering: Generator[Event, None, Tensor]) -> Wish | Tensor:
    while True:
        try:
            event = next(rendering)
        except StopIteration as end:
            result: Tensor = end.value
            return result
        if isinstance(event, Wish):
            return event


def on_device(folder: Folder, kind: str, given: argparse.Namespace) -> dict[str, Any]:
    """Pictures a minute of one process by batch size, and how many times as many as one by one."""
    how, device = settings(kind, given.iterations), torch.device(given.device)
    os.environ["BENCHMARK_DEVICE"] = given.device
    works: dict[str, machine.Work] = {}
    files, to = folder.pictures, folder.path / "bare"
    for size in given.batches:
        works[str(size)] = lambda size=size: bare(folder, files, how, batch=size, to=to)  # type: ignore[misc]
    times = machine.in_turns(works, turns=given.turns, device=device, warm_up=int(not given.quick))
    spent = {name: each.of(device) for name, each in times.items()}
    return {
        "seconds": {name: round(each.seconds, 2) for name, each in times.items()},
        "cpu_seconds": {name: round(each.cpu_seconds, 2) for name, each in times.items()},
        "per_minute": {n: round(60 * len(files) / each.seconds, 1) for n, each in times.items()},
        "ratios": {n: round(spent["1"] / s, 2) for n, s in spent.items() if n != "1"},
    }


def job(folder: Folder, kind: str, given: argparse.Namespace) -> Path:
    """A job file for the command: the same as the bare loop does."""
    step: dict[str, Any] = {"network": NETWORK, "iterations": given.iterations}
    step |= {"layers": LAYERS[kind]} if kind == "dream" else {"images": str(folder.painting)}
    told = {
        "name": kind,
        "inputs": [str(folder.path / "*.png")],
        "size": given.side,
        "steps": [{kind: step}],
        "resources": {"workers": given.workers, "threads": given.threads, "gpus": 0},
    }
    file = folder.path / f"{kind}.yaml"  # JSON is YAML
    file.write_text(json.dumps(told))
    return file


def bare_s(folder: Folder, kind: str, given: argparse.Namespace) -> float:
    """Seconds that the bare loops of so many processes take from where all are up.

    Nothing is loaded yet then, as when the command's first worker says that it begins.
    """
    command = [sys.executable, "-m", "benchmarks.batch", "--part", kind, str(folder.path)]
    command += ["--workers", str(given.workers), "--threads", str(given.threads)]
    command += ["--iterations", str(given.iterations), "--rank"]
    running = [
        subprocess.Popen([*command, str(rank)], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        for rank in range(given.workers)
    ]
    _heard(running)
    began = time.perf_counter()
    for process in running:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    _heard(running)
    spent = time.perf_counter() - began
    for process in running:
        process.communicate()
    if any(process.returncode for process in running):
        raise SystemExit("a bare loop failed")
    return spent


def _heard(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Each of some processes has written a line."""
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()


def part(given: argparse.Namespace) -> None:
    """One process of ``bare_s``: its share of the pictures, when it is told to begin."""
    kind, path = given.part
    torch.set_num_threads(given.threads)
    folder = Folder(Path(path))
    how, to = settings(kind, given.iterations), folder.path / "bare"
    _say("ready")
    sys.stdin.readline()
    bare(folder, folder.share(given.rank, given.workers), how, batch=1, to=to)
    _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def command_s(folder: Folder, kind: str, given: argparse.Namespace, turn: int) -> dict[str, float]:
    """Seconds of ``reverie render``: in all, from the first start to the last end, and at work."""
    out = folder.path / f"out-{kind}-{turn}"
    command = [sys.executable, "-m", "cluster.cli", "render", str(job(folder, kind, given))]
    began, at_work, first, last = time.perf_counter(), 0.0, 0.0, 0.0
    with subprocess.Popen([*command, "--out", str(out), "--json"], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        for line in run.stdout:
            told, now = json.loads(line), time.perf_counter()
            if told["event"] == "task_started":
                first = first or now
            elif told["event"] == "task_finished":
                at_work, last = at_work + told["seconds"], now
    if run.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    side = images.decode(next(out.glob("frames/*/*.png")).read_bytes()).size
    assert side == (given.side, given.side), "the command's pictures are as large as the bare ones"
    rendering = last - first
    return {
        "all": time.perf_counter() - began,
        "rendering": rendering,
        "at_work": at_work / (given.workers * rendering),
    }


def through_command(folder: Folder, kind: str, given: argparse.Namespace) -> dict[str, Any]:
    """Pictures a minute of the bare loops and of the command, in turns; medians."""
    bares, found = [], []
    for turn in range(given.turns):
        bares.append(bare_s(folder, kind, given))
        found.append(command_s(folder, kind, given, turn))
    own = statistics.median(bares)
    middle = {name: statistics.median(each[name] for each in found) for name in found[0]}
    seconds = {"bare": own, "command": middle["rendering"], "with_start": middle["all"]}
    return {
        "seconds": {name: round(each, 2) for name, each in seconds.items()},
        "per_minute": {n: round(60 * given.count / s, 1) for n, s in seconds.items()},
        "at_work": round(middle["at_work"], 3),
        "ratios": {n: round(own / s, 3) for n, s in seconds.items() if n != "bare"},
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=64, help="pictures")
    parser.add_argument("--side", type=int, default=256, help="of a picture, px")
    parser.add_argument("--kinds", nargs="+", choices=list(LAYERS), default=list(LAYERS))
    parser.add_argument("--iterations", type=int, default=4, help="of a style, or a level's")
    parser.add_argument("--workers", type=int, default=2, help="processes, of either")
    parser.add_argument("--threads", type=int, default=1, help="of each of them")
    parser.add_argument("--batches", type=int, nargs="*", default=[1], help="sizes, of --bare")
    parser.add_argument("--bare", action="store_true", help="one process, without Ray")
    parser.add_argument("--device", default="cpu", help="of --bare")
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="four small pictures")
    parser.add_argument("--json", type=Path, help="where to write the report")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.quick:
        given.count, given.side, given.iterations = 4, 96, 1
    given.batches = sorted({1, *given.batches})
    return given


def main() -> None:
    """Measure each kind, and write the report."""
    given = parsed()
    if given.part:
        part(given)
        return
    torch.set_num_threads(given.threads)
    report: dict[str, Any] = {"benchmark": "batch", **machine.facts(torch.device(given.device))}
    for name in ("count", "side", "iterations", "workers"):
        report[name] = getattr(given, name)
    report["of"] = "bare" if given.bare else "command"
    report["kinds"] = {}
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as place:
            folder = Folder.drawn(Path(place) / "pictures", given.count, given.side)
            measure = on_device if given.bare else through_command
            report["kinds"][kind] = measure(folder, kind, given)
        reports.keep(report, given.json)
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
