"""Which options do all commands share that render? Written once, added to each of them."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, get_type_hints

import typer

from jobs.storage import absolute
from renderer.errors import JobError

RENDERS = Path("renders")
"""Where workspaces are, if nothing else is said."""


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **more)


class Options:
    """A dataclass whose annotated fields are options of a command."""

    @classmethod
    def parameters(cls) -> list[inspect.Parameter]:
        """The fields as keyword parameters."""
        hints = get_type_hints(cls, include_extras=True)
        return [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
            for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        ]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Those of the given values that are fields."""
        names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        return cls(**{name: given[name] for name in names})


@dataclass(frozen=True, kw_only=True)
class JobOptions(Options):
    """What may be said of a job without editing its file."""

    sets: Annotated[
        list[str] | None,
        _option(
            "--set",
            metavar="KEY=VALUE",
            help="change a key of the job, like steps.0.dream.iterations=20 (repeatable)",
        ),
    ] = None
    sweep: Annotated[
        list[str] | None,
        _option(
            "--sweep",
            metavar="KEY=A,B,C",
            help="render a variant for each of these values of a setting, like "
            "weight_denoise=0.1,0.3 (repeatable: every combination)",
        ),
    ] = None
    size: Annotated[
        str | None,
        _option("--size", metavar="PX|null", help="longest side to render at; null: as they are"),
    ] = None
    seed: Annotated[
        str | None,
        _option("--seed", metavar="INTEGER", help="number that all that is random is drawn from"),
    ] = None
    format: Annotated[
        str | None, _option("--format", metavar="png|jpeg|webp", help="format of the frames")
    ] = None
    after: Annotated[
        list[str] | None,
        _option(
            "--after",
            metavar="DIR|URL",
            help="wait until the job there is done, then plan this one (repeatable)",
        ),
    ] = None
    workers: Annotated[
        str | None,
        _option(
            "--workers",
            metavar="INTEGER",
            help="tasks at a time; not given: as many as there is room for",
        ),
    ] = None
    max_workers: Annotated[
        str | None,
        _option(
            "--max-workers",
            metavar="INTEGER",
            help="tasks at a time at most, however much room there is",
        ),
    ] = None
    priority: Annotated[
        str | None,
        _option(
            "--priority",
            metavar="1..100",
            help="how urgent it is beside other jobs on the same cluster (default 50)",
        ),
    ] = None
    tile: Annotated[
        str | None,
        _option(
            "--tile",
            metavar="PX",
            help="compute style transfers in tiles of this side, exactly; not given: where memory "
            "asks for it",
        ),
    ] = None

    shards: Annotated[
        str | None,
        _option(
            "--shards",
            metavar="INTEGER|auto",
            help="workers that render one picture together, each a part of it; "
            "auto: as many as it keeps busy (default 1)",
        ),
    ] = None

    def overrides(self) -> list[str]:
        """The options as ``--set`` texts, explicit ones last."""
        return [f"{key}={value}" for _, key, value in self._named()] + (self.sets or [])

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Errors within name the option (``--size: ...``), not the key that it stands for."""
        try:
            yield
        except JobError as error:
            text = str(error)
            for option, key, value in self._named():
                text = text.replace(f"--set {key}={value}: {key}:", f"{option}:")
            raise JobError(text) from error

    def _named(self) -> list[tuple[str, str, str]]:
        """(option, key of the job, value) of the options that were given."""
        after = json.dumps([absolute(job) for job in self.after]) if self.after else None
        named = (
            ("--after", "after", after),
            ("--size", "size", self.size),
            ("--seed", "seed", self.seed),
            ("--format", "format", self.format),
            ("--workers", "resources.workers", self.workers),
            ("--max-workers", "resources.max_workers", self.max_workers),
            ("--priority", "resources.priority", self.priority),
            ("--tile", "resources.tile", self.tile),
            ("--shards", "resources.shards", self.shards),
        )
        return [(option, key, value) for option, key, value in named if value is not None]


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """Where a job runs, where its results go, and how it is shown."""

    out: Annotated[
        str | None,
        _option(
            "--out",
            metavar="DIR|URL",
            help="the job's directory, or a URL like s3://bucket/name; not given: renders/NAME",
        ),
    ] = None
    address: Annotated[
        str | None,
        _option(
            "--address",
            metavar="HOST:PORT",
            envvar="RAY_ADDRESS",
            help="a Ray cluster to run on; not given: this machine",
        ),
    ] = None
    inline: Annotated[
        bool, _option("--inline", help="render in this process, one task at a time, without Ray")
    ] = False
    json: Annotated[bool, _option("--json", help="tell what happens as JSON, an object a line")] = (
        False
    )
    notify: Annotated[
        str | None,
        _option("--notify", metavar="URL", help="post what came of the run there, as JSON"),
    ] = None
    on_end: Annotated[
        str | None,
        _option(
            "--on-end",
            metavar="COMMAND",
            help="run this when the run is over, with REVERIE_OUTCOME, REVERIE_CODE, REVERIE_JOB "
            "and others in its environment",
        ),
    ] = None
    weights_dir: Annotated[
        Path | None,
        _option("--weights-dir", metavar="DIR", help="look for weight files here first"),
    ] = None
    download: Annotated[
        bool, _option("--download", help="download weights that are missing before rendering")
    ] = False
