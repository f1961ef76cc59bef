"""How far do the presets of style transfer come, in how long? Each pair of pictures, each preset.

The report's gradient divides each loss by its own value, so what its steps go down is
w_c·ln Lc + w_s·ln Ls + w_d·ln Ld: that sum is the combined loss here, and a difference of it over
the sum of the weights is the logarithm of a ratio, that of the losses' weighted geometric means.
The report's loss is the lowest of its last 100 iterations (its steps don't shrink, so that it goes
up and down); ``fast`` is to reach it in a tenth of the report's time. Time is CPU time of one
thread. Losses of smaller scales are of other pictures, and don't count. Writes JSON, and a plot.

    python -m benchmarks.presets --pictures photos --keep runs --json runs.json --plot runs.png

What is in the folder ``--keep`` isn't run again; the pictures are there, too.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from jobs import presets
from renderer import images, networks, style, weights
from renderer.events import Event, Progress
from renderer.images import Picture
from renderer.networks import Network
from renderer.scales import scales
from renderer.settings import StyleSettings, resolve

REPORT, LAST = "report", 100
PAIRS = (
    "astronaut.png:the_scream.jpg",
    "coffee.png:starry_night.jpg",
    "rocket.png:shipwreck.jpg",
    "astronaut.png:shipwreck.jpg",
    "coffee.png:the_scream.jpg",
)
POINTS = 150
"""So many of a run's losses are written."""


@dataclass(frozen=True)
class Run:
    """One preset's way: (iteration, CPU seconds, combined loss), at the picture's own size."""

    curve: list[tuple[int, float, float]]

    @property
    def seconds(self) -> float:
        return self.curve[-1][1]

    def lowest(self, last: int = LAST) -> float:
        return min(loss for _, _, loss in self.curve[-last:])

    def reached(self, loss: float) -> float | None:
        """When the loss was first no higher than this; None: never."""
        return next((seconds for _, seconds, own in self.curve if own <= loss), None)

    def plain(self) -> dict[str, Any]:
        """Some points of it: the lowest loss since the point before."""
        size = -(-len(self.curve) // POINTS)
        parts = [self.curve[i : i + size] for i in range(0, len(self.curve), size)]
        points = [[p[-1][0], round(p[-1][1], 2), round(min(q[2] for q in p), 3)] for p in parts]
        return {"seconds": round(self.seconds, 1), "curve": points}


class Bench:
    """The runs of all pairs and presets with one network."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, entry = given, networks.entry(given.network)
        self.settings = {
            name: resolve(StyleSettings, entry.style, {**self._task(), **presets.settings(name)})
            for name in (REPORT, *given.of)
        }
        chosen = self.settings[REPORT]
        layers = networks.resolve_layers(entry, [*chosen.content_layers, *chosen.style_layers])
        until = networks.deepest(entry, layers)
        held = weights.resolve(given.network, until)
        self.network: Network = networks.load(entry, until, held, device="cpu")

    def pair(self, pair: str) -> dict[str, Any]:
        """What comes of all presets, and how they compare with the report's."""
        runs = {name: self._run(pair, name) for name in self.settings}
        target, weight = runs[REPORT].lowest(), self._weights()
        told = {}
        for name, run in runs.items():
            reached = run.reached(target)
            share = None if reached is None else round(reached / runs[REPORT].seconds, 4)
            ratio = math.exp((run.lowest(5) - target) / sum(weight))
            own = {"loss": round(run.lowest(5), 3), "loss_ratio": round(ratio, 4)}
            told[name] = run.plain() | own | {"reached_in_share_of_time": share}
        return {"target": round(target, 3), **told}

    def _run(self, pair: str, name: str) -> Run:
        content, painting = (self._picture(file) for file in pair.split(":"))
        stem = "-".join([*(Path(file).stem for file in pair.split(":")), name])
        kept = None if self.given.keep is None else self.given.keep / f"{stem}.json"
        if kept is None or not kept.exists():
            rows, result = self._rendered(content, painting, self.settings[name])
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.with_suffix(".png").write_bytes(images.encode(Picture(result)))
                kept.write_text(json.dumps(rows))
        else:
            rows = json.loads(kept.read_text())
        before = scales(self.settings[name], Picture(content).size)[-1].before
        curve = [(row[0], row[1], self._combined(row[2:])) for row in rows if row[0] > before]
        return Run(curve)

    def _rendered(
        self, content: torch.Tensor, painting: torch.Tensor, settings: StyleSettings
    ) -> tuple[list[list[float]], torch.Tensor]:
        rows, began = [], time.process_time()

        def seen(event: Event) -> None:
            if isinstance(event, Progress):
                losses = [loss for _, loss in event.losses]
                rows.append([event.iteration, time.process_time() - began, *losses])

        result = style.transfer(
            content, [painting], self.network, settings, seed=1, on_progress=seen
        )
        return rows, result

    def _combined(self, losses: list[float]) -> float:
        return sum(w * math.log(loss) for w, loss in zip(self._weights(), losses, strict=True))

    def _weights(self) -> tuple[float, float, float]:
        one = self.settings[REPORT]
        return one.weight_content, one.weight_style, one.weight_denoise

    def _task(self) -> dict[str, Any]:
        layers = {"style_layers": tuple(self.given.layers)} if self.given.layers else {}
        sized = {"style_max_size": self.given.size, "start": "noise"}
        return {"network": self.given.network, **sized, **layers}

    def _picture(self, file: str) -> torch.Tensor:
        data = (self.given.pictures / file).read_bytes()
        return images.fit(images.decode(data, name=file), self.given.size).pixels


def plot(report: dict[str, Any], weight: float, file: Path) -> None:
    """The curves, a panel a pair: the loss as a ratio to the report's, over shares of its time."""
    from matplotlib.figure import Figure

    pairs = report["pairs"]
    figure = Figure(figsize=(2.5 * len(pairs), 2.9), dpi=90, layout="constrained")
    panels = figure.subplots(1, len(pairs), sharey=True, squeeze=False)[0]
    for panel, (pair, told) in zip(panels, pairs.items(), strict=True):
        whole = told[REPORT]["seconds"]
        for name in [name for name in told if name != "target"]:
            _, seconds, losses = zip(*told[name]["curve"], strict=True)
            ratios = [math.exp((loss - told["target"]) / weight) for loss in losses]
            panel.plot([100 * s / whole for s in seconds], ratios, label=name, linewidth=1.4)
        panel.axhline(1.0, color="grey", linewidth=0.6)
        panel.axvline(10.0, color="grey", linewidth=0.6, linestyle=":")
        panel.set(xscale="log", yscale="log", xlim=(0.5, 150), ylim=(0.3, 10))
        panel.set_title(" in ".join(Path(word).stem for word in pair.split(":")), fontsize=8)
        panel.set_xlabel("% of the report's time", fontsize=8)
        panel.xaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_major_formatter("{x:g}")
    panels[0].set_ylabel("combined loss / the report's", fontsize=8)
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(file)


def main() -> None:
    """Run what isn't kept, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="folder with the pictures")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, help="content:style")
    parser.add_argument("--network", default="motifs")
    parser.add_argument("--layers", nargs="+", help="style layers, if not the network's own")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--of", nargs="+", default=["fast", "best"], help="presets to compare")
    parser.add_argument("--keep", type=Path, help="folder for each run's curve and picture")
    parser.add_argument("--json", type=Path, help="where to write the report")
    parser.add_argument("--plot", type=Path, help="where to draw the curves (PNG)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(given)
    report: dict[str, Any] = {
        "network": given.network,
        "layers": given.layers,
        "size_px": given.size,
        "machine": f"{os.cpu_count()} cores, one thread",
        "torch": torch.__version__,
        "pairs": {pair: bench.pair(pair) for pair in given.pairs},
    }
    if given.json:
        given.json.write_text(json.dumps(report) + "\n")
    if given.plot:
        plot(report, sum(bench._weights()), given.plot)
    sys.stdout.write(json.dumps(_short(report["pairs"]), indent=2) + "\n")


def _short(pairs: dict[str, Any]) -> dict[str, Any]:
    """What is told at the end: everything but the curves."""
    return {
        pair: {
            name: {key: value for key, value in run.items() if key != "curve"}
            for name, run in told.items()
            if name != "target"
        }
        for pair, told in pairs.items()
    }


if __name__ == "__main__":
    main()
