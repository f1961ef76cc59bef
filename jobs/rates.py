"""How fast is this machine at a network's style transfers? Measured once, and kept for all plans.

What was measured lies in the user's cache (``REVERIE_CACHE``), under all that it depends on:
machine, torch, threads, device, network, and which layers compare. It decides no pixel; whoever
doubts it removes the file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from renderer import calibration, heap, networks
from renderer.calibration import Rates
from renderer.settings import StyleSettings
from renderer.weights import cache_home

NAME = "rates.json"

HOW = "memory kept, run once and twice"
"""Sets apart what is measured from what was measured otherwise."""


def rates(
    settings: StyleSettings,
    until: str,
    *,
    threads: int,
    device: str = "cpu",
    measure: bool = True,
    told: Callable[[str], None] = lambda network: None,
) -> Rates | None:
    """The rates of a network up to a layer, with so many threads; None if not known yet.

    With ``measure`` they are measured then, which takes seconds; ``told`` hears the network's name
    before.
    """
    key = _key(settings, until, threads, device)
    known = _read()
    if key in known:
        return _rates(known[key])
    if not measure:
        return None
    told(settings.network)
    with heap.kept(), _threads(threads):
        network = networks.build(networks.entry(settings.network), until).to(device)
        found = calibration.measured(network, settings)
    _write({**_read(), key: [found.sums, found.once, found.twice]})
    return found


def _key(settings: StyleSettings, until: str, threads: int, device: str) -> str:
    told = (
        HOW,
        _machine(device),
        torch.__version__,
        threads,
        settings.network,
        until,
        settings.content_layers,
        settings.style_layers,
        settings.optimizer,
        settings.precision,
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:24]


def _machine(device: str) -> str:
    """What kind of processor computes."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line for line in lines if line.startswith("model name"))
        return f"{model.partition(':')[2].strip()} x {os.cpu_count()}"
    return f"{platform.machine()} {platform.processor()} x {os.cpu_count()}"


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _rates(data: object) -> Rates:
    sums, once, twice = (
        tuple((int(pixels), float(seconds)) for pixels, seconds in curve)
        for curve in data  # type: ignore[attr-defined]
    )
    return Rates(sums, once, twice)


def _read() -> dict[str, object]:
    try:
        found = json.loads((cache_home() / NAME).read_text())
        return {key: value for key, value in found.items() if _rates(value)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        logging.getLogger("reverie").warning("%s is damaged; measured anew", cache_home() / NAME)
        return {}


def _write(known: dict[str, object]) -> None:
    """Put into place at once, for others may read it meanwhile; a full disk costs the keeping."""
    home = cache_home()
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=home, delete=False) as file:
            json.dump(known, file)
        Path(file.name).replace(home / NAME)
