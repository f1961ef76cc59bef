"""What is wrong with a job, in lines a person can act on: place, key, fault and a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from jobs.documents import Document, Key
from renderer.settings import nearest

SHOWN_FAULTS = 5
"""Of faults that many pictures or rows may have, so many are told."""

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "finite_number": "a finite number",
}


def complaints(
    error: ValidationError, document: Document, schema: Mapping[str, Any]
) -> tuple[str, ...]:
    """One line for each fault that pydantic found in the document's data, in its order."""
    found = error.errors(include_url=False)
    order = {key: number for number, key in enumerate(document.places)}
    lines = []
    for fault in found:
        if fault["type"] == "too_short" and _below(fault["loc"], found):
            continue  # pydantic leaves out what is wrong when it counts
        key = _key(fault["loc"], document.data, fault["type"] == "missing")
        key, message = _closer(key, _message(fault, schema), document.data)
        line = document.complaint(key, message)
        lines.append((order.get(document.nearest(key), 0), line))
    return tuple(dict.fromkeys(line for _, line in sorted(lines, key=lambda item: item[0])))


def shown(value: Any) -> str:
    """A value as it was given, cut short."""
    text = "null" if value is None else repr(value)
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(words: tuple[str, ...]) -> str:
    """``a, b or c``."""
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _message(fault: Any, schema: Mapping[str, Any]) -> str:
    kind, given, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{_near(fault['loc'], schema)}"
    if kind == "missing":
        return "is missing"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {shown(given)}"
    if kind == "literal_error":
        words = tuple(_choices(fault["loc"], schema))
        hint = nearest(str(given), words)
        return f"must be {listed(words)}, not {shown(given)}{hint}"
    if kind == "too_short":
        return "needs at least one entry"
    for name, bound in _BOUNDS.items():
        if name in context:
            return f"must be {bound} {context[name]:g}, not {shown(given)}"
    return str(context["error"]) if "error" in context else str(fault["msg"])


def _below(loc: Key, faults: Sequence[Any]) -> bool:
    return any(len(f["loc"]) > len(loc) and f["loc"][: len(loc)] == loc for f in faults)


def _key(loc: tuple[str | int, ...], data: Any, missing: bool) -> Key:
    """The fault's location without what validation alone knows (a list made of one value)."""
    key: list[str | int] = []
    for place, part in enumerate(loc):
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif not (missing and place == len(loc) - 1):
            continue
        key.append(part)
    return tuple(key)


def _closer(key: Key, message: str, data: Any) -> tuple[Key, str]:
    """The key below that a message on several begins with, if it does, and the rest of it."""
    name, colon, rest = message.partition(": ")
    if not colon or not key or isinstance(key[-1], int):
        return key, message
    for part in key:
        data = data[part]
    known = isinstance(data, dict) and name in data
    return ((*key, name), rest) if known else (key, message)


def _near(loc: tuple[str | int, ...], schema: Mapping[str, Any]) -> str:
    known = list(described(loc[:-1], schema).get("properties", {}))
    return nearest(str(loc[-1]), known) or (f" (known: {', '.join(known)})" if known else "")


def _choices(loc: tuple[str | int, ...], schema: Mapping[str, Any]) -> list[str]:
    node = described(loc, schema)
    return list(node.get("enum", [node.get("const", "")]))


def described(loc: tuple[str | int, ...], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of the JSON schema that describes a location."""
    node = _plain(schema, schema)
    for part in loc:
        if isinstance(part, int):
            below = node.get("items", node)
        else:
            below = node.get("properties", {}).get(part, node.get("additionalProperties", {}))
        node = _plain(below if isinstance(below, Mapping) else {}, schema)
    return node


def _plain(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node that a reference or an optional one stands for."""
    while True:
        either = (*node.get("anyOf", ()), *node.get("allOf", ()))
        options = [option for option in either if option.get("type") != "null"]
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif options:
            node = options[0]
        else:
            return node
