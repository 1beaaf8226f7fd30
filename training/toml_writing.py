"""Write a TOML file: what a run was given, so that it can be read and repeated."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def dump_toml(table: Mapping[str, Any]) -> str:
    return "\n".join(toml_lines(table, ())) + "\n"


def toml_lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the table's own values first, then its tables, each under its full name."""
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{toml_value(key)} = {toml_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = (*path, key)
            yield f"\n[{'.'.join(toml_value(part) for part in inner)}]"
            yield from toml_lines(value, inner)


def toml_value(value: object) -> str:
    """Dates and times are refused: no config of ours has any. Raises: TypeError."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_value(key)} = {toml_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    raise TypeError(f"{type(value).__name__} is not written to TOML")
