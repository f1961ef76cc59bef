"""What does each step of a job mean once networks, layers, channels and style pictures are known?

A step becomes a stage of variants: the pictures it makes of every picture it is given. A setting
comes from the job, else from its preset, else from the network's registry entry, else from the
report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jobs import aims, choosing, presets
from jobs.blame import blamed as blamed
from jobs.channels import ALL_LAYERS
from jobs.choosing import Choice
from jobs.documents import Key
from jobs.inputs import Source, expand, gather
from jobs.models import given
from jobs.spec import JobSpec
from jobs.steps import DreamStep, StyleStep
from jobs.tasks import Kind
from renderer import networks
from renderer.errors import JobError, NetworkError, SettingError
from renderer.networks import NetworkEntry
from renderer.settings import DreamSettings, FrameSettings, StyleSettings, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One picture that a stage makes of each. ``part`` is what it adds to a file's name."""

    label: str
    part: str
    settings: DreamSettings | StyleSettings
    until: str
    styles: tuple[Source, ...] = ()
    choice: Choice | None = None  # of the channels, where they are chosen by activation
    pictures: tuple[Source, ...] = ()  # guides and masks


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step, resolved. In a chain each variant goes on from the result of the one before it.

    ``frames`` are the pictures of each one's making that are to be kept.
    """

    kind: Kind
    variants: tuple[Variant, ...]
    chain: bool = False
    frames: FrameSettings | None = None


def stages(spec: JobSpec, known: Mapping[int, Stage] | None = None) -> tuple[Stage, ...]:
    """The stages of a job's steps. JobError with a line for the first fault of each step.

    ``known`` are stages, by the number of their step, that needn't be looked into again.
    """
    found: list[Stage] = []
    faults: list[str] = []
    for number, step in enumerate(spec.steps):
        key: Key = ("steps", number)
        try:
            if known and number in known:
                found.append(known[number])
            elif step.dream is not None:
                found.append(_dream(spec, step.dream, (*key, "dream")))
            elif step.style is not None:
                found.append(_style(spec, step.style, (*key, "style")))
        except JobError as error:
            faults.append(str(error))
    if faults:
        raise JobError("\n".join(faults))
    return tuple(found)


def _dream(spec: JobSpec, step: DreamStep, key: Key) -> Stage:
    own = given(step, DreamSettings)
    with blamed(spec, (*key, "network")):
        entry = networks.entry(own.get("network", DreamSettings.network))
    channels = partial(layer_channels, spec, entry)
    targets = aims.targets(spec, step, entry, key=key, channels=channels)
    variants = []
    for number, target in enumerate(targets, start=1):
        with blamed(spec, key):
            settings = resolve(DreamSettings, entry.dream, {**own, **target.settings})
        part = target.part
        if len(targets) > 1:
            part = f"{number:0{max(2, len(str(len(targets))))}}-{part}"
        variants.append(
            Variant(
                label=target.label,
                part=part,
                settings=settings,
                until=target.until,
                choice=target.choice,
                pictures=target.pictures,
            )
        )
    return Stage(kind="dream", variants=tuple(variants), chain=step.chain, frames=step.frames)


def layer_channels(
    spec: JobSpec,
    entry: NetworkEntry,
    wanted: Any,
    *,
    layers: tuple[str, ...],
    key: Key,
) -> dict[str, tuple[int, ...] | Choice]:
    """Channels by layer; where two entries mean a layer, the later one counts."""
    found: dict[str, tuple[int, ...] | Choice] = {}
    for word, channels in wanted.items():
        below = key if word == ALL_LAYERS else (*key, word)
        with blamed(spec, below):
            meant = layers if word == ALL_LAYERS else networks.resolve_layers(entry, word)
            if not set(meant) & set(layers):
                raise NetworkError("none of these layers is among the step's layers")
            choice = choosing.choice(channels, spec.base, below) if channels.by_activation else None
            for layer in layers:
                if layer in meant:
                    known = choosing.known(entry, layer, channels, seed=spec.seed)
                    found[layer] = choice or known
    return found


def _style(spec: JobSpec, step: StyleStep, key: Key) -> Stage:
    own = given(step, StyleSettings)
    with blamed(spec, (*key, "network")):
        entry = networks.entry(own.get("network", StyleSettings.network))
    defaults = {**entry.style, **presets.settings(step.preset)}
    with blamed(spec, key):
        settings = resolve(StyleSettings, defaults, own)
    for name in ("content_layers", "style_layers"):
        with blamed(spec, (*key, name)):
            own[name] = networks.resolve_layers(entry, getattr(settings, name))
            if not own[name]:
                raise SettingError("needs at least one layer")
    styles = _style_pictures(spec, step, key)
    with blamed(spec, (*key, "style_weights")):
        _check_shares(settings, step, len(styles))
    settings = resolve(StyleSettings, defaults, own)
    until = networks.deepest(entry, [*settings.content_layers, *settings.style_layers])
    if step.combine == "blend":
        label = ", ".join(style.name for style in styles)
        variants = [Variant(label=label, part="", settings=settings, until=until, styles=styles)]
    else:
        variants = [
            Variant(label=s.name, part=s.name, settings=settings, until=until, styles=(s,))
            for s in styles
        ]
    return Stage(kind="style", variants=tuple(variants), frames=step.frames)


def _style_pictures(spec: JobSpec, step: StyleStep, key: Key) -> tuple[Source, ...]:
    """The style pictures; of an animation the first frame. One that can't be read is a fault."""
    paths = []
    for number, pattern in enumerate(step.images):
        with blamed(spec, (*key, "images", number)):
            paths += expand(pattern, spec.base)
    sources, failed = gather(paths)
    if failed:
        raise JobError(spec.complaint((*key, "images"), failed[0].reason))
    return tuple(source for source in sources if source.frame == 0)


def _check_shares(settings: StyleSettings, step: StyleStep, styles: int) -> None:
    shares = settings.style_weights
    if shares and step.combine == "each":
        raise SettingError("shares are for `combine: blend`; with `each` every style is alone")
    if shares and len(shares) != styles:
        raise SettingError(f"has {len(shares)} shares for {styles} style pictures")
    if shares and sum(shares) <= 0:
        raise SettingError("the shares must not all be zero")
