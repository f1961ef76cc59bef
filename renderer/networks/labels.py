"""What are the classes of a classifier called?"""

from __future__ import annotations

from functools import cache

# Names that need care: some versions of torchvision call two classes "crane" and two "maillot", and
# the Cardigan (a dog) differs from the cardigan (worn) by its capital letter alone.
DISTINCT = {
    134: "crane bird",
    517: "crane",
    638: "maillot",
    639: "maillot tank suit",
    264: "Cardigan Welsh corgi",
}


@cache
def imagenet() -> tuple[str, ...]:
    """The 1000 classes of ImageNet (ILSVRC 2012) in the usual order, each name unique."""
    from torchvision.models import SqueezeNet1_1_Weights  # slow to import, seldom needed

    labels = list(SqueezeNet1_1_Weights.IMAGENET1K_V1.meta["categories"])
    for index, label in DISTINCT.items():
        labels[index] = label
    return tuple(labels)
