"""A file of JSON lines that survives being killed: appended line by line, its half-written end cut off."""

import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.contract.base import InvalidFile


class JsonLog:
    """Holds the rows there are; `append` is safe from several threads and has reached the disk on return."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.repaired_bytes = cut_half_line(path)
        self.rows = read_lines(path)
        self.lock = threading.Lock()
        self.stream = path.open("ab")

    def append(self, row: dict[str, Any]) -> None:
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self.lock:
            self.stream.write(line.encode("utf-8", "backslashreplace"))
            self.stream.flush()
            os.fsync(self.stream.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()


def cut_half_line(path: Path) -> int:
    """Cut off what comes after the last line break; how many bytes that was."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as stream:
            stream.truncate(whole)
    return len(content) - whole


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Raises: InvalidFile with the line that is no JSON object; only the last can be half-written."""
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidFile(f"{path.name}, line {number}: not JSON ({error}).") from error
        if not isinstance(row, dict):
            raise InvalidFile(f"{path.name}, line {number}: expected an object like {{...}}.")
        rows.append(row)
    return rows
