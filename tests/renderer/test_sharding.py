"""One to four processes have the gradient and the losses of one, whatever the picture."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from renderer.settings import StyleSettings
from tests.renderer.members import Case, Outcome, network, render, serve

MEMBERS = 4
DEEPEST = {
    "vgg16": "conv3_2",
    "motifs": "inception4b",
    "inception5h": "inception4a",
    "squeezenet1_1": "fire4",
}
GRADIENT = "optimizer.gradient"
"""L-BFGS remembers the last one, and a checkpoint has it whole."""

Together = Callable[[Case, str], list[Outcome]]


@pytest.fixture(scope="module")
def together() -> Iterator[Together]:
    """Renders a case by its members, processes that wait for the next one."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(MEMBERS)]
    members = [
        context.Process(target=serve, args=(rank, MEMBERS, port, far), daemon=True)
        for rank, (_, far) in enumerate(pipes)
    ]
    for member in members:
        member.start()
    for _, far in pipes:
        far.close()  # so that a member's death is seen here

    def run(case: Case, until: str) -> list[Outcome]:
        for near, _ in pipes:
            near.send((case, until))
        found = [pickle.loads(near.recv_bytes()) for near, _ in pipes]
        return [outcome for outcome in found if outcome is not None]

    yield run
    for near, _ in pipes:
        near.send(None)
    for member in members:
        member.join(timeout=60)
        member.kill()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A step of any of the networks on a small picture."""
    name = draw(st.sampled_from(sorted(DEEPEST)))
    layers = network(name, DEEPEST[name]).layers
    chosen = StyleSettings(
        network=name,
        content_layers=(draw(st.sampled_from(layers)),),
        style_layers=tuple(draw(st.lists(st.sampled_from(layers), min_size=1, unique=True))),
        gram=draw(st.sampled_from(["sum", "mean"])),
        optimizer="lbfgs",
        iterations=1,
    )
    return Case(
        members=draw(st.integers(1, MEMBERS)),
        size=draw(st.tuples(st.integers(40, 90), st.integers(40, 90))),
        settings=chosen,
        tile_px=draw(st.none() | st.integers(12, 60)),
    )


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_any_number_of_members_has_the_gradient_of_one(together: Together, case: Case) -> None:
    until = DEEPEST[case.settings.network]
    alone = render(replace(case, tile_px=None), until, None)
    outcomes = together(case, until)
    assert len(outcomes) == case.members
    for outcome in outcomes:
        for own, whole in zip(outcome.losses[0], alone.losses[0], strict=True):
            assert abs(own - whole) <= 1e-12 * abs(whole)
        own, whole = _gradient(outcome), _gradient(alone)
        assert (own - whole).abs().max() <= 1e-10 * whole.abs().max()


def _gradient(outcome: Outcome) -> Tensor:
    assert outcome.checkpoint is not None
    return outcome.checkpoint.tensors[GRADIENT]
