"""What travels is half of a Gram matrix, and all of anything else."""

from __future__ import annotations

import torch

from renderer.packing import half_length, packed, unpacked


def test_half_of_a_gram_matrix_travels() -> None:
    gram = torch.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
    assert packed({"gram": gram}, symmetric=["gram"]).tolist() == [1, 2, 3, 4, 5, 6]
    assert half_length(3) == 6
    assert half_length(512) == 131_328
    assert len(packed({"gram": gram})) == 9  # all of what isn't said to be symmetric


def test_what_was_packed_comes_back() -> None:
    features = torch.rand(5, 7, dtype=torch.float64)
    sums = {
        "variation": torch.tensor(3.5, dtype=torch.float64),
        "gram.a": features @ features.T,
        "row": features[0],
        "gram.b": features.T @ features,
        "features": features,
    }
    halves = ["gram.a", "gram.b"]
    found = unpacked(packed(sums, symmetric=halves), sums, symmetric=halves)
    assert list(found) == list(sums)
    assert all(found[name].allclose(tensor, rtol=1e-14) for name, tensor in sums.items())
    assert torch.equal(found["gram.b"], found["gram.b"].T)
