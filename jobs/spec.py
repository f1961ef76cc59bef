"""What does a job file ask for? Its keys, checked, with every fault named by file, line and key.

    spec = load(Path("harbour.yaml"), sets=["steps.0.dream.iterations=20"])
    spec = build({"inputs": ["harbour.jpg"], "steps": ["dream"]}, base=Path.cwd())

A step's settings that aren't given are the network's own defaults, then the report's: jobs.plan
settles that, where networks are known. Paths are relative to the folder of the job file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from jobs import patterns
from jobs.checkpoints import CheckpointSettings
from jobs.complaints import complaints
from jobs.curves import LossSettings
from jobs.documents import Document, Key, override, read
from jobs.limits import Limits
from jobs.matrix import Matrix
from jobs.models import Choice, Many, Model, Record, Text, Whole
from jobs.schedule import Budgets
from jobs.steps import Input, Outputs, Resources, Step
from jobs.storage import is_url
from jobs.turns import ORDERS
from jobs.variants import Variant, checked, swept, told, variants
from renderer.errors import JobError
from renderer.metadata import FORMATS

MAX_NAME_CHARACTERS = 100
EMPTY = "is empty; a job needs inputs and steps (`reverie init` writes an example)"


class JobSpec(Model):
    """A job: pictures, what is done to them, and what is made of the results."""

    name: Text = Field("", description="name of the job and of its folder; empty: the file's name")
    seed: Whole = Field(
        0, ge=0, le=2**63 - 1, description="number that all that is random is drawn from"
    )
    inputs: Annotated[tuple[Input, ...], Many()] = Field(
        (),
        min_length=1,
        description="pictures to render (an atlas needs none): files, folders, globs or URLs; "
        "lists of them (CSV or JSON lines, {manifest: pictures.csv}), which may give each settings "
        "of its own; or generated ones, "
        "{noise: 512x512}, {white: 640x480} or {black: 640x480} (WIDTHxHEIGHT, and `name` if you "
        "like), which `size` scales where it is given",
    )
    size: Whole | None = Field(
        512,
        ge=16,
        le=65_536,
        description="longest side that pictures are rendered at, in px; null: as they are",
    )
    format: Annotated[str, Choice(*FORMATS)] = Field("png", description="format of the frames")
    names: Text = Field(
        "",
        description="how frames are called: a pattern of {stem}, the input's name, {layer}, what "
        "tells its frames apart, and {frame}, a frame's number in its step, like "
        "{stem}-{layer}-{frame:05}, in quotes; empty: {stem}-{layer}",
    )
    order: Annotated[str, Choice(*ORDERS)] = Field(
        "sequential",
        description="which pictures are begun first: as they are listed; from the middle outwards; "
        "or every n-th for a quick overview, then those between",
    )
    after: Annotated[tuple[Text, ...], Many()] = Field(
        (),
        description="jobs that must be done before this one is planned, by their folders or URLs "
        "(of a job that is rendered into `renders`: renders/NAME); what they make may be among "
        "the inputs",
    )
    steps: tuple[Step, ...] = Field(
        min_length=1, description="what is done to every picture, one step after the other"
    )
    matrix: Matrix | None = Field(
        None,
        description="sweep: values of some settings, of which every combination is rendered; keys "
        "as for --set, or their ends where only one step has such a setting",
    )
    outputs: tuple[Outputs, ...] = Field(
        (), description="animations, contact sheets and plots to make"
    )
    resources: Annotated[Resources, Record()] = Field(
        default_factory=Resources,
        json_schema_extra={"default": {}},
        description="what the job may use, and what each of its tasks gets",
    )
    retries: Annotated[Budgets, Record()] = Field(
        default_factory=Budgets,
        json_schema_extra={"default": {}},
        description="how often a task is tried again, by what went wrong",
    )
    limits: Annotated[Limits, Record()] = Field(
        default_factory=Limits,
        json_schema_extra={"default": {}},
        description="what the job puts up with before it does something about it",
    )
    checkpoint: Annotated[CheckpointSettings, Record()] = Field(
        default_factory=CheckpointSettings,
        json_schema_extra={"default": {}},
        description="how often a task's state is kept, so that it can go on where it stood",
    )
    losses: Annotated[LossSettings, Record()] = Field(
        default_factory=LossSettings,
        json_schema_extra={"default": {}},
        description="which iterations' losses are recorded, in each frame's `losses.csv`",
    )
    weights: Mapping[str, Text] = Field({}, description="weight files, or URLs of them, by network")
    _document: Document = PrivateAttr(default=Document(None))
    _base: Path = PrivateAttr(default=Path())
    _variants: tuple[tuple[Variant, JobSpec], ...] = PrivateAttr(default=())

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if value and (fault := name_fault(value)):
            raise ValueError(fault)
        return value

    @field_validator("names", mode="before")
    @classmethod
    def _refuse_unquoted(cls, value: Any) -> Any:
        if isinstance(value, dict):  # as YAML reads {stem}
            raise ValueError("is no text to YAML; put it in quotes, like '{stem}-{frame:05}'")
        return value

    @field_validator("names")
    @classmethod
    def _check_names(cls, value: str) -> str:
        if value and (fault := patterns.fault(value)):
            raise ValueError(fault)
        return value

    @field_validator("resources", mode="before")
    @classmethod
    def _list_labels(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(labels := value.get("labels"), dict):
            return {**value, "labels": [f"{name}={wanted}" for name, wanted in labels.items()]}
        return value

    @property
    def title(self) -> str:
        """The job's name, fit for files and folders: as given, or the job file's."""
        return self.name or _clean(Path(self._document.origin).stem) or "job"

    @property
    def base(self) -> Path:
        """Folder that the paths in the job are relative to."""
        return self._base

    @property
    def preceding(self) -> tuple[str, ...]:
        """The jobs of ``after``, by full names."""
        return tuple(
            job if is_url(job) else str(self._base / Path(job).expanduser()) for job in self.after
        )

    @property
    def data(self) -> Any:
        """The job as it was written, with all overrides; ``build`` makes the same job of it."""
        return self._document.data

    @property
    def variants(self) -> tuple[tuple[Variant, JobSpec], ...]:
        """The job's variants, each with the job it is; without a matrix the job itself alone."""
        return self._variants or ((Variant((), self._document), self),)

    def weights_file(self, network: str) -> Path | str | None:
        """The file, or the URL of it, that the job names for a network's weights."""
        given = self.weights.get(network)
        if given is None or is_url(given):
            return given
        return self._base / Path(given).expanduser()

    def complaint(self, key: Key, message: str) -> str:
        """One line that says where in the job file something is wrong."""
        return self._document.complaint(key, message)


def load(path: Path | str, sets: Iterable[str] = (), sweeps: Iterable[str] = ()) -> JobSpec:
    """The job in a YAML file, with ``key=value`` texts over it, and ``key=a,b,c`` in its matrix.

    Paths in a file that is given by its URL are relative to the caller's folder. Raises JobError
    with one line for each fault: file, line, key, what is wrong, what to do.
    """
    document = swept(override(read(path), sets), sweeps)
    if document.data is None:
        raise JobError(f"{path}: {EMPTY}")
    return _checked(document, Path.cwd() if is_url(path) else Path(path).absolute().parent)


def build(
    data: Mapping[str, Any],
    *,
    base: Path,
    origin: str = "",
    sets: Iterable[str] = (),
    sweeps: Iterable[str] = (),
) -> JobSpec:
    """The job in plain data, as YAML would give it. ``origin`` begins the lines of a JobError."""
    document = override(Document(dict(data), origin), sets)
    return _checked(swept(document, sweeps), base.absolute())


@cache
def schema() -> dict[str, Any]:
    """JSON schema of a job file, with help, bounds and defaults, for editors and documentation."""
    made = JobSpec.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def name_fault(name: str) -> str:
    """Why a name can't name a folder or a file, or an empty text."""
    if len(name) > MAX_NAME_CHARACTERS:
        return f"must be at most {MAX_NAME_CHARACTERS} characters"
    if bad := re.search(r"[^\w .-]", name):
        return f"may hold letters, digits, spaces, dots, - and _, but not {bad.group()!r}"
    if ".." in name or name[0] in ". " or name[-1] in ". ":
        return "must not begin or end with a dot or a space, nor hold `..`"
    return ""


def _checked(document: Document, base: Path) -> JobSpec:
    """The job of a document. What its matrix alone gives it has from its first variant."""
    found = variants(document, schema)
    if not found:
        return _validated(document, base)
    specs, faults = [], dict[str, list[Variant]]()
    for variant in found:
        try:
            specs.append(_validated(variant.document, base))
        except JobError as error:
            for line in str(error).splitlines():
                faults.setdefault(line, []).append(variant)
    if faults:
        raise told(faults, len(found))
    first = specs[0].model_copy(update={"matrix": checked(document)})
    first._document, first._base = document, base
    first._variants = tuple(zip(found, specs, strict=True))
    return first


def _validated(document: Document, base: Path) -> JobSpec:
    try:
        spec = JobSpec.model_validate(document.data)
    except ValidationError as error:
        raise JobError("\n".join(complaints(error, document, schema()))) from None
    spec._document, spec._base = document, base
    if faults := [document.complaint(key, fault) for key, fault in _contradictions(spec)]:
        raise JobError("\n".join(faults))
    return spec


def _contradictions(spec: JobSpec) -> Iterator[tuple[Key, str]]:
    """What is wrong though each key by itself is right, and where."""
    if patterns.format_of(spec.names) not in ("", spec.format):
        yield ("names",), f"ends otherwise than frames in the format {spec.format} do"
    if all(step.atlas is None for step in spec.steps):
        if not spec.inputs:
            yield ("inputs",), "is missing"
        return
    if spec.names:
        yield ("names",), "an atlas names its pictures by their channels; leave this out"
    if spec.inputs:
        yield ("inputs",), "an atlas begins with noise and takes no pictures; leave this out"
    if len(spec.steps) > 1:
        yield ("steps",), "an atlas is a job of its own; make the other steps another job"


def _clean(stem: str) -> str:
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^\w .-]", "_", stem))
    return name[:MAX_NAME_CHARACTERS].strip(". ")
