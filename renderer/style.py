"""How a picture takes the style of another: gradient descent on an image's features.

The report's section 2, which follows Hvass Laboratories' TensorFlow tutorial 15, after Gatys et
al., "A Neural Algorithm of Artistic Style" (arXiv:1508.06576) and "Image Style Transfer Using
Convolutional Neural Networks" (CVPR 2016). Images are (1, 3, H, W), RGB, 0..255, in the network's
dtype, or float32 if that is less. Differs from Gatys: each loss is divided by its own present
value, so the weights are shares of the step whatever the losses' scales, and the step has a fixed
standard deviation. A picture may be styled coarse to fine (``renderer.scales``).

    result = transfer(content, [painting], network, StyleSettings(network="vgg16"), seed=7)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.abreast import style_wish
from renderer.checkpoints import IMAGE, State, pack
from renderer.descent import Descent, Goal, sized
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.gang import Gang
from renderer.making import Making
from renderer.memory import Memory
from renderer.networks import Network
from renderer.offload import Offload
from renderer.precision import converted
from renderer.scales import Scale, scales
from renderer.settings import StyleSettings

NOISE_FROM, NOISE_TO = 128.0, 129.0
"""The start image is uniform noise in this range (tutorial 15)."""


def transfer(
    content: Tensor,
    styles: Sequence[Tensor],
    network: Network,
    settings: StyleSettings,
    *,
    seed: int = 0,
    on_progress: Callable[[Event], None] | None = None,
) -> Tensor:
    """The styled picture, (1, 3, H, W) in 0..255; see ``steps``, which this runs to its end."""
    return finish(steps(content, styles, network, settings, seed=seed), on_progress)


def steps(
    content: Tensor,
    styles: Sequence[Tensor],
    network: Network,
    settings: StyleSettings,
    *,
    seed: int = 0,
    fetch_losses: Callable[[], bool] | None = None,
    checkpoint: Callable[[], bool] | None = None,
    resume: State | None = None,
    start: Tensor | None = None,
    memory: Memory | None = None,
    frames: Making | None = None,
    tile_px: int | None = None,
    graphs: int = 1,
    offload: Offload | None = None,
    gang: Gang | None = None,
    wishes: bool = False,
    replays: bool = True,
) -> Generator[Event, None, Tensor]:
    """Move an image of the content's size to its content and the styles' style, step by step.

    ``content`` and ``styles`` are (1, 3, H, W) in 0..255, of any sizes; styles are shrunk as the
    settings say. Yields after every step, counted over all scales, and returns the image.
    ``fetch_losses`` is asked once a step whether the losses' values are wanted (they cost a wait
    for the device); ``checkpoint`` whether to yield a Checkpoint after it, and ``resume`` is the
    state in one, to go on from; ``start`` is an image of the content's size to begin with, in place
    of what the settings say; ``frames`` keeps pictures of its making. ``memory`` has the targets
    that earlier transfers with this network had in common.

    ``tile_px`` bounds what is needed beside: the picture is run in pieces of sides up to that, to
    the same result but for rounding. The graphs of so many pieces (``graphs``) are kept, which
    saves running them twice; ``offload`` says how much memory there is for what grows with the
    picture. With a ``gang``, all members call this alike and each renders its part; every one gets
    the whole image, and all are to answer ``checkpoint`` alike. With ``wishes`` every step's slope
    is wished for (``renderer.wishes``), so that it can be computed along with other pictures'.
    ``replays`` is whether a GPU may begin recorded steps as a whole (``renderer.replay``).
    """
    network = converted(network, settings.precision)
    goal = Goal(
        content,
        styles,
        network,
        settings,
        gang=gang or Gang(),
        memory=memory or Memory(0),
        offload=offload or Offload(),
        tile_px=tile_px,
        graphs=graphs,
        replays=replays,
    )
    passed = scales(settings, (content.shape[2], content.shape[3]))
    hooks = _Hooks(passed[-1].until, fetch_losses, checkpoint, frames, wishes)
    if resume is None:
        first = start_image(goal.content_at(passed[0]), settings, seed) if start is None else start
        state = State(0, {IMAGE: sized(first.to(content), passed[0].size)})
        del first
        if frames is not None:
            yield from frames.at(0, hooks.total, state.tensors[IMAGE])
    else:
        state = resume
    del resume, start
    for scale in passed:
        if state.iteration < scale.until:
            descent, done = Descent(goal, scale, state), state.iteration
            del state  # the descent has what it needs of it
            state = yield from _through(descent, scale, done, hooks)
            del descent
    return state.tensors[IMAGE].to(content)


@dataclass(frozen=True)
class _Hooks:
    """What is to be told of a run of ``total`` iterations."""

    total: int
    fetch_losses: Callable[[], bool] | None
    checkpoint: Callable[[], bool] | None
    frames: Making | None
    wishes: bool

    def told(
        self, done: int, losses: dict[str, Tensor], descent: Descent
    ) -> Generator[Event, None, None]:
        """The events of one step; after it, ``done`` are."""
        wanted = self.fetch_losses is None or self.fetch_losses()
        values = tuple((name, loss.item()) for name, loss in losses.items()) if wanted else ()
        yield Progress(done, self.total, values)
        if self.frames is not None and self.frames.keeps(done, self.total):
            yield from self.frames.at(done, self.total, descent.image())
        if self.checkpoint is not None and self.checkpoint():
            yield Checkpoint(done, pack(descent.state(done)))


def _through(
    descent: Descent, scale: Scale, done: int, hooks: _Hooks
) -> Generator[Event, None, State]:
    """The steps of a scale that are left; returns what the next one goes on from."""
    for number in range(done + 1, scale.until + 1):
        wish = style_wish(descent)
        if hooks.wishes:
            yield wish
        losses = descent.move(*wish.get())
        del wish  # and what it has found
        yield from hooks.told(number, losses, descent)
    if scale.until == hooks.total:  # no step comes that needs to know more
        return State(hooks.total, {IMAGE: descent.image()})
    return descent.state(scale.until)


def start_image(content: Tensor, settings: StyleSettings, seed: int) -> Tensor:
    """Uniform noise in [128, 129) of the content's size, or the content itself."""
    if settings.start == "content":
        return content.clone()
    # Drawn on the CPU, in float32: the same noise on every device.
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(content.shape, generator=generator)
    return (NOISE_FROM + (NOISE_TO - NOISE_FROM) * noise).to(content)
