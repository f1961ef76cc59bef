"""What does a sweep cost less than its variants one by one? In the units of jobs.estimate.

Tasks that several variants lead to are rendered once: the steps before the first that differs, the
beginning of a chain, and whatever comes to the same settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.estimate import seconds_of
from jobs.plan import Plan
from jobs.styling import Styling


@dataclass(frozen=True, slots=True)
class Sharing:
    """A plan's variants as so many single runs, and what of that is done once for several.

    ``seconds`` are those of one slot.
    """

    variants: int
    single_tasks: int
    single_seconds: float
    shared_tasks: int
    shared_seconds: float

    @property
    def share(self) -> float:
        """What part of the work of single runs is spared, from 0 to 1."""
        return self.shared_seconds / self.single_seconds if self.single_seconds else 0.0


def sharing(
    plan: Plan, *, flops_per_second: float, stylings: Mapping[str, Styling] | None = None
) -> Sharing | None:
    """What the variants of a plan share; None where it has no matrix."""
    if not plan.variants:
        return None
    sizes = {frame.task: frame.size for step in plan.frames for frame in step}
    known = stylings or {}
    each = {
        task.id: seconds_of(
            task,
            sizes[task.id],
            flops_per_second=flops_per_second,
            styling=known.get(task.id),
        )
        for task in plan.tasks
    }
    wanted = Counter(task for variant in plan.variants for task in variant)
    return Sharing(
        variants=len(plan.variants),
        single_tasks=wanted.total(),
        single_seconds=sum(count * each[task] for task, count in wanted.items()),
        shared_tasks=wanted.total() - len(wanted),
        shared_seconds=sum((count - 1) * each[task] for task, count in wanted.items()),
    )
