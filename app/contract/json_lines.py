"""JSON lines, plain or compressed, with the number of the line in every complaint."""

import gzip
import json
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeVar, cast

from pydantic import BaseModel, ValidationError

from app.contract.base import InvalidFile

Row = TypeVar("Row", bound=BaseModel)


def open_lines(path: Path) -> IO[bytes]:
    """Open a .jsonl file, or a .jsonl.xz or .jsonl.gz. Raises: InvalidFile if there is none."""
    if not path.is_file():
        raise InvalidFile(f"{path}: there is no such file.")
    if path.suffix == ".xz":
        return lzma.open(path)
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def parse_rows(
    stream: IO[bytes], name: str, row_type: type[Row], unknown: Counter[str]
) -> Iterator[tuple[int, Row]]:
    """Yield (line number, row); keys the row type does not know are counted in `unknown`.

    Raises: InvalidFile with file, line and reason at the first line that is no such row.
    """
    known = {field.alias or key for key, field in row_type.model_fields.items()}
    try:
        for number, content in enumerate(stream, 1):
            line = decode(content, number, f"{name}, line {number}")
            if line.strip():
                fields = parse_object(line, f"{name}, line {number}")
                unknown.update(
                    key.encode("utf-8", "backslashreplace").decode() for key in fields.keys() - known
                )
                yield number, validate(row_type, fields, f"{name}, line {number}")
    except (lzma.LZMAError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, EOFError) as error:
        raise InvalidFile(f"{name}: the compressed file is damaged ({error}).") from error


def decode(content: bytes, number: int, where: str) -> str:
    try:
        return content.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{where}: not UTF-8 text ({error.reason} at byte {error.start}).") from error


def parse_object(line: str, where: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{where}: not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise InvalidFile(f"{where}: expected an object like {{...}}, found {type(value).__name__}.")
    return value


def validate(row_type: type[Row], fields: dict[str, object], where: str) -> Row:
    try:
        return row_type.model_validate(fields)
    except ValidationError as error:
        reasons = "; ".join(reason(problem["loc"], problem["msg"]) for problem in error.errors())
        raise InvalidFile(f"{where}: {reasons}.") from error


def reason(location: tuple[int | str, ...], said: str) -> str:
    path = ".".join(str(part) for part in location)
    return f"{path}: {said}" if path else said
