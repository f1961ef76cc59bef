"""How does a job come to run? From a plan to an exit code.

Ray takes seconds to come up: commands start it first, and read and plan the job meanwhile. A job
that has nothing left to render doesn't wait for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import logging
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.text import Text

from cluster import endings, exits, growth
from cluster.backend import Backend, InlineBackend
from cluster.batch_backend import BatchBackend
from cluster.collecting import uncollected
from cluster.commands.channels import looking
from cluster.commands.options import RunOptions
from cluster.commands.weights import download_bar
from cluster.console import Display, JsonDisplay, PlainDisplay
from cluster.endings import Ending
from cluster.exhibition import exhibited
from cluster.interrupts import interrupts
from cluster.live import LiveDisplay
from cluster.meters import Meters
from cluster.nodes import grows
from cluster.orders import Orders, Terms
from cluster.ray_session import RaySession, Session
from cluster.records import Pace
from cluster.requirements import suitable
from cluster.resources import Allotment, Node, Wanted, allot, automatic_threads, local_cpus
from cluster.runner import POLL_S, Rules, Runner, Summary, Watch
from cluster.shelf import Shelf
from cluster.worker import Renderer
from jobs import batching, shards
from jobs.activity import Activity
from jobs.batching import Batching
from jobs.fetching import at_hand
from jobs.gallery import Gallery
from jobs.plan import Plan, plan
from jobs.recipe import reading
from jobs.schedule import Counts
from jobs.spec import JobSpec
from jobs.steps import Resources
from jobs.storage import absolute, contents, is_url
from jobs.workspace import Workspace
from renderer import weights
from renderer.errors import ClusterError, JobError, ReverieError
from renderer.images import read_settings
from renderer.weights import Weights


@dataclass(frozen=True, kw_only=True)
class Job:
    """A planned job: what to render, with which weights and resources, and what to keep of it."""

    plan: Plan
    shelf: Shelf
    seed: int
    base: Path
    data: Any
    resources: Resources
    rules: Rules
    precision: str = ""  # of all tasks, whatever their settings say


def planned(spec: JobSpec, options: RunOptions) -> Job:
    """The job of a specification. Raises JobError, WeightsError for what can't be planned."""
    shelf = make_shelf(lambda network: at_hand(spec.weights_file(network)), options)
    with looking() as told:
        found = plan(spec, shelf.digest, activity=Activity(shelf, told=told))
    return Job(
        plan=found,
        shelf=shelf,
        seed=spec.seed,
        base=spec.base,
        data=spec.data,
        resources=resources_of(spec),
        rules=Rules(
            spec.retries,
            spec.limits,
            spec.checkpoint,
            spec.losses,
            spec.order,
            shards=shards_of(found, spec.resources),
            demands=spec.resources.demands,
        ),
    )


def resources_of(spec: JobSpec) -> Resources:
    """What the job asks for; an atlas's tasks get one thread each if it doesn't say.

    The number of threads changes a picture's last bits, and must not depend on which channels are
    rendered beside it, as it would by the number of tasks.
    """
    if spec.steps[0].atlas is None or spec.resources.threads is not None:
        return spec.resources
    return dataclasses.replace(spec.resources, threads=1)


def shards_of(plan: Plan, resources: Resources) -> dict[str, int]:
    """The most workers that each task may be given, where that is more than one."""
    return shards.mosts(plan.tasks, plan.sizes, shards.parse(resources.shards))


def remembered(picture: str, options: RunOptions) -> Job:
    """The job that renders a picture of ours again. Raises JobError for any other picture."""
    try:
        data = read_settings(contents(picture))
    except OSError as error:
        raise JobError(f"{picture}: can't be read ({error.strerror or error})") from error
    if data is None:
        raise JobError(f"{picture}: says nothing of how it was rendered; it is none of Reverie's")
    beside = () if is_url(picture) else Path(picture).absolute().parents
    recipe = reading(data, folders=[Path.cwd(), *beside], name=picture)
    found = Plan(name=recipe.job, tasks=recipe.tasks, frames=(recipe.frames,), outputs=())
    resources = Resources(threads=recipe.threads, tile=recipe.tile_px, shards=str(recipe.shards))
    return Job(
        plan=found,
        shelf=make_shelf(lambda network: None, options),
        seed=recipe.seed,
        base=Path.cwd(),
        data={"from": picture},
        resources=resources,
        rules=Rules(shards=shards_of(found, resources)),
        precision=recipe.precision,
    )


def run(job: Job, options: RunOptions, place: Path | str, *, session: RaySession | None) -> int:
    """Render a job to a place, on Ray or (without a session) in this process; the exit code.

    Whoever wants to know (``cluster.endings``) is told, also of an error that ends the run.
    """
    began = time.monotonic()

    def tell(counts: Counts, code: int, reason: str = "") -> None:
        facts = {"job": job.plan.name, "directory": absolute(place), "reason": reason}
        ending = Ending.of(counts, code, seconds=time.monotonic() - began, **facts)
        for fault in endings.tell(ending, url=options.notify, command=options.on_end):
            Console(file=sys.stderr).print(Text(fault, style="yellow"), soft_wrap=True)

    try:
        summary = _rendered(job, options, place, session)
    except ReverieError as error:
        tell(Counts(), exits.code_of(error), str(error))
        raise
    code = exit_code(summary, job.plan)
    tell(summary.counts, code)
    return code


def _rendered(
    job: Job, options: RunOptions, place: Path | str, session: RaySession | None
) -> Summary:
    kept = job.rules.checkpoint
    pace = Pace(kept.every, kept.seconds, job.rules.losses.every)
    terms = Terms(
        job=job.plan.name,
        seed=job.seed,
        base=job.base,
        pace=pace,
        tile_px=job.resources.tile,
        precision=job.precision,
    )
    tasks = {task.id: task for task in job.plan.tasks}
    with contextlib.ExitStack() as stack:
        with uncollected():
            workspace = stack.enter_context(Workspace.open(place))
            workspace.begin(job.data, job.plan.tasks, left_out=job.plan.failed_inputs)
            display = stack.enter_context(contextlib.closing(display_for(options)))
            stack.enter_context(contextlib.redirect_stdout(Chatter()))
            interrupt = stack.enter_context(interrupts())
            watch = Watch(
                display.show,
                display.tick,
                lambda: interrupt.requested or workspace.requests.cancelled,
            )
            meters = Meters(job.plan.name, lambda task: tasks[task].kind)
            watch = meters.watching(watch)
            gallery = gallery_of(job, workspace)
            orders = Orders(tasks, terms, shelf=job.shelf, workspace=workspace, gallery=gallery)
            if gallery is not None:
                threads = job.resources.threads or 1
                shown = exhibited(gallery, workspace, watch, orders=orders, threads=threads)
                watch = stack.enter_context(shown)
            runner = Runner(
                job.plan,
                workspace,
                lambda: make_backend(job, session, watch, meters),
                orders=orders,
                rules=job.rules,
                watch=watch,
            )
        return runner.run()


def gallery_of(job: Job, workspace: Workspace) -> Gallery | None:
    """The cells of the job's atlas, if it is one."""
    tasks = [task for task in job.plan.tasks if task.kind == "atlas"]
    return Gallery(workspace, tasks, job_seed=job.seed) if tasks else None


def exit_code(summary: Summary, plan: Plan) -> int:
    """What a run ends with (``cluster.exits``)."""
    if summary.interrupted:
        return exits.INTERRUPTED
    counts = summary.counts
    lacking = counts.failed or counts.skipped or summary.outputs_failed or plan.failed_inputs
    return exits.SOME_FAILED if lacking else exits.DONE


def make_backend(job: Job, session: RaySession | None, watch: Watch, meters: Meters) -> Backend:
    """What the job renders on; where that is Ray, it is metered.

    Raises ClusterError, or KeyboardInterrupt while Ray comes up.
    """
    wanted = wanted_by(job)
    if session is None:
        return _inline(wanted)
    while not session.ready(POLL_S):
        watch.tick()
        if watch.interrupted():
            raise KeyboardInterrupt
    from cluster.ray_backend import RayBackend

    up = session.wait()
    meters.begin()
    allotment = allotted(up, job.resources, wanted, watch)
    limits = job.rules.limits
    return RayBackend(up, allotment, start_s=limits.start_seconds, yield_s=limits.yield_seconds)


def allotted(up: Session, resources: Resources, wanted: Wanted, watch: Watch) -> Allotment:
    """The workers of a job. ClusterError where they can't be had, and nothing adds nodes."""
    gpu_type, labels = resources.gpu_type, resources.selector

    def found(nodes: tuple[Node, ...]) -> Allotment:
        fitting = suitable(nodes, gpu_type=gpu_type, labels=labels)
        return allot(fitting, wanted, shared=not up.ours, growing=grows(nodes))

    claim = growth.first_claim(wanted, resources.demands, gpu_type=gpu_type, labels=labels)
    made = growth.allotted(up.nodes, found, claim, watch=watch)
    return dataclasses.replace(made, gpu_type=gpu_type, labels=labels)


def wanted_by(job: Job) -> Wanted:
    """What the job asks for; how much of it can run side by side follows from its dependencies."""
    resources = job.resources
    return Wanted(
        width=job.plan.width,
        widest=job.plan.widest,
        workers=resources.workers,
        max_workers=resources.max_workers,
        threads=resources.threads,
        gpus=resources.gpus,
        tasks_per_gpu=resources.tasks_per_gpu,
        sharding=shards.sharding(job.plan.tasks, job.plan.sizes, shards.parse(resources.shards)),
        batching=Batching(
            batching.parse(resources.batch),
            possible=all(task.kind != "atlas" for task in job.plan.tasks),
            largest_px=max((h * w for h, w in job.plan.sizes.values()), default=1),
        ),
    )


def make_shelf(files: Callable[[str], Path | None], options: RunOptions) -> Shelf:
    """The weights a job will need: from the files it names, or wherever they are found."""

    def resolve(network: str, until: str) -> Weights:
        with download_bar(network) if options.download else contextlib.nullcontext() as progress:
            return weights.resolve(
                network,
                until,
                path=files(network),
                weights_dir=options.weights_dir,
                download=options.download,
                progress=progress,
            )

    return Shelf(resolve)


def display_for(options: RunOptions) -> Display:
    """JSON if it was asked for, a live display on a terminal, plain lines elsewhere."""
    if options.json:
        return JsonDisplay(sys.stdout)
    progress, out = Console(file=sys.stderr), Console(file=sys.stdout)
    if progress.is_terminal and not progress.is_dumb_terminal:
        return LiveDisplay(progress, out)
    return PlainDisplay(progress, out)


class Chatter(io.TextIOBase):
    """Standard output while a job runs: what Ray prints there goes into the diagnostics."""

    def write(self, text: str) -> int:
        if text.strip():
            logging.getLogger("reverie.ray").info(text.strip())
        return len(text)


def _inline(wanted: Wanted) -> Backend:
    if (wanted.sharding.count or 1) > 1:
        raise ClusterError(
            f"{wanted.sharding.count} shards need as many workers, and --inline has one, without "
            "Ray; leave out --inline, or shards"
        )
    node = Node(socket.gethostname(), local_cpus())
    threads = wanted.threads or automatic_threads((node,), wanted.width)
    device = "cuda" if wanted.gpus != 0 and torch.cuda.is_available() else "cpu"
    worker = functools.partial(Renderer, device=device, node=node.name)
    batch = wanted.batching.of(wanted.widest, workers=1, gpus=float(device == "cuda"))
    if batch > 1:
        return BatchBackend(worker, node=node.name, device=device, threads=threads, batch=batch)
    return InlineBackend(worker, node=node.name, device=device, threads=threads)
