"""The launcher, ``reverie``: which commands there are, and how they end.

Commands live in ``cluster.commands``, one module a question, and import torch and Ray only when
they need them, so that help comes at once. Errors end here: one line on standard error and an exit
code (``cluster.exits``); ``--debug`` shows where they come from.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cluster import exits
from cluster.commands import (
    channels,
    doctor,
    jobs,
    networks,
    rendering,
    results,
    shorthand,
    submitting,
    survey,
    watching,
    weights,
    workspaces,
)
from renderer.errors import ReverieError

HELP = "Deep Dream and style transfer for one picture or for thousands, on one machine or many."


def make_app() -> typer.Typer:
    """The launcher with all its commands."""
    app = typer.Typer(
        name="reverie",
        help=HELP,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    app.command("render")(rendering.render_command)
    app.command("dream")(shorthand.dream_command)
    app.command("style")(shorthand.style_command)
    app.command("survey")(survey.survey_command)
    app.command("atlas")(shorthand.atlas_command)
    app.command("plan")(jobs.plan_command)
    app.command("submit")(submitting.submit_command)
    app.command("status")(workspaces.status_command)
    app.command("list")(watching.list_command)
    app.command("watch")(watching.watch_command)
    app.command("wait")(watching.wait_command)
    app.command("logs")(watching.logs_command)
    app.command("errors")(watching.errors_command)
    app.command("output")(results.output_command)
    app.command("preview")(results.preview_command)
    app.command("assemble")(results.assemble_command)
    app.command("pause")(workspaces.pause_command)
    app.command("resume")(workspaces.resume_command)
    app.command("cancel")(workspaces.cancel_command)
    app.command("set")(workspaces.set_command)
    app.command("retry")(workspaces.retry_command)
    app.command("clean")(workspaces.clean_command)
    app.command("networks")(networks.networks_command)
    app.command("layers")(networks.layers_command)
    app.command("channels")(channels.channels_command)
    app.command("classes")(networks.classes_command)
    app.add_typer(weights.app, name="weights")
    app.command("schema")(jobs.schema_command)
    app.command("init")(jobs.init_command)
    app.command("doctor")(doctor.doctor_command)
    return app


def main() -> None:
    """The command ``reverie``."""
    code = run(sys.argv[1:])
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a Ray that was still coming up when the command ended would be waited for.
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code."""
    debug = "--debug" in arguments  # taken anywhere: it is added when something has gone wrong
    arguments = [argument for argument in arguments if argument != "--debug"]
    logging.basicConfig(level=logging.INFO if debug else logging.ERROR)
    try:
        arguments = arguments or ["--help"]
        return int(make_app()(arguments, prog_name="reverie", standalone_mode=False) or 0)
    except KeyboardInterrupt:
        return _end("interrupted", exits.INTERRUPTED)
    except ReverieError as error:
        return _end(str(error), exits.code_of(error), debug=debug)
    except typer.Abort:
        return _end("interrupted", exits.INTERRUPTED)
    except Exception as error:
        if hasattr(error, "format_message"):  # Typer's usage errors; its versions differ in class
            return _end(_usage(error), exits.BAD_INPUT)
        text = f"{type(error).__name__}: {error} (a fault in Reverie; --debug shows where)"
        return _end(text, exits.OUR_FAULT, debug=debug)


def version() -> str:
    """The version that is installed."""
    try:
        return importlib.metadata.version("reverie")
    except importlib.metadata.PackageNotFoundError:
        return "unknown (not installed)"


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"reverie {version()}\n")
        raise typer.Exit


def _options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="print the version", is_eager=True, callback=_print_version),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="show where errors come from (with any command)")
    ] = False,
) -> None:
    pass


def _usage(error: Any) -> str:
    message = str(error.format_message())
    context = getattr(error, "ctx", None)
    return f"{message} (see {context.command_path} --help)" if context else message


def _end(message: str, code: int, *, debug: bool = False) -> int:
    if debug:
        traceback.print_exc()
    for line in message.splitlines():
        sys.stderr.write(f"error: {line}\n")
    return code


if __name__ == "__main__":
    main()
