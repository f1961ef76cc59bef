"""What may a job file say below ``steps``, ``outputs`` and ``resources``?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, field_validator
from pydantic.json_schema import WithJsonSchema
from pydantic_core import core_schema

from jobs import batching, generated, presets, shards
from jobs.channels import SCHEMA, Channels, by_layers
from jobs.demands import Demands
from jobs.generated import Generated
from jobs.models import (
    Choice,
    Flag,
    Flat,
    Many,
    Model,
    Number,
    OneOf,
    Record,
    Text,
    Whole,
)
from jobs.plots import PlotSettings
from jobs.tables import TableSettings
from renderer.errors import SettingError
from renderer.settings import (
    AnimationSettings,
    AtlasSettings,
    DreamSettings,
    FrameSettings,
    GridSettings,
    Knob,
    SheetSettings,
    StyleSettings,
    check,
)

MIX_HELP = (
    "layers to amplify together in one picture, each with its share of the step, like "
    "{inception4c: 1.0, inception3b: 0.3}; what has a negative share is suppressed"
)
GUIDE_HELP = "picture to dream towards: its features in the layers take the place of their own"


class Manifest(str):
    """The path or URL of a list of pictures (jobs.manifests)."""


MANIFESTS = (".csv", ".tsv", ".jsonl", ".ndjson")
"""How the names of manifests end, if it isn't said that they are some."""


class _Input:
    """Annotates an input: text, or a mapping that asks for a generated picture or a manifest."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        text = handler(Text)
        return core_schema.no_info_wrap_validator_function(self._checked, text)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        manifest = {
            "type": "object",
            "properties": {"manifest": {"type": "string"}},
            "required": ["manifest"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"type": ["string", "number"]}, generated.SCHEMA, manifest]}

    @staticmethod
    def _checked(value: Any, text: Any) -> Any:
        if not isinstance(value, dict):
            path = text(value)
            return Manifest(path) if path.lower().endswith(MANIFESTS) else path
        if "manifest" not in value:
            return generated.parse(value)
        if len(value) > 1 or not isinstance(value["manifest"], str):
            raise ValueError("manifest: needs a file or a URL, and nothing beside it")
        return Manifest(value["manifest"])


Input = Annotated[str | Generated, _Input()]


@dataclass(frozen=True, kw_only=True)
class Resources(Demands):
    """What a job may use, and what each of its tasks gets."""

    workers: Annotated[
        int | None, Knob("tasks at a time; null: as many as there is room for", ge=1, le=100_000)
    ] = None
    gpus: Annotated[
        float | None,
        Knob("GPUs of a task; null: its share of one where there are any, else none", ge=0, le=64),
    ] = None
    gpu_type: Annotated[
        str,
        Knob("the only type of GPU to render on, as Ray calls it, like H100; empty: any"),
    ] = ""
    labels: Annotated[
        tuple[str, ...],
        Knob("labels that nodes must have to render on them, like pool=spot or {pool: spot}"),
    ] = ()
    tasks_per_gpu: Annotated[int, Knob("tasks that share a GPU", ge=1, le=64)] = 1
    threads: Annotated[
        int | None,
        Knob(
            "CPU threads of a task; null: the machine's cores, shared by the pictures that can be "
            "rendered at the same time (not by the workers: their number changes no pixel)",
            ge=1,
            le=1024,
        ),
    ] = None
    tile: Annotated[
        int | None,
        Knob(
            "side of the tiles that a style, or a dream with `gradient: whole`, is computed "
            "in, exactly, to save memory; null: the whole picture where it fits, else the largest "
            "tiles that do",
            unit="px",
            ge=64,
            le=65_536,
        ),
    ] = None
    shards: Annotated[
        str,
        Knob(
            "workers that render one picture together, each a part of it: a count like 4; auto: "
            "many small pictures get one each, one large picture gets all"
        ),
    ] = "1"
    batch: Annotated[
        str,
        Knob(
            "pictures of one size and alike settings that a worker renders as one batch: a count "
            "like 8; auto: on a GPU up to 16, the fewer the larger they are; without one, 1. "
            "Batches change pictures by rounding only; 1: none"
        ),
    ] = "auto"

    def __post_init__(self) -> None:
        check(self)
        shards.parse(self.shards)
        batching.parse(self.batch)
        for label in self.labels:
            if not all(part.strip() for part in label.partition("=")):
                raise SettingError(f"labels: {label!r} must be NAME=VALUE, like pool=spot")

    @property
    def selector(self) -> dict[str, str]:
        """The values that nodes' labels must have, by name."""
        pairs = (label.partition("=") for label in self.labels)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def demands(self) -> Demands:
        """Those of them that can be changed while the job is rendered."""
        return Demands(priority=self.priority, max_workers=self.max_workers)


FRAMES = (
    "pictures of each frame's making to keep, from the first to the last iteration; they also make "
    "an animation of it (`making`)"
)


class RegionKeys(Model):
    """A part of the picture, and what is amplified there; what isn't said is the step's."""

    mask: Text | None = Field(
        None,
        description="picture of the same ratio, white where the region is and black where it "
        "isn't, grey between; null: what the other regions leave",
    )
    layer: Text | None = Field(None, description="layer to amplify: a name or an index")
    channels: Annotated[Mapping[str, Channels], WithJsonSchema(SCHEMA)] = Field(
        {}, description="amplify these channels of the layer only: a list, or as a step says it"
    )
    mix: Mapping[str, Number] = Field({}, description=MIX_HELP)
    classes: Annotated[tuple[Text, ...], Many()] = Field(
        (), description="dream towards these classes (`reverie classes NETWORK`)"
    )
    guide: Text | None = Field(None, description=GUIDE_HELP)

    @field_validator("channels", mode="before")
    @classmethod
    def _by_layers(cls, value: Any) -> Any:
        return by_layers(value)


class DreamStep(Model):
    """What a dream step has beside its settings."""

    layers: Annotated[tuple[Text, ...], Many()] = Field(
        (),
        description="layers to amplify: names, indexes or ranges like 1..11, one picture each; "
        "none: the network's own default",
    )
    chain: Flag = Field(False, description="let each layer dream on the result of the one before")
    channels: Annotated[Mapping[str, Channels], WithJsonSchema(SCHEMA)] = Field(
        {},
        description="amplify these channels only: a list with ranges ([1, 10..20]), {random: 32}, "
        "by activation on the input ({strongest: 8}, {weakest: 8}, {average: 8}; `of: file.png`, "
        "`region: [left, top, right, bottom]` in 0..1), by likeness ({like: eyes.png, count: 8}), "
        'or any of these for some layers, like {"7..11": {random: 32}}',
    )
    mix: Mapping[str, Number] = Field({}, description=MIX_HELP)
    guide: Text | None = Field(None, description=GUIDE_HELP)
    regions: tuple[RegionKeys, ...] = Field(
        (), description="parts of the picture with aims of their own; the rest stays as it is"
    )
    frames: Annotated[FrameSettings, Record()] | None = Field(None, description=FRAMES)

    @field_validator("channels", mode="before")
    @classmethod
    def _by_layers(cls, value: Any) -> Any:
        return by_layers(value)


class StyleStep(Model):
    """What a style step has beside its settings."""

    images: Annotated[tuple[Text, ...], Many()] = Field(
        min_length=1, description="pictures whose style is taken: files, folders, globs or URLs"
    )
    combine: Annotated[str, Choice("blend", "each")] = Field(
        "blend", description="blend all styles into one picture, or make one picture of each"
    )
    preset: Annotated[str, Choice(*presets.PRESETS)] | None = Field(None, description=presets.HELP)
    frames: Annotated[FrameSettings, Record()] | None = Field(None, description=FRAMES)


class AtlasStep(Model):
    """What an atlas has beside its settings."""

    layers: Annotated[tuple[Text, ...], Many()] = Field(
        (),
        description="layers to look into: names, indexes or ranges like 1..11; none: the "
        "network's own default",
    )
    channels: Annotated[Mapping[str, Channels], WithJsonSchema(SCHEMA)] = Field(
        {}, description="render these channels only, as in a dream; none: all of each layer"
    )
    batch: Annotated[Whole, Field(ge=1, le=4096)] | None = Field(
        None,
        description="channels of a task, which a GPU renders side by side as far as its memory "
        "goes, and a CPU one after the other; null: up to 32, less where channels are few",
    )

    @field_validator("channels", mode="before")
    @classmethod
    def _by_layers(cls, value: Any) -> Any:
        return by_layers(value)


class Step(OneOf):
    """One thing to do to every picture that the step before it made; or an atlas, of none."""

    dream: Annotated[DreamStep, Flat(DreamSettings, without=("layer", "channels"))] | None = None
    style: Annotated[StyleStep, Flat(StyleSettings)] | None = None
    atlas: Annotated[AtlasStep, Flat(AtlasSettings, without=("layer", "channels"))] | None = None


class Output(Model):
    """What an output has beside its settings."""

    of: Text | None = Field(
        None,
        description="step whose pictures to take: its number from 1, or `dream` or `style` where "
        "there is only one; null: the last step",
    )
    last: Flag = Field(
        False,
        description="take only the last picture that the step makes of each input: the end of a "
        "chain",
    )


class Making(Output):
    """What an animation of the making has beside its settings. Its frames are counted when made."""


class Outputs(OneOf):
    """Something made of all pictures of a step."""

    gif: Annotated[Output, Flat(AnimationSettings)] | None = None
    sheet: Annotated[Output, Flat(SheetSettings)] | None = None
    grid: Annotated[Output, Flat(GridSettings)] | None = None
    table: Annotated[Output, Flat(TableSettings)] | None = None
    plot: Annotated[Output, Flat(PlotSettings)] | None = None
    making: Annotated[Making, Flat(AnimationSettings, without=("durations",))] | None = None
