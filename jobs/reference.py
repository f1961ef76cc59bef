"""How is the job file documented? As tables, made from the same definitions that check it."""

from __future__ import annotations

import json
from typing import Any

from jobs.spec import schema

INTRODUCTION = """\
# The job file

A job file is YAML. Paths in it are relative to its own folder. Any key can be replaced on the
command line: `reverie render job.yaml --set size=256 --set steps.0.dream.iterations=20`. A key that
isn't given in a step takes the default of its network, where that has one of its own
(`reverie networks`), else the one below. [The examples](../jobs/examples) teach by showing.

This page is made from the settings themselves (`reverie schema --markdown`).
"""

SECTIONS = {
    "": "A job",
    "steps.dream": "`steps:` – `dream:`",
    "steps.dream.regions": "`steps:` – `dream:` – `regions:`",
    "steps.style": "`steps:` – `style:`",
    "steps.atlas": "`steps:` – `atlas:`",
    "matrix": "`matrix:`",
    "steps.style.frames": "`steps:` – `frames:` (of either)",
    "outputs.gif": "`outputs:` – `gif:`",
    "outputs.sheet": "`outputs:` – `sheet:`",
    "outputs.grid": "`outputs:` – `grid:`",
    "outputs.table": "`outputs:` – `table:`",
    "outputs.plot": "`outputs:` – `plot:`",
    "outputs.making": "`outputs:` – `making:`",
    "resources": "`resources:`",
    "retries": "`retries:`",
    "limits": "`limits:`",
    "checkpoint": "`checkpoint:`",
    "losses": "`losses:`",
}
"""The mappings of a job file by their keys, and the headings of their tables."""


def markdown() -> str:
    """The documentation of the job file, one table a mapping."""
    whole = schema()
    parts = [INTRODUCTION]
    for path, heading in SECTIONS.items():
        mapping = _at(whole, path)
        parts.append(f"## {heading}\n\n{_table(mapping, whole)}")
    return "\n".join(parts)


def _at(whole: dict[str, Any], path: str) -> dict[str, Any]:
    """The schema of the mapping that stands at a path of keys."""
    here = whole
    for key in path.split(".") if path else ():
        here = _mapping(_resolved(here["properties"][key], whole), whole)
    return here


def _mapping(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The first mapping within a part: itself, an item of a list, or one of several choices."""
    if "properties" in part:
        return part
    inner = [
        *part.get("anyOf", ()),
        *part.get("allOf", ()),
        *([part["items"]] if "items" in part else ()),
    ]
    found = (_mapping(_resolved(below, whole), whole) for below in inner)
    return next((mapping for mapping in found if mapping), {})


def _resolved(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        return dict(whole["$defs"][part["$ref"].rpartition("/")[2]])
    return part


def _table(mapping: dict[str, Any], whole: dict[str, Any]) -> str:
    rows = ["| key | default | value | meaning |", "|---|---|---|---|"]
    for key, part in mapping["properties"].items():
        cells = (f"`{key}`", _default(key, part, mapping), _value(part, whole), _help(part))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _default(key: str, part: dict[str, Any], mapping: dict[str, Any]) -> str:
    if key in mapping.get("required", ()):
        return "required"
    default = part.get("default")
    return "" if default in ("", {}) or isinstance(default, dict) else f"`{json.dumps(default)}`"


def _value(part: dict[str, Any], whole: dict[str, Any]) -> str:
    """What may stand there, in few words."""
    if "$ref" in part:
        return "mapping, see below"
    if "enum" in part:
        return " or ".join(f"`{choice}`" for choice in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if "anyOf" in part:
        # A single value may stand for a list of it: naming the list is enough.
        words = dict.fromkeys(_value(below, whole) for below in part["anyOf"])
        lists = {word.removeprefix("list of ") for word in words if word.startswith("list of ")}
        return " or ".join(word for word in words if word not in lists)
    kind = part.get("type")
    if kind == "array":
        return f"list of {_value(part['items'], whole)}"
    names = {"integer": "whole number", "boolean": "`true` or `false`", "string": "text"}
    word = "text" if isinstance(kind, list) else names.get(str(kind), str(kind))
    return {"object": "mapping", "null": "`null`"}.get(str(kind), word) + _bounds(part)


def _bounds(part: dict[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    words = [f"{sign} {part[name]:.7g}" for name, sign in signs.items() if name in part]
    return f" {', '.join(words)}" if words else ""


def _help(part: dict[str, Any]) -> str:
    return str(part.get("description", ""))
