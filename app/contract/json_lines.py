"""JSON lines, plain or compressed, with the number of the line in every complaint."""

import gzip
import json
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn, TypeVar, cast

from pydantic import BaseModel

from app.contract.base import InvalidFile, storable_throughout
from app.contract.complaints import quoted, validated

Row = TypeVar("Row", bound=BaseModel)
# More than any real file has, and what a compressed bomb is stopped at while it unfolds.
LARGEST_FILE_BYTES = 512 * 1024 * 1024
LONGEST_LINE_BYTES = 4 * 1024 * 1024
MOST_LINES = 1_000_000
MOST_UNKNOWN_KEYS = 1_000
PACKED = {
    b"PK": "this is a .zip (or a workbook), no JSON lines; unpack it and give the .jsonl in it.",
    b"\x1f\x8b": "this is packed with gzip; give it a name that ends in .gz.",
    b"\xfd7zXZ": "this is packed with xz; give it a name that ends in .xz.",
}
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
DAMAGES = (lzma.LZMAError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, EOFError)


def open_lines(path: Path) -> IO[bytes]:
    """Open a .jsonl file, or a .jsonl.xz or .jsonl.gz. Raises: InvalidFile if there is none."""
    if not path.is_file():
        raise InvalidFile(f"{path}: there is no such file.")
    if path.suffix == ".xz":
        return lzma.open(path)
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def parse_rows(
    stream: IO[bytes], name: str, row_type: type[Row], unknown: Counter[str], most_lines: int = MOST_LINES
) -> Iterator[tuple[int, Row]]:
    """Yield (line number, row); keys the row type does not know are counted in `unknown`.

    Raises: InvalidFile with file, line and reason at the first line that is no such row.
    """
    known = {field.alias or key for key, field in row_type.model_fields.items()}
    try:
        for number, content in numbered_lines(stream, name, most_lines):
            line = decode(content, number, f"{name}, line {number}")
            if line.strip():
                fields = parse_object(line, f"{name}, line {number}")
                unknown.update(
                    key.encode("utf-8", "backslashreplace").decode() for key in fields.keys() - known
                )
                if len(unknown) > MOST_UNKNOWN_KEYS:
                    raise InvalidFile(
                        f"{name}, line {number}: more than {MOST_UNKNOWN_KEYS:,} keys that are not known."
                    )
                yield number, validated(row_type, fields, f"{name}, line {number}")
    except DAMAGES as error:
        raise InvalidFile(f"{name}: the compressed file is damaged ({error}).") from error


def numbered_lines(stream: IO[bytes], name: str, most_lines: int = MOST_LINES) -> Iterator[tuple[int, bytes]]:
    """Yield the lines, counted from 1, and stop at a file that is too large to be one of ours."""
    size = 0
    for number in range(1, most_lines + 1):
        content = stream.readline(LONGEST_LINE_BYTES + 1)
        if not content:
            return
        if len(content) > LONGEST_LINE_BYTES:
            raise InvalidFile(f"{name}, line {number}: longer than {mebibytes(LONGEST_LINE_BYTES)}.")
        size += len(content)
        if size > LARGEST_FILE_BYTES:
            raise InvalidFile(
                f"{name}, line {number}: the file holds more than {mebibytes(LARGEST_FILE_BYTES)}."
            )
        yield number, content
    if stream.read(1):
        raise InvalidFile(f"{name}: the file has more than {most_lines:,} lines.")


def mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:g} MiB"


def decode(content: bytes, number: int, where: str) -> str:
    if number == 1 and content.startswith(BYTE_ORDER_MARKS):
        raise InvalidFile(f"{where}: this is UTF-16 text; save it as UTF-8.")
    for beginning, advice in PACKED.items():
        if number == 1 and content.startswith(beginning):
            raise InvalidFile(f"{where}: {advice}")
    try:
        return content.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidFile(f"{where}: not UTF-8 text ({error.reason} at byte {error.start}).") from error


def parse_object(line: str, where: str) -> dict[str, object]:
    try:
        value = parse_json(line)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{where}: not JSON ({error}).") from error
    if not isinstance(value, dict):
        raise InvalidFile(f"{where}: expected an object like {{...}}, found {quoted(value)}.")
    return value


def parse_json(text: str) -> object:
    """Raises: ValueError for what JSON leaves open: a key that is there twice, NaN and Infinity."""
    return json.loads(text, object_pairs_hook=without_repetition, parse_constant=no_number)


def without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {json.dumps(key)} is there twice")
    return found


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def read_manifest(kind: type[Row], content: bytes, name: str, version: tuple[str, int]) -> Row:
    """A manifest, of which a newer release may have written a newer `version`: a key, and what we read.

    Raises: InvalidFile.
    """
    key, newest = version
    try:
        fields = parse_json(decode(content, 1, name))
        storable_throughout(fields)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{name}: not JSON as it can be stored ({error}).") from error
    written = fields.get(key) if isinstance(fields, dict) else None
    if isinstance(written, int) and written > newest:
        raise InvalidFile(
            f"{name}: written as version {written}; this release reads version {newest}. "
            "Upgrade Honeyglass to read it."
        )
    return validated(kind, fields, name)
