"""How the embedded network ``motifs`` comes to be: drawn pictures in, shipped weights out.

    drawing/     motifs as RGBA sprites           bank.py      many variants of each, on disk
    grounds.py   what lies behind the motifs      scenes.py    motifs on grounds, with label maps
    batches.py   scenes -> training batches       network.py   the trainable twin, and its folding
    train.py     the loop, its checkpoints        optimiser.py  Muon and AdamW
    share.py     several processes, one network   equalise.py  channels of equal strength
    evaluate.py  accuracy, and sheets to look at  card.py      the files that are shipped
    recipe.py    every number of the above        __main__.py  the one command

Not part of the installed package: ``python -m training.motifs`` from a checkout does it all.
"""
