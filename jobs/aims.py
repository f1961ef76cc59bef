"""What does a dream step amplify in each of its pictures? Layers or a mix, guides, and regions.

What a region doesn't say is the step's. A step that asks for one layer alone comes to the same
settings, and so to the same pixels, however it is written.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs import choosing
from jobs.blame import blamed
from jobs.choosing import Choice
from jobs.documents import Key
from jobs.inputs import Source
from jobs.names import safe
from jobs.spec import JobSpec
from jobs.steps import DreamStep, RegionKeys
from renderer import networks
from renderer.aims import Aim, Region, check_regions
from renderer.errors import JobError, SettingError
from renderer.networks import NetworkEntry
from renderer.settings import DreamSettings

CLASSES = "classes"
MAX_CLASS_CHARACTERS = 20

Channels = Callable[..., dict[str, tuple[int, ...] | Choice]]
"""Resolves channels: ``channels(wanted, layers=, key=)`` are those of each layer."""


@dataclass(frozen=True, slots=True)
class Target:
    """What one of a step's pictures amplifies: its name for people, for files, and as settings."""

    label: str
    part: str
    settings: Mapping[str, Any]
    until: str
    pictures: tuple[Source, ...] = ()
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class _Want:
    """Aims that are amplified together, and what they are called."""

    label: str
    part: str
    aims: tuple[Aim, ...]
    choice: Choice | None = None


def targets(
    spec: JobSpec, step: DreamStep, entry: NetworkEntry, *, key: Key, channels: Channels
) -> tuple[Target, ...]:
    """What each picture of a dream step amplifies. JobError for the first fault."""
    resolver = _Resolver(spec, entry, channels)
    guide = resolver.picture(step.guide, (*key, "guide"))
    wants = resolver.wants(step, key)
    if not step.regions:
        made = [resolver.guided(want, guide, key) for want in wants]
        return tuple(resolver.target(want, (Region(aims=want.aims),)) for want in made)
    own = [_own(region) for region in step.regions]
    if all(own):
        for name in ("layers", "mix", "classes", "channels"):
            if getattr(step, name, None):
                fault = f"every region says what it amplifies; leave {name} out, or a region's own"
                raise JobError(spec.complaint((*key, name), fault))
        wants = (_Want("", "", ()),)
    return tuple(
        resolver.shared_out(step.regions, want, guide, (*key, "regions")) for want in wants
    )


@dataclass(frozen=True, slots=True)
class _Resolver:
    spec: JobSpec
    entry: NetworkEntry
    channels: Channels
    pictures: list[Source] = field(default_factory=list)

    def wants(self, step: Any, key: Key) -> tuple[_Want, ...]:
        """What is amplified, by the keys of a step or of a region of it."""
        if step.classes:
            return (self._classes(step, (*key, "classes")),)
        if step.mix:
            return (self._mix(step, key),)
        word = "layer" if isinstance(step, RegionKeys) else "layers"
        with blamed(self.spec, (*key, word)):
            layers = networks.resolve_layers(self.entry, self._layers(step))
        chosen = self.channels(step.channels, layers=layers, key=(*key, "channels"))
        return tuple(self._layer(layer, chosen.get(layer, ())) for layer in layers)

    def guided(self, want: _Want, guide: int | None, key: Key) -> _Want:
        """The same aims towards a guide, if there is one."""
        if guide is None:
            return want
        self._listed(want, key)
        with blamed(self.spec, (*key, "guide")):
            aims = tuple(dataclasses.replace(aim, guide=guide) for aim in want.aims)
        name = self.pictures[guide].name
        return _Want(f"{want.label} to {name}", f"{want.part}-{name}", aims)

    def shared_out(
        self, regions: Sequence[RegionKeys], want: _Want, guide: int | None, key: Key
    ) -> Target:
        """The target of a picture whose regions amplify what they say, or else ``want``."""
        made, told = [], []
        for number, region in enumerate(regions):
            below = (*key, number)
            here = self.wants(region, below)[0] if _own(region) else want
            self._listed(here, below if _own(region) else key[:-1])
            if region.channels and not _own(region):
                fault = "are of a layer; name the region's `layer` too"
                raise JobError(self.spec.complaint((*below, "channels"), fault))
            own = self.picture(region.guide, (*below, "guide"))
            here = self.guided(here, guide if own is None else own, below)
            mask = self.picture(region.mask, (*below, "mask"))
            made.append(Region(aims=here.aims, mask=mask))
            told.append(here)
        label = " | ".join(dict.fromkeys(t.label for t in told))
        whole = _Want(label, "-".join(dict.fromkeys(t.part for t in told)), ())
        with blamed(self.spec, key):
            return self.target(whole, tuple(made))

    def target(self, want: _Want, regions: tuple[Region, ...]) -> Target:
        """A target as settings: plain ones where nothing but one layer is amplified."""
        regions = tuple(dataclasses.replace(r, aims=_shares(r.aims)) for r in regions)
        check_regions(regions)
        aims = [aim for region in regions for aim in region.aims]
        until = networks.deepest(self.entry, [aim.layer for aim in aims])
        settings = {"layer": until, "channels": (), "classes": (), "regions": regions}
        plain = {name: getattr(aims[0], name) for name in ("layer", "channels", "classes")}
        if regions == (Region(aims=(Aim(**plain),)),):
            settings = {**plain, "regions": ()}
        pictures = tuple(self.pictures)
        return Target(want.label, safe(want.part), settings, until, pictures, want.choice)

    def picture(self, pattern: str | None, key: Key) -> int | None:
        """The number of the one picture that a guide or a mask names; of an animation its first."""
        if pattern is None:
            return None
        with blamed(self.spec, key):
            found = choosing.picture(pattern, self.spec.base)
        same = [n for n, known in enumerate(self.pictures) if known.path == found.path]
        if not same:
            self.pictures.append(found)
        return same[0] if same else len(self.pictures) - 1

    def _classes(self, step: Any, key: Key) -> _Want:
        """The classes by their full labels; they take the place of layers and channels."""
        with blamed(self.spec, key):
            if self._asked(step) or step.mix or step.channels:
                raise SettingError(
                    "can't be used together with layers or channels; make it two steps"
                )
            indexes = networks.resolve_classes(self.entry, step.classes)
        labels = tuple(self.entry.classes[index] for index in indexes)
        part = "-".join(label[:MAX_CLASS_CHARACTERS] for label in labels)
        return _Want(", ".join(labels), part, (Aim(layer=CLASSES, classes=labels),))

    def _mix(self, step: Any, key: Key) -> _Want:
        with blamed(self.spec, (*key, "mix")):
            if self._asked(step):
                raise SettingError("can't be used together with layers: it names its own")
            weights: dict[str, float] = {}
            for word, weight in step.mix.items():
                for layer in networks.resolve_layers(self.entry, word):
                    weights[layer] = float(weight)
        layers = tuple(weights)
        chosen = self.channels(step.channels, layers=layers, key=(*key, "channels"))
        wants = [self._listed(self._layer(n, chosen.get(n, ())), key) for n in layers]
        with blamed(self.spec, (*key, "mix")):
            aims = tuple(
                dataclasses.replace(want.aims[0], weight=weights[layer])
                for layer, want in zip(layers, wants, strict=True)
            )
        terms = [f"{weights[layer]:g} {layer}".removeprefix("1 ") for layer in layers]
        label = " + ".join(terms).replace("+ -", "- ")
        return _Want(label, "-".join(layers), aims)

    @staticmethod
    def _layer(layer: str, channels: tuple[int, ...] | Choice) -> _Want:
        if isinstance(channels, Choice):
            return _Want(layer, layer, (Aim(layer=layer),), channels)
        return _Want(layer, layer, (Aim(layer=layer, channels=channels),))

    def _listed(self, want: _Want, key: Key) -> _Want:
        """The same want. JobError where its channels are to be chosen by activation."""
        if want.choice is not None:
            fault = "can't be chosen by activation together with mix, guide or regions; list them"
            raise JobError(self.spec.complaint((*key, "channels"), fault))
        return want

    def _layers(self, step: Any) -> tuple[str, ...]:
        default = self.entry.dream.get("layer", DreamSettings.layer)
        return self._asked(step) or (default,)

    @staticmethod
    def _asked(step: DreamStep | RegionKeys) -> tuple[str, ...]:
        if isinstance(step, RegionKeys):
            return () if step.layer is None else (step.layer,)
        return step.layers


def _own(region: RegionKeys) -> bool:
    """Whether a region says itself what it amplifies."""
    return bool(region.layer or region.mix or region.classes)


def _shares(aims: tuple[Aim, ...]) -> tuple[Aim, ...]:
    """Aims whose weights are the same for the same pixels: of one alone only the sign matters."""
    if len(aims) > 1:
        return aims
    return tuple(dataclasses.replace(aim, weight=math.copysign(1.0, aim.weight)) for aim in aims)
