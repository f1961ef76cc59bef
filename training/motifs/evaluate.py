"""How well does the network know motifs that it has never seen? Accuracy on held-out drawings."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from training.motifs.album import Album
from training.motifs.batches import held_out
from training.motifs.network import SCALE, Plain
from training.motifs.scenes import MANY

BATCH = 100


@dataclass(frozen=True)
class Accuracy:
    """Shares of 0..1 on held-out scenes, and the shares of each class."""

    top1: float  # scenes of a single motif whose best pooled score is right
    top5: float  # ... is among the five best
    cells: float  # cells showing a motif whose best score is right, the ground's included
    scenes: int
    by_class: dict[str, float]  # top-1 of each motif


@torch.no_grad()
def accuracy(plain: Plain, album: Album, names: tuple[str, ...]) -> Accuracy:
    """The folded network's accuracy on the album."""
    ground = len(names)
    cells_right = cells = 0
    ranks, mains = [], []
    for start in range(0, len(album), BATCH):
        batch = held_out(album, start, min(start + BATCH, len(album)))
        scores = plain(batch.pictures / SCALE)
        best, found = scores.max(1)
        found = torch.where(best > 0, found, ground)
        shown = batch.labels < ground
        cells_right += int((found == batch.labels)[shown].sum())
        cells += int(shown.sum())
        single = batch.mains != MANY
        pooled = torch.logsumexp(scores[single], dim=(2, 3))
        right = pooled.gather(1, batch.mains[single][:, None])
        ranks.append((pooled > right).sum(1))
        mains.append(batch.mains[single])
    rank, main = torch.cat(ranks), torch.cat(mains)
    by_class = {
        name: round(float((rank[main == i] == 0).float().mean()), 4)
        for i, name in enumerate(names)
        if (main == i).any()
    }
    return Accuracy(
        top1=_share(rank == 0),
        top5=_share(rank < 5),
        cells=round(cells_right / max(cells, 1), 4),
        scenes=len(album),
        by_class=by_class,
    )


def _share(hits: torch.Tensor) -> float:
    return round(float(hits.float().mean()), 4)
