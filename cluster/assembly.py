"""How do finished frames become animations, sheets and plots, while others still render?

One thread works through the outputs in order. A frame is loaded when it is published, and dropped
when it is drawn: a GIF grows with the contiguous front of its frames, and nothing holds them all.
An output that lacks frames when the run is over is made of those that are there.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from cluster.notices import OutputFailed, OutputMade
from jobs import portions, sweeps
from jobs.curves import LOSSES, Losses, gather, read
from jobs.history import Result
from jobs.origins import Shown
from jobs.outputs import Cell, Output
from jobs.plots import PlotSettings, plot
from jobs.tables import TableSettings, table
from jobs.workspace import Workspace
from renderer import grids, images
from renderer.animation import Frame, write_gif
from renderer.errors import JobError, ReverieError
from renderer.grids import draw_grid
from renderer.images import Picture
from renderer.settings import AnimationSettings, GridSettings, SheetSettings
from renderer.sheets import draw_sheet

Outcome = OutputMade | OutputFailed


class _Missing(Exception):
    """A frame that an output waited for will not come."""


class Assembly:
    """Makes the outputs of a job as its tasks end; ``outcomes`` says what came of them."""

    def __init__(
        self, outputs: Sequence[Output], workspace: Workspace, finished: Iterable[str] = ()
    ) -> None:
        self._outputs, self._workspace = outputs, workspace
        self._changed = threading.Condition()
        self._ended = dict.fromkeys(finished, True)  # task -> whether its frame is there
        self._over = False  # no more tasks will end
        self._dropped = False
        self._outcomes: list[Outcome] = []
        self._thread = threading.Thread(target=self._work, name="assembly", daemon=True)
        self._thread.start()

    def ended(self, task: str, *, finished: bool) -> None:
        """A task's frame is there, or will not come."""
        with self._changed:
            self._ended[task] = finished
            self._changed.notify_all()

    def finished(self, timeout_s: float) -> bool:
        """Every task has ended: whether all outputs are made, after waiting for that a while."""
        self._close(dropped=False)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def outcomes(self) -> list[Outcome]:
        """What came of the outputs so far."""
        return self._outcomes

    def drop(self) -> None:
        """Make no more outputs; what is being made is left as it was before."""
        self._close(dropped=True)
        self._thread.join()

    def _close(self, *, dropped: bool) -> None:
        with self._changed:
            self._over, self._dropped = True, self._dropped or dropped
            self._changed.notify_all()

    def _work(self) -> None:
        for output in self._outputs:
            try:
                self._outcomes.append(self._make(output))
            except _Missing:
                return
            except ReverieError as error:
                self._outcomes.append(OutputFailed(file=output.file, reason=str(error)))

    def _make(self, output: Output) -> Outcome:
        try:
            frames = self._write(output, output.cells)
        except _Missing:
            self._wait(lambda: self._over)
            there = tuple(cell for cell in output.cells if self._ended.get(cell.task))
            frames = self._write(output, there)
        missing = max(0, len(output.cells) - frames)
        name = self._name(output)
        return OutputMade(file=name, frames=frames, missing=missing, one_in=output.one_in)

    def _name(self, output: Output) -> str:
        return self._workspace.address(output.file)

    def _write(self, output: Output, cells: Sequence[Cell]) -> int:
        """Write an output of these cells; how many of them are in it."""
        with self._workspace.writing(output.file) as path:
            if isinstance(output.settings, PlotSettings):
                return self._plot(output.settings, cells, path)
            if isinstance(output.settings, TableSettings):
                results = self._results(output.cells)
                rows = table([cell.frame for cell in output.cells], results, output.settings)
                path.write_text(rows, "utf-8")
                return len(results)
            if output.frames is not None:
                frames = self._making(output, cells)
            else:
                frames = [(cell.label, self._loader(cell)) for cell in cells]
            if isinstance(output.settings, GridSettings):
                placed = zip((cell.place for cell in cells), frames, strict=True)
                image = draw_grid(dict(placed), [axis(a) for a in output.axes], output.settings)
                path.write_bytes(images.encode_image(image))
                return len(frames)
            write(
                [*map(_shown, output.first), *frames],
                path,
                output.settings,
                beside=[_shown(item) for item in output.beside],
            )
            return len(frames)

    def _results(self, cells: Sequence[Cell]) -> dict[str, Result]:
        """What came of the tasks of these cells that are finished, when all have ended."""
        tasks = list(dict.fromkeys(cell.task for cell in cells))
        for task in tasks:
            self._wait_to_end(task)
        known = self._workspace.history.results
        return {task: known[task] for task in tasks if self._ended.get(task)}

    def _loader(self, cell: Cell) -> Callable[[], Picture]:
        def load() -> Picture:
            self._wait_for(cell)
            return images.decode(self._workspace.read(cell.file), name=cell.file)

        return load

    def _making(self, output: Output, cells: Sequence[Cell]) -> list[Frame]:
        """The pictures of a task's making; of one that has failed, those that it came to."""
        assert output.frames is not None
        for cell in cells:
            self._wait_for(cell)
        names = output.frames.among(self._workspace.artefacts(output.cells[0].task))
        names = names[:: portions.skipped(output.settings, len(names))]
        return [(name, self._reader(name)) for name in names]

    def _reader(self, name: str) -> Callable[[], Picture]:
        return lambda: images.decode(self._workspace.read(name), name=name)

    def _plot(self, settings: PlotSettings, cells: Sequence[Cell], path: Path) -> int:
        """Draw losses, or write the table of them; of how many tasks. JobError where none are."""
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                count = gather(lambda: ((c.file, of) for c, of in self._curves(cells)), file)
        elif curves := [(cell.label, losses) for cell, losses in self._curves(cells)]:
            path.write_bytes(plot(curves, settings))
            count = len(curves)
        else:
            count = 0
        if not count:
            raise JobError(
                "no losses were recorded (`losses: {every: 0}`, or an earlier version of Reverie)"
            )
        return count

    def _curves(self, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Losses]]:
        """The losses of those tasks that have recorded them."""
        for cell in cells:
            self._wait_for(cell)
            if data := self._workspace.artefact_data(cell.task, LOSSES):
                yield cell, read(data, name=f"the losses of {cell.file}")

    def _wait_for(self, cell: Cell) -> None:
        self._wait_to_end(cell.task)
        if not self._ended.get(cell.task):
            raise _Missing

    def _wait_to_end(self, task: str) -> None:
        self._wait(lambda: task in self._ended or self._over)

    def _wait(self, reached: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._dropped or reached())
        if self._dropped:
            raise _Missing


def axis(found: sweeps.Axis) -> grids.Axis:
    """An axis of a grid, with the pictures that show its values."""

    def reader(file: str) -> Callable[[], Picture | None] | None:
        return functools.partial(_picture, file) if file else None

    pairs = zip(found.values, found.pictures, strict=True)
    return grids.Axis(found.name, tuple(grids.Heading(v.text, reader(file)) for v, file in pairs))


def write(
    frames: Sequence[Frame],
    path: Path,
    settings: AnimationSettings | SheetSettings,
    *,
    beside: Sequence[Frame] = (),
) -> None:
    """Write an animation, or a contact sheet with more pictures ``beside``."""
    if isinstance(settings, AnimationSettings):
        write_gif(frames, path, settings)
        return
    image = draw_sheet(frames, settings, beside=beside)
    path.write_bytes(images.encode_image(image, format=path.suffix.removeprefix(".")))


def _shown(item: Shown) -> Frame:
    """A picture that no task made, to be read when it is drawn."""
    source = item.source
    return item.label, lambda: images.decode(source.read(), name=source.path, frame=source.frame)


def _picture(file: str) -> Picture | None:
    """A picture that a heading is to show; none where it can't be read, which its task will say."""
    try:
        return images.decode(Path(file).read_bytes(), name=file)
    except (OSError, ReverieError):
        return None
