"""What travels is half of a Gram matrix, and all of anything else."""

from __future__ import annotations

import torch

from renderer.packing import packed, packed_length, unpacked


def test_half_of_a_gram_matrix_travels() -> None:
    gram = torch.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
    assert packed({"gram": gram}).tolist() == [1, 2, 3, 4, 5, 6]
    assert packed_length((3, 3)) == 6
    assert packed_length((512, 512)) == 131_328
    assert packed_length((2, 3)) == 6
    assert packed_length(()) == 1


def test_what_was_packed_comes_back() -> None:
    features = torch.rand(5, 7, dtype=torch.float64)
    sums = {
        "variation": torch.tensor(3.5, dtype=torch.float64),
        "gram.a": features @ features.T,
        "row": features[0],
        "gram.b": features.T @ features,
        "features": features,
    }
    found = unpacked(packed(sums), sums)
    assert list(found) == list(sums)
    assert all(found[name].allclose(tensor, rtol=1e-14) for name, tensor in sums.items())
    assert torch.equal(found["gram.b"], found["gram.b"].T)
