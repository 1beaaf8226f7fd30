"""What lies in HONEYGLASS_HOME is its owner's alone: folders 0700, files 0600."""

import os
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o077


def make(home: Path) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def keep_private() -> None:
    """Whatever this process and its children make from now on is readable by its owner alone."""
    os.umask(OTHERS)


def close(home: Path, but: str) -> str:
    """Take from others what they may do with the home and all in it; a sentence that says how much, or none.

    The file named `but` is left alone: a key that others could read is refused, not tidied.
    """
    mended, foreign = 0, 0
    for path in [home, *inside(home)]:
        mode = path.lstat().st_mode
        if path.is_symlink() or path == home / but or not mode & OTHERS:
            continue
        try:
            path.chmod(mode & ~OTHERS)
            mended += 1
        except PermissionError:
            foreign += 1
    said = [f"{mended} files and folders in {home} were open to others and are closed now."] if mended else []
    if foreign:
        said.append(
            f"{foreign} in {home} are open to others and belong to someone else: close them yourself."
        )
    return " ".join(said)


def inside(home: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(home):
        yield from (Path(folder) / name for name in (*folders, *files))
