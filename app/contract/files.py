"""Files that appear whole: who reads one never finds half of it, and a power cut leaves the old one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

LONGEST_SHOWN = 40  # of a file's name in that of its partial one, which may be no longer than 255 bytes


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write instead; what lies there takes the place of `path` once the block has ended well.

    The place is the writer's own: nobody else's file is touched, and of two writers the later one stays.
    """
    place = path.resolve()  # a link stays, and leads to what is new
    partial = place.with_name(f"{place.name[:LONGEST_SHOWN]}.{uuid4().hex}.partial")
    try:
        yield partial
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
