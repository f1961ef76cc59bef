"""Checkpoints come back bit by bit, or not at all."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from renderer import checkpoints
from renderer.checkpoints import State
from renderer.errors import CheckpointError

STATE = State(
    iteration=17,
    tensors={
        "image": torch.arange(24, dtype=torch.float32).view(1, 3, 2, 4) / 7,
        "mean": torch.tensor([[1e-300, -0.0]], dtype=torch.float64),
        "count": torch.tensor(3),
    },
)
DATA = checkpoints.pack(STATE)


def test_comes_back_bit_by_bit() -> None:
    state = checkpoints.unpack(DATA)
    assert state.iteration == 17
    assert set(state.tensors) == set(STATE.tensors)
    for name, tensor in STATE.tensors.items():
        found = state.tensors[name]
        assert found.dtype == tensor.dtype
        assert (
            found.view(-1).view(torch.uint8).tolist() == tensor.view(-1).view(torch.uint8).tolist()
        )


@given(cut=st.integers(0, len(DATA) - 1))
def test_a_torn_checkpoint_is_found_out(cut: int) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.unpack(DATA[:cut])


@given(place=st.integers(0, len(DATA) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found_out(place: int, bit: int) -> None:
    flipped = bytearray(DATA)
    flipped[place] ^= 1 << bit
    try:
        state = checkpoints.unpack(bytes(flipped))
    except CheckpointError:
        return
    # Blanks that pad the header carry nothing.
    assert state.iteration == 17
    assert all(torch.equal(state.tensors[n], t) for n, t in STATE.tensors.items())
