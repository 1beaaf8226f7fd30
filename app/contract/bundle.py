"""Explanation bundles: what a student (or anyone) answered and explained, as files.

A bundle is a folder or .zip with `manifest.json` and `explanations.jsonl`; a bare JSON-lines file is a
bundle without a manifest. `write_bundle` and `read_bundle` are the only code that knows the layout.
"""

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import Buffer

from app.contract.base import InvalidFile, is_none
from app.contract.json_lines import (
    DAMAGES,
    LARGEST_FILE_BYTES,
    MOST_LINES,
    mebibytes,
    open_lines,
    parse_rows,
    read_manifest,
)
from app.contract.question import Bounded, Choices, Filled, Key

MANIFEST = "manifest.json"
EXPLANATIONS = "explanations.jsonl"
LARGEST_MANIFEST_BYTES = 1024 * 1024
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class BundleRow(BaseModel):
    """One line of explanations.jsonl; nothing is trimmed, raw text is stored as it came."""

    model_config = ConfigDict(frozen=True)

    question_id: Key | None
    premise: Filled | None = Field(None, exclude_if=is_none)
    question: Filled
    choices: Choices
    correct_answer: Bounded
    predicted_answer: Bounded | None
    explanation: Bounded | None


class BundleManifest(BaseModel):
    """Where the explanations come from; `provenance` is free, the rest is checked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["honeyglass-bundle"] = "honeyglass-bundle"
    version: Literal[1] = 1
    name: str
    description: str = ""
    licence: str = ""
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    provenance: dict[str, JsonValue] = Field(default_factory=dict)
    rows: int | None = Field(None, ge=0)
    sha256: str | None = None


@dataclass(frozen=True)
class Bundle:
    manifest: BundleManifest | None
    rows: tuple[tuple[int, BundleRow], ...]  # each with its line number
    unknown_keys: Counter[str]
    sha256: str  # of explanations.jsonl, uncompressed


def write_bundle(folder: Path, manifest: BundleManifest, rows: Iterable[BundleRow]) -> None:
    """Write a bundle's folder, the manifest last: its presence means the bundle is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [row.model_dump_json() for row in rows]
    text = "".join(f"{line}\n" for line in lines)
    (folder / EXPLANATIONS).write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    complete = manifest.model_copy(update={"rows": len(lines), "sha256": digest})
    (folder / MANIFEST).write_text(complete.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_bundle(path: Path, most_lines: int = MOST_LINES) -> Bundle:
    """Read a folder, a .zip or a bare JSON-lines file; nothing outside of it is ever read or written.

    Raises: InvalidFile naming file, line and reason for anything malformed, a hash or a count that
    differs from the manifest's, or a manifest of a version this release does not know.
    """
    unknown: Counter[str] = Counter()
    try:
        with open_members(path) as (manifest, stream, name):
            digest = HashingReader(stream)
            rows = tuple(parse_rows(io.BufferedReader(digest), name, BundleRow, unknown, most_lines))
    except (*DAMAGES, RuntimeError) as error:  # damaged, or encrypted
        raise InvalidFile(f"{path}: not a readable .zip ({error}).") from error
    sha256 = digest.hasher.hexdigest()
    if not rows:
        raise InvalidFile(f"{name}: holds no explanations.")
    if manifest is not None:
        check_against(manifest, len(rows), sha256, name)
    return Bundle(manifest, rows, unknown, sha256)


class HashingReader(io.RawIOBase):
    """Hashes a stream while it is read, so that a bundle is read once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.hasher = stream, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self.stream.read(len(view))
        view[: len(data)] = data
        self.hasher.update(data)
        return len(data)


@contextmanager
def open_members(path: Path) -> Iterator[tuple[BundleManifest | None, IO[bytes], str]]:
    if path.is_dir():
        manifest = parse_manifest(read_file(path / MANIFEST), MANIFEST)
        refuse_link_outside(path / EXPLANATIONS)
        with open_lines(path / EXPLANATIONS) as stream:
            yield manifest, stream, EXPLANATIONS
    elif path.suffix == ".zip":
        with open_zip(path) as archive:
            manifest_member = member(archive, MANIFEST, LARGEST_MANIFEST_BYTES)
            explanations = member(archive, EXPLANATIONS, LARGEST_FILE_BYTES)
            manifest = parse_manifest(archive.read(manifest_member), MANIFEST)
            with archive.open(explanations) as stream:
                yield manifest, stream, path.name
    else:
        with open_lines(path) as stream:
            yield None, stream, path.name


def read_file(path: Path) -> bytes:
    if not path.is_file():
        raise InvalidFile(
            f"{path.parent}: no {path.name} in it; "
            f"a bundle is a folder or .zip with {MANIFEST} and {EXPLANATIONS}."
        )
    refuse_link_outside(path)
    if path.stat().st_size > LARGEST_MANIFEST_BYTES:
        raise InvalidFile(f"{path.name}: larger than {mebibytes(LARGEST_MANIFEST_BYTES)}.")
    return path.read_bytes()


def refuse_link_outside(path: Path) -> None:
    """Refuse a file of a bundle's folder that is a link to somewhere else."""
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise InvalidFile(
            f"{path.name}: a link that leads out of the bundle's folder; put the file itself there."
        )


def open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InvalidFile(f"{path}: not a readable .zip ({error}).") from error


def member(archive: zipfile.ZipFile, name: str, largest: int) -> zipfile.ZipInfo:
    """The one member of that name, at the top or in a folder; it is read, and nothing is ever extracted.

    `largest` is what it may declare to unpack to; no more than it declares is unpacked.
    """
    found = [info for info in archive.infolist() if Path(info.filename).name == name]
    if len(found) != 1:
        raise InvalidFile(f"{archive.filename}: expected one {name} in it, found {len(found)}.")
    if found[0].file_size > largest:
        raise InvalidFile(f"{archive.filename}: {name} would unpack to more than {mebibytes(largest)}.")
    if found[0].compress_type not in COMPRESSIONS:
        raise InvalidFile(f"{archive.filename}: {name} is packed in an unusual way; zip it again (deflate).")
    return found[0]


def parse_manifest(content: bytes, name: str) -> BundleManifest:
    return read_manifest(BundleManifest, content, name, ("version", 1))


def check_against(manifest: BundleManifest, rows: int, sha256: str, name: str) -> None:
    if manifest.rows is not None and manifest.rows != rows:
        raise InvalidFile(
            f"{name}: {rows} rows, but the manifest promises {manifest.rows}; "
            "the file is not the one described."
        )
    if manifest.sha256 is not None and manifest.sha256 != sha256:
        raise InvalidFile(
            f"{name}: its SHA-256 is {sha256}, but the manifest says {manifest.sha256}; the file was changed."
        )
