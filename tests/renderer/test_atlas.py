"""Feature visualisation: channels rise, wake or are told dead, and don't know of each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from renderer import ascent, atlas, images, networks
from renderer.ascent import Climb, Slope
from renderer.checkpoints import unpack
from renderer.errors import NetworkError, SettingError
from renderer.events import Artefact, Checkpoint, Event, Progress, finish
from renderer.losses import likeness
from renderer.networks import Network
from renderer.settings import AtlasSettings

LAYER = "conv2"
DEAD = 5
SETTINGS = AtlasSettings(
    network="googlenet", layer=LAYER, channels=(2, 0, 7), size=24, iterations=4, jitter=2.0
)


def built() -> Network:
    torch.manual_seed(0)
    made = networks.build(networks.entry("googlenet"), LAYER)
    made.stages[LAYER].get_submodule(LAYER).bias.fill_(0.1)
    return made


@pytest.fixture(scope="module")
def network() -> Network:
    """GoogLeNet's first two layers with random weights; one channel of the last is dead."""
    made = built()
    last = made.stages[LAYER].get_submodule(LAYER)
    last.weight[DEAD], last.bias[DEAD] = 0, -1
    return made


class Told:
    """The events of a run: values by step, cells by channel, checkpoints."""

    def __init__(self, network: Network, settings: AtlasSettings = SETTINGS, **how: Any) -> None:
        self.events: list[Event] = []
        steps = atlas.steps(network, settings, seed=7, **how)
        self.sheet = finish(steps, self.events.append)
        self.progress = [event for event in self.events if isinstance(event, Progress)]
        self.values = [event.losses[0][1] for event in self.progress]
        kept = [event for event in self.events if isinstance(event, Artefact)]
        self.cells = {event.name: event.data for event in kept}
        self.checkpoints = [event for event in self.events if isinstance(event, Checkpoint)]


@pytest.fixture(scope="module")
def whole(network: Network) -> Told:
    """A run to its end, with a checkpoint after every step."""
    return Told(network, checkpoint=lambda: True)


def test_every_channels_objective_rises(whole: Told) -> None:
    assert [(e.iteration, e.iterations) for e in whole.progress] == [(n, 12) for n in range(1, 13)]
    for start in (0, 4, 8):
        assert whole.values[start + 3] > whole.values[start] > 0


def test_cells_come_in_order_as_soon_as_they_are_done(whole: Told) -> None:
    assert list(whole.cells) == ["channel-0002.png", "channel-0000.png", "channel-0007.png"]
    assert isinstance(whole.events[8], Artefact)
    for data in whole.cells.values():
        assert images.decode(data).size == (24, 24)
    assert whole.sheet.shape[0:2] == (1, 3)


@pytest.mark.parametrize("channels", [(2,), (1, 2)])
def test_no_bit_of_a_cell_depends_on_the_others(
    network: Network, whole: Told, channels: tuple[int, ...]
) -> None:
    other = Told(network, replace(SETTINGS, channels=channels))
    assert other.cells["channel-0002.png"] == whole.cells["channel-0002.png"]


def test_all_channels_of_the_layer_are_meant_by_none() -> None:
    slope = Slope.of(built(), replace(SETTINGS, channels=()), 0)
    assert slope.channels == tuple(range(64))


def test_a_batch_climbs_as_each_alone_does(network: Network) -> None:
    slope = Slope.of(built().double(), SETTINGS, 7)
    together, alone = Climb(slope, (2, 0, 7)), Climb(slope, (0,))
    for _ in range(3):
        together.go()
        alone.go()
    assert torch.allclose(together.parameters[1:2], alone.parameters, atol=1e-9)


def test_batches_are_told_as_so_many_steps_each(network: Network) -> None:
    told = Told(network, at_once=2)
    assert [e.iteration for e in told.progress] == [2, 4, 6, 8, 9, 10, 11, 12]
    assert len(told.cells) == 3


@pytest.mark.parametrize("number", [1, 6])
def test_a_resumed_run_equals_an_unbroken_one(network: Network, whole: Told, number: int) -> None:
    kept = whole.checkpoints[number]
    before = whole.events[: whole.events.index(kept)]
    ready = {int(e.name[8:12]): e.data for e in before if isinstance(e, Artefact)}
    told = Told(network, ready=ready, resume=unpack(kept.data))
    assert told.progress[0].iteration == kept.iteration + 1
    assert torch.equal(told.sheet, whole.sheet)
    assert told.cells == {n: d for n, d in whole.cells.items() if n in told.cells}
    assert len(told.cells) + len(ready) == 3


def test_a_checkpoint_of_what_is_there_already_is_passed_over(
    network: Network, whole: Told
) -> None:
    ready = {2: whole.cells["channel-0002.png"]}
    told = Told(network, ready=ready, resume=unpack(whole.checkpoints[2].data))
    assert torch.equal(told.sheet, whole.sheet)


def test_what_is_ready_is_not_rendered(network: Network, whole: Told) -> None:
    ready = {int(name[8:12]): data for name, data in whole.cells.items()}
    told = Told(network, ready=ready)
    assert told.events == []
    assert torch.equal(told.sheet, whole.sheet)


def test_a_dead_channel_is_told(network: Network) -> None:
    cells = []

    def encode(cell: atlas.Cell) -> bytes:
        cells.append(cell)
        return atlas.encoded(cell)

    Told(network, replace(SETTINGS, channels=(DEAD, 2)), encode=encode)
    assert [(cell.channel, cell.dead) for cell in cells] == [(DEAD, True), (2, False)]
    assert cells[0].objective == 0 < cells[1].objective


def test_a_silent_channel_is_woken() -> None:
    silenced = built()
    values = Slope.of(silenced, replace(SETTINGS, channels=(2,)), 7)
    bias = silenced.stages[LAYER].get_submodule(LAYER).bias
    bias[2] -= 2 * values.scores(values.form.pixels(values.start([2])), [2])[0].item() + 2
    told = Told(silenced, replace(SETTINGS, channels=(2,), iterations=12, step_size=0.2))
    assert told.values[0] == 0 < told.values[-1]


def test_another_seed_gives_another_picture_of_the_same(network: Network) -> None:
    slope, other = Slope.of(network, SETTINGS, 1), Slope.of(network, SETTINGS, 2)
    assert not torch.equal(slope.start([2]), other.start([2]))


def test_several_images_of_a_channel_are_made_to_differ(network: Network) -> None:
    def alike(diversity: float) -> float:
        how = replace(SETTINGS, channels=(2,), images=3, diversity=diversity, iterations=5)
        climb = Climb(Slope.of(network, how, 7), [2])
        for _ in range(5):
            climb.go()
        with torch.no_grad():
            pictures = climb.slope.form.pixels(climb.parameters)
            return likeness(network.features(pictures, [LAYER])[LAYER]).item()

    assert alike(5.0) < alike(0.0)


def test_several_images_lie_side_by_side(network: Network) -> None:
    told = Told(network, replace(SETTINGS, channels=(2,), images=3, iterations=2))
    how = replace(SETTINGS, images=3)
    assert images.decode(told.cells["channel-0002.png"]).size == atlas.cell_size(how) == (48, 48)
    pictures = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    assert atlas.beside(pictures)[0, 0].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 0, 0],
        [2, 2, 0, 0],
    ]


def test_a_neuron_is_the_channel_in_the_middle(network: Network) -> None:
    slope = Slope.of(network, replace(SETTINGS, objective="neuron"), 0)
    pictures = 255 * torch.rand(1, 3, 24, 24)
    activation = network.features(pictures, [LAYER])[LAYER]
    middle = activation.shape[2] // 2
    assert slope.scores(pictures, [2])[0].item() == activation[0, 2, middle, middle].item()


def test_when_memory_runs_out_batches_get_smaller(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    slope = Slope.of(network, SETTINGS, 7)
    usual, sizes = Slope.gradient, []

    def scarce(self: Slope, parameters: Any, channels: Any, step: int) -> Any:
        sizes.append(len(channels))
        if len(channels) > 2:
            raise torch.OutOfMemoryError("no more")
        return usual(self, parameters, channels, step)

    monkeypatch.setattr(Slope, "gradient", scarce)
    climb = Climb(slope, (0, 1, 2, 3, 4))
    climb.go()
    climb.go()
    assert sizes == [5, 3, 2, 2, 1, 2, 2, 1]


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"channels": (64,)}, NetworkError, "channels are 0 to 63"),
        ({"layer": "conv9"}, NetworkError, "conv9"),
    ],
)
def test_what_cannot_be_rendered_is_told(
    network: Network, changes: dict[str, Any], error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        next(atlas.steps(network, replace(SETTINGS, **changes)))


def test_a_size_too_small_for_the_layer(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ascent, "smallest_side", lambda network, layer: 25)
    with pytest.raises(SettingError, match=r"size: 24 px is too small.* at least 25 px"):
        Slope.of(network, SETTINGS, 0)
