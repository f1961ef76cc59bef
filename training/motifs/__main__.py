"""The one command: ``python -m training.motifs`` makes the shipped weights from nothing.

    python -m training.motifs                    draw, compose, train, fold, equalise, ship
    python -m training.motifs --preset minute    the same in miniature, to see that it works
    python -m training.motifs evaluate           accuracy on held-out drawings, as text and JSON
    python -m training.motifs sheets --out DIR PICTURE ...     dreams and styles to look at

Each part that is done is kept under --work, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # waiting threads leave the cores to others

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from training.motifs import album, bank, calibration, card, evaluate, sheets, train
from training.motifs.equalise import equalise
from training.motifs.network import Plain, Twin, fold
from training.motifs.recipe import PRESETS, Recipe, preset
from training.motifs.share import together

say = partial(print, flush=True)
SHIPPED = Path(__file__).parents[2] / "renderer" / "networks"
WORK = Path(__file__).parent / "work"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    recipe = preset(options.preset)
    if options.seed is not None:
        recipe = replace(recipe, seed=options.seed)
    if options.command == "evaluate":
        say(json.dumps(asdict(_accuracy(options.ship, options.work, recipe)), indent=1))
    elif options.command == "sheets":
        sheets.make(options)
    else:
        make(options.work, options.ship, recipe)


def make(work: Path, ship: Path, recipe: Recipe) -> None:
    """Everything, from drawing the motifs to writing the shipped files."""
    drawn, scenes = _prepare(work, recipe), album.load(work / "album", "trained")
    twin = Twin(len(drawn.names))
    size = sum(parameter.numel() for parameter in twin.parameters())
    together(recipe.workers, size, train.work, work, recipe, say)
    twin.load_state_dict(train.read(work / "checkpoint.pt")["twin"])
    plain = fold(twin.eval())
    equalise(plain, calibration.pictures(scenes, recipe), say=say)
    ship.mkdir(parents=True, exist_ok=True)
    found = evaluate.accuracy(plain, album.load(work / "album", "held_out"), drawn.names)
    card.write(ship, plain, card.Shipment(drawn.names, recipe, found))
    say(f"shipped: {ship / 'motifs.safetensors'}, top-1 {found.top1:.1%}, cells {found.cells:.1%}")


def _prepare(work: Path, recipe: Recipe) -> bank.Bank:
    bank.build(work / "bank", recipe, say=say)
    album.build(work / "album", work / "bank", recipe, say=say)
    return bank.load(work / "bank")


def _accuracy(ship: Path, work: Path, recipe: Recipe) -> evaluate.Accuracy:
    drawn = _prepare(work, recipe)
    plain = Plain(len(drawn.names))
    plain.load_state_dict(card.read(ship))
    return evaluate.accuracy(plain.eval(), album.load(work / "album", "held_out"), drawn.names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.motifs")
    parser.add_argument("--preset", choices=("auto", *PRESETS), default="auto")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--work", type=Path, default=WORK, help="folder of what is made on the way")
    parser.add_argument("--ship", type=Path, default=SHIPPED, help="folder of the shipped files")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("evaluate", help="accuracy on held-out drawings")
    looks = commands.add_parser("sheets", help="contact sheets of dreams and styles")
    looks.add_argument("pictures", nargs="*", type=Path, help="pictures to dream and to style")
    looks.add_argument("--which", nargs="+", choices=sheets.KINDS, default=sheets.KINDS)
    looks.add_argument("--out", type=Path, default=WORK / "sheets")
    looks.add_argument("--size", type=int, default=256, help="longest side of a dream, px")
    looks.add_argument("--beside", type=Path, help="another file of the family to compare with")
    looks.add_argument("--styles", nargs="*", type=Path, default=[], help="one for each picture")
    looks.add_argument("--weights", type=Path, help="folder of VGG-19 and GoogLeNet weights")
    return parser


if __name__ == "__main__":
    main()
