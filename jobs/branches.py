"""What becomes of an input in each variant of a job? The stages it goes through, and its size.

A job without a matrix has one branch. Variants that say the same of a step share its stage, so that
its style pictures are read once.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs import generated
from jobs.captions import Setting
from jobs.complaints import SHOWN_FAULTS
from jobs.inputs import FailedInput, Source, expand, gather
from jobs.manifests import Row, named, rows
from jobs.names import Names, safe, stems
from jobs.spec import JobSpec
from jobs.stages import Stage, stages
from jobs.steps import Manifest
from jobs.variants import Variant, told
from renderer.errors import JobError

Wanted = str | Row
"""A picture by its path, or as a row of a manifest wants it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One variant: its settings, its job, and the stages of that."""

    variant: Variant
    spec: JobSpec
    stages: tuple[Stage, ...]


def branches(spec: JobSpec) -> tuple[Branch, ...]:
    """The branches of a job. JobError with a line for each fault, and the variant that has it."""
    known: dict[tuple[int, tuple[Setting, ...]], Stage] = {}
    found: list[Branch] = []
    faults: dict[str, list[Variant]] = {}
    for variant, own in spec.variants:
        # What is drawn at random within a step depends on the whole job's settings too.
        keys = [(step, variant.of(None) + variant.of(step)) for step in range(len(own.steps))]
        try:
            made = stages(own, {key[0]: known[key] for key in keys if key in known})
        except JobError as error:
            for line in str(error).splitlines():
                faults.setdefault(line, []).append(variant)
            continue
        known.update(zip(keys, made, strict=True))
        found.append(Branch(variant, own, made))
    if faults:
        raise told(faults, len(spec.variants))
    _check_warm_start(spec)
    return tuple(found)


def sources(
    spec: JobSpec,
) -> tuple[dict[Source, tuple[int, ...]], tuple[FailedInput, ...], dict[str, Row]]:
    """The pictures of a job, each with the numbers of the variants that render it.

    Those that can't be read come beside, and the rows of manifests by the pictures' names. JobError
    where no picture can be read, or where one isn't there.
    """
    wanted: dict[Wanted, list[int]] = {}
    known: dict[tuple[str, ...], list[Wanted]] = {}
    swept = {setting.key for variant, _ in spec.variants for setting in variant.settings}
    for number, (_, own) in enumerate(spec.variants):
        longest = own.size if "size" in own.model_fields_set else None
        patterns = tuple(generated.paths(own.inputs, seed=own.seed, longest=longest))
        if patterns not in known:
            known[patterns] = _expanded(own, patterns, swept)
        for item in known[patterns]:
            wanted.setdefault(item, []).append(number)
    items = dict(zip(_names(list(wanted)), wanted, strict=True))
    found, failed = gather(map(_path, wanted), list(items))
    if not found:
        raise none_left(spec, failed)
    shared: dict[tuple[int, ...], tuple[int, ...]] = {}  # most pictures are in the same variants
    numbers = {item: tuple(sorted(set(own))) for item, own in wanted.items()}
    pictures = {}
    for source in found:
        in_variants = numbers[items[source.picture]]
        pictures[source] = shared.setdefault(in_variants, in_variants)
    return pictures, failed, {name: row for name, row in items.items() if isinstance(row, Row)}


def none_left(spec: JobSpec, failed: tuple[FailedInput, ...]) -> JobError:
    """What to say where none of a job's pictures can be rendered."""
    lines = [item.reason for item in failed[:SHOWN_FAULTS]]
    lines.append(f"no picture can be read ({len(failed)} tried)")
    return JobError("\n".join(spec.complaint(("inputs",), line) for line in lines))


def part(settings: tuple[Setting, ...]) -> str:
    """What settings add to a file's name: ``weight_denoise-0.3-images-wave``."""
    words = [f"{setting.name}-{setting.text}".replace(", ", "-") for setting in settings]
    return safe("-".join(words)) if words else ""


def _check_warm_start(spec: JobSpec) -> None:
    """Raise JobError where variants can't start from their neighbours' results."""
    if spec.matrix is None or not spec.matrix.warm_start:
        return
    first = spec.variants[0][0].settings[0]
    fault = ""
    if first.key in ("size", "inputs"):
        fault = (
            f"the first setting is {first.name}, and a neighbour's picture may have another size"
        )
    elif not any(step.style is not None for step in spec.steps[first.step or 0 :]):
        fault = f"only style transfers can start so, and none depends on {first.name}"
    if fault:
        raise JobError(spec.complaint(("matrix", "warm_start"), f"{fault}; put another one first"))


def _path(item: Wanted) -> str:
    return item if isinstance(item, str) else item.path


def _names(items: list[Wanted]) -> list[str]:
    """A unique name for each picture: a manifest's row says it, or it comes of the path."""
    taken = Names()
    for row in named([item for item in items if isinstance(item, Row)]).values():
        taken.take(row.name)
    called = stems([_path(item) for item in items])
    return [
        item.name if isinstance(item, Row) and item.name else taken.take(name)
        for item, name in zip(items, called, strict=True)
    ]


def _expanded(spec: JobSpec, patterns: tuple[str, ...], swept: set[str]) -> list[Wanted]:
    found: list[Wanted] = []
    faults = []
    for number, pattern in enumerate(patterns):
        try:
            paths = expand(pattern, spec.base)
            found += rows(spec, pattern, swept=swept) if isinstance(pattern, Manifest) else paths
        except JobError as error:
            told = str(error).splitlines()
            faults += [spec.complaint(("inputs", number), line) for line in told]
    if faults:
        raise JobError("\n".join(faults))
    return found
