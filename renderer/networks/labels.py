"""What are the classes of a classifier called?"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

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


@cache
def imagenet_as_numbered() -> tuple[str, ...]:
    """The classes in the order of ILSVRC 2012's development kit, where 1 is the kit fox.

    ``ilsvrc2012.json`` lists their places in the usual order (which is that of WordNet's numbers).
    The kit has two maillots; which of them comes first is a guess.
    """
    assert __package__ is not None
    places = json.loads(files(__package__).joinpath("ilsvrc2012.json").read_text("utf-8"))
    labels = imagenet()
    return tuple(labels[place] for place in places)
