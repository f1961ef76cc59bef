"""Which combinations does a matrix of settings come to?

``include`` and ``exclude`` mean what they mean in a matrix of GitHub Actions, which people know:
https://docs.github.com/actions/using-jobs/using-a-matrix-for-your-jobs. All is plain data here;
jobs.variants says which settings are meant.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from jobs.models import Flag, Model
from renderer.errors import JobError

MAX_VARIANTS = 10_000
"""More variants than this are refused: they are a slip of the keyboard."""

Values = Annotated[tuple[Any, ...], Field(min_length=1)]
Combination = dict[str, Any]


class Matrix(Model):
    """A sweep: every combination of some settings' values is a variant of the job."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Values] = Field(init=False)

    exclude: tuple[dict[str, Any], ...] = Field(
        (), description="leave out the combinations with all these values: a list of mappings"
    )
    include: tuple[dict[str, Any], ...] = Field(
        (),
        description="values to add to all combinations that they don't contradict, or else "
        "combinations of their own: a list of mappings",
    )

    warm_start: Flag = Field(
        False,
        description="let each style transfer start from the result of its neighbour (the value "
        "before its own of the first setting), not from `start`: that changes the results",
    )

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The values of each setting, under the keys as they are written."""
        return self.__pydantic_extra__ or {}


def combinations(
    axes: Mapping[str, Sequence[Any]],
    *,
    exclude: Iterable[Mapping[str, Any]] = (),
    include: Iterable[Mapping[str, Any]] = (),
) -> list[Combination]:
    """Every combination once, the first axis slowest, those of ``include`` alone last.

    An exclusion takes out the combinations that have all its values. After that an inclusion adds
    its values to each of the product's combinations whose own values it leaves as they are; where
    there is none, it is a combination by itself. Raises JobError for an exclusion that fits none,
    and for more than MAX_VARIANTS.
    """
    exclude, include = list(exclude), list(include)
    _check_count([len(values) for values in axes.values()], len(include))
    kept = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    kept = kept if axes else []
    for number, wanted in enumerate(exclude):
        left = [found for found in kept if not fits(wanted, found)]
        if len(left) == len(kept):
            raise JobError(f"exclude.{number}: fits no combination (that is left)")
        kept = left
    grown = [dict(found) for found in kept]
    alone: list[Combination] = []
    for added in include:
        own = {key: value for key, value in added.items() if key in axes}
        places = [place for place, found in enumerate(kept) if fits(own, found)]
        for place in places:
            grown[place].update(added)
        if not places:
            alone.append(dict(added))
    return distinct([*grown, *alone])


def fits(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a combination has all the wanted values."""
    return all(key in found and same(value, found[key]) for key, value in wanted.items())


def same(one: Any, other: Any) -> bool:
    """Whether two values of a job file mean the same."""
    return exact(one) == exact(other)


def exact(value: Any) -> str:
    """A text that is the same for the same values alone.

    1 is 1.0, but ``true`` is no 1; a list of one thing is that thing.
    """
    return json.dumps(_plain(value), sort_keys=True, default=repr)


def distinct(found: Iterable[Combination]) -> list[Combination]:
    """The combinations without repetitions."""
    kept: dict[str, Combination] = {}
    for one in found:
        kept.setdefault(exact(one), one)
    return list(kept.values())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return _plain(value[0]) if len(value) == 1 else [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_count(lengths: Sequence[int], included: int) -> None:
    count = math.prod(lengths) + included
    if count > MAX_VARIANTS:
        product = " x ".join(f"{length:,}" for length in lengths)
        more = f", and {included:,} more" if included else ""
        raise JobError(
            f"comes to {count:,} variants ({product}{more}); {MAX_VARIANTS:,} at most: sweep fewer "
            "values, or split the job"
        )
