"""What does a set of 100,000 pictures cost to plan, and do 5,000 of them grow the driver?

Makes so many tiny pictures, some of which are none, and has `reverie plan` plan them: the first
time, when each must be read, and once more. Then renders some of them with a trivial step in one
process, and on Ray. Memory is the whole process's at its peak, and what of it is no file's (torch's
own libraries are 450 MB of files); growth is from the first 1,000 pictures on. What a picture costs
beyond its rendering is the driver's CPU time on Ray, and in one process the time between two frames
that the worker doesn't account for. Writes JSON.

    python -m benchmarks.sets --pictures 100000 --render 5000 --json report.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import reports

SIDE_PX = 16
SETTLED = 1000
"""Pictures after which the driver is to grow no more."""

JOB = {
    "inputs": ["photos/*.png"],
    "size": SIDE_PX,
    "steps": [{"dream": {"network": "motifs", "layers": ["conv2"], "iterations": 1, "repeats": 0}}],
    "resources": {"threads": 1, "gpus": 0},
}


def tiny(number: int) -> bytes:
    """A PNG of one colour, another for each number."""
    rows = (b"\0" + number.to_bytes(3, "big") * SIDE_PX) * SIDE_PX
    header = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def add_pictures(folder: Path, count: int, *, bad: int = 0) -> None:
    """So many pictures, and files beside them that are none, with a job of them all."""
    (folder / "photos").mkdir(parents=True)
    for number in range(count):
        (folder / "photos" / f"{number:06}.png").write_bytes(tiny(number))
    for number in range(bad):
        (folder / "photos" / f"bad-{number:06}.png").write_bytes(b"no picture")
    (folder / "job.yaml").write_text(yaml.safe_dump(JOB))


def planned(folder: Path) -> dict[str, float]:
    """What `reverie plan` takes: seconds, CPU seconds, and its memory at its peak."""
    command = [sys.executable, "-m", "cluster.cli", "plan", str(folder / "job.yaml")]
    began = time.perf_counter()
    with subprocess.Popen([*command, "--out", str(folder / "out")], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        told = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode or b"left out" not in told:
        raise SystemExit(f"{' '.join(command)}: ended with {run.returncode}")
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


@dataclass(frozen=True)
class Reading:
    """The driver after so many pictures: the time, its CPU seconds, its own memory."""

    pictures: int
    seconds: float
    cpu_seconds: float
    memory_mb: float

    @classmethod
    def of(cls, process: int, pictures: int) -> Reading:
        """Of a process as it stands."""
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        status = Path(f"/proc/{process}/status").read_text()
        memory_kb = int(status.partition("RssAnon:")[2].split()[0])
        cpu_s = ticks / os.sysconf("SC_CLK_TCK")
        return cls(pictures, time.perf_counter(), cpu_s, memory_kb / 1024)


def rendered(folder: Path, *options: str) -> dict[str, Any]:
    """What rendering the folder's pictures takes, of each picture, and how the driver grows."""
    command = [sys.executable, "-m", "cluster.cli", "render", str(folder / "job.yaml"), "--json"]
    command += ["--out", str(folder / f"out{''.join(options)}"), *options]
    readings, rendering_s = [], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] == "task_finished":
                rendering_s.append(event["seconds"])
                if len(rendering_s) % 100 == 0:
                    readings.append(Reading.of(run.pid, len(rendering_s)))
    if run.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with {run.returncode}")
    return told(readings, statistics.fmean(rendering_s))


def told(readings: list[Reading], rendering_s: float) -> dict[str, Any]:
    """The figures of some readings; growth counts from SETTLED pictures on, if they are more."""
    settled = next((one for one in readings if one.pictures >= SETTLED), readings[0])
    first, last = readings[0], readings[-1]
    pictures = max(1, last.pictures - first.pictures)
    return {
        "pictures": last.pictures,
        "ms_each": round(1000 * (last.seconds - first.seconds) / pictures, 2),
        "rendering_ms_each": round(1000 * rendering_s, 2),
        "driver_cpu_ms_each": round(1000 * (last.cpu_seconds - first.cpu_seconds) / pictures, 2),
        "memory_mb": round(last.memory_mb, 1),
        "memory_growth_mb": round(last.memory_mb - settled.memory_mb, 1),
    }


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--bad", type=int, default=1_000, help="files that are no pictures")
    parser.add_argument("--render", type=int, default=5_000, help="pictures to render")
    parser.add_argument("--workers", type=int, default=2, help="on Ray; 0: without")
    parser.add_argument("--json", type=Path, help="where to write the report")
    given = parser.parse_args()
    report: dict[str, Any] = {"pictures": given.pictures, "bad": given.bad}
    with tempfile.TemporaryDirectory(prefix="sets-") as name:
        os.environ["REVERIE_CACHE"] = f"{name}/cache"
        load_before = os.getloadavg()[0]
        if given.pictures:
            add_pictures(Path(name) / "all", given.pictures, bad=given.bad)
            time.sleep(3)  # pictures that are just being written are read again
            report["plan_first"] = planned(Path(name) / "all")
            report["plan_again"] = planned(Path(name) / "all")
        if given.render:
            add_pictures(Path(name) / "some", given.render)
            report["inline"] = rendered(Path(name) / "some", "--inline")
            if given.workers:
                on_ray = rendered(Path(name) / "some", "--workers", str(given.workers))
                report["ray"] = {"workers": given.workers, **on_ray}
    report |= {
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "machine": f"{os.cpu_count()} cores",
        "python": platform.python_version(),
    }
    reports.tell(report, given.json)


if __name__ == "__main__":
    main()
