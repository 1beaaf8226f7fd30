"""Unpack an uploaded .zip or .tar.gz without trusting a word of it.

Names that lead elsewhere, links and devices are refused, sizes are limited twice: by what the archive
declares before anything is written, and by what really comes out.
"""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from app.contract.base import InvalidFile
from app.contract.weights import is_wanted

MOST_MEMBERS = 10_000
MOST_FOLD = 200  # weights hardly shrink; only a bomb unpacks to so many times its size
SMALL_BYTES = 64 * 1024 * 1024  # below which nobody minds how well something was packed
LONGEST_NAME_BYTES = 255  # what file systems take
LARGEST_TAR_HEADER_BYTES = 16 * 1024  # of one member; twice what names, links and times fill at the most
CHUNK_BYTES = 1024 * 1024
DAMAGES = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, LZMAError, NotImplementedError),
    *(
        ValueError,
        OverflowError,
        IndexError,
        struct.error,
        gzip.BadGzipFile,
    ),  # what a broken header makes the reader stumble over
)


@dataclass(frozen=True)
class Room:
    """How many bytes may be written, and the setting that says so."""

    bytes: int
    rule: str

    def __str__(self) -> str:
        return f"{self.bytes // 2**20:,} MB that {self.rule}"


@dataclass(frozen=True)
class Member:
    name: str
    size: int
    is_file: bool
    is_folder: bool
    handle: zipfile.ZipInfo | tarfile.TarInfo


def is_archive(path: Path) -> bool:
    return path.name.endswith((".zip", ".tar.gz", ".tgz"))


def extract(path: Path, target: Path, room: Room) -> list[str]:
    """Unpack the files a checkpoint needs; the names of the others come back.

    Raises: InvalidFile, a sentence, for anything that is not a plain, safe archive within the limit.
    """
    try:
        with opened(path) as archive:
            members = checked(archive, path, room)
            left = []
            remaining = room.bytes
            for member in members:
                if not is_wanted(member.name):
                    left.append(member.name)
                    continue
                with opened_member(archive, member) as stream:
                    remaining -= write(stream, target / member.name, min(remaining, member.size), path)
            return left
    except InvalidFile:
        raise
    except (*DAMAGES, RuntimeError) as error:  # RuntimeError: encrypted, or headers of headers without end
        raise InvalidFile(f"{path.name}: cannot be unpacked ({error}).") from error


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            yield archive
    else:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=SmallHeaders(unpacked), mode="r:") as archive:
            yield archive


class SmallHeaders(io.RawIOBase):
    """An unpacked .tar that gives its reader small pieces alone, until `is_listed` is set.

    A member may carry headers of any length, which the reader takes as a whole, and searches by patterns
    whose time grows with the square of the length.
    """

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self.unpacked, self.is_listed = unpacked, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self.is_listed and not 0 <= size <= LARGEST_TAR_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of more than {LARGEST_TAR_HEADER_BYTES // 1024} KiB")
        return self.unpacked.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.unpacked.seek(offset, whence)

    def tell(self) -> int:
        return self.unpacked.tell()


def checked(archive: zipfile.ZipFile | tarfile.TarFile, path: Path, room: Room) -> list[Member]:
    """The files in it, without the one folder they may all lie in; refused before anything is written."""
    files: list[Member] = []
    declared, seen = 0, set()
    for number, member in enumerate(members_of(archive), 1):
        if number > MOST_MEMBERS:
            raise InvalidFile(f"{path.name}: holds more than {MOST_MEMBERS:,} files.")
        refuse_unsafe(member, path)
        declared += member.size
        if declared > room.bytes:
            raise InvalidFile(f"{path.name}: would unpack to more than the {room}.")
        if declared > max(SMALL_BYTES, MOST_FOLD * path.stat().st_size):
            raise InvalidFile(f"{path.name}: would unpack to more than {MOST_FOLD} times its own size.")
        if member.is_file:
            if member.name.casefold() in seen:
                raise InvalidFile(f"{path.name}: holds '{member.name}' twice.")
            seen.add(member.name.casefold())
            files.append(member)
    if isinstance(archive, tarfile.TarFile) and isinstance(archive.fileobj, SmallHeaders):
        archive.fileobj.is_listed = True
    return without_common_folder(files)


def members_of(archive: zipfile.ZipFile | tarfile.TarFile) -> Iterator[Member]:
    if isinstance(archive, zipfile.ZipFile):
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            is_file = kind in {0, stat.S_IFREG} and not info.is_dir()
            yield Member(
                name=info.filename, size=info.file_size, is_file=is_file, is_folder=info.is_dir(), handle=info
            )
    else:
        for entry in archive:
            yield Member(
                name=entry.name, size=entry.size, is_file=entry.isreg(), is_folder=entry.isdir(), handle=entry
            )


def refuse_unsafe(member: Member, path: Path) -> None:
    parts = PurePosixPath(member.name).parts
    if not parts or any(len(part.encode("utf-8", "replace")) > LONGEST_NAME_BYTES for part in parts):
        raise InvalidFile(
            f"{path.name}: holds a name without letters, or of more than {LONGEST_NAME_BYTES} bytes."
        )
    if not member.name.isprintable():
        raise InvalidFile(f"{path.name}: {member.name!a} has letters that no name of a file should have.")
    if member.name.startswith("/") or ".." in parts or "\\" in member.name or ":" in member.name:
        raise InvalidFile(
            f"{path.name}: '{member.name}' leads out of the archive, so none of it is unpacked."
        )
    if not member.is_file and not member.is_folder:
        raise InvalidFile(f"{path.name}: '{member.name}' is a link or a device; pack the files themselves.")


def without_common_folder(files: list[Member]) -> list[Member]:
    tops = {PurePosixPath(member.name).parts[0] for member in files}
    if len(tops) == 1 and all(len(PurePosixPath(member.name).parts) > 1 for member in files):
        return [
            Member(
                name=str(PurePosixPath(*PurePosixPath(m.name).parts[1:])),
                size=m.size,
                is_file=True,
                is_folder=False,
                handle=m.handle,
            )
            for m in files
        ]
    return [
        Member(name=str(PurePosixPath(m.name)), size=m.size, is_file=True, is_folder=False, handle=m.handle)
        for m in files
    ]


@contextmanager
def opened_member(archive: zipfile.ZipFile | tarfile.TarFile, member: Member) -> Iterator[IO[bytes]]:
    if isinstance(archive, zipfile.ZipFile):
        assert isinstance(member.handle, zipfile.ZipInfo)  # noqa: S101  # members_of made it
        with archive.open(member.handle) as stream:
            yield stream
    else:
        assert isinstance(member.handle, tarfile.TarInfo)  # noqa: S101  # the same
        extracted = archive.extractfile(member.handle)
        assert extracted is not None  # noqa: S101  # a regular file
        with extracted as stream:
            yield stream


def write(stream: IO[bytes], target: Path, largest: int, path: Path) -> int:
    """Write no more than the archive declared, whatever really comes out."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            written += len(chunk)
            if written > largest:
                raise InvalidFile(f"{path.name}: '{target.name}' unpacks to more than it declares.")
            out.write(chunk)
    return written
