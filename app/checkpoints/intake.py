"""Take a student in: copy its files into the home, hash them, check all that can be checked without loading.

Files are copied, never referenced in place: what was verified is what will be asked, whatever happens to the
folder it came from. Nothing here touches the database.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.checkpoints.archive import CHUNK_BYTES, Room, extract, is_archive
from app.checkpoints.hub import download
from app.contract.base import InvalidFile, sha256_of
from app.contract.student import STUDENT, StudentManifest, read_student
from app.contract.weights import (
    HUB_ID,
    PICKLES,
    check_weights,
    is_tokenizer,
    is_wanted,
    is_weights,
    refuse_foreign_code,
    refuse_strange_base,
    refuse_unfit_tokenizer,
)
from app.errors import Invalid
from app.settings import Settings

NO_MANIFEST = (
    f"There is no {STUDENT} beside the weights. A training run writes it last, so either the run has not "
    f"finished, or the same fields have to be given beside it: in the form, or by --manifest FILE."
)


@dataclass(frozen=True)
class TakenIn:
    """A student's files in the home, checked; `service.register` makes a checkpoint of it."""

    folder: str
    source: str
    manifest: StudentManifest
    files: dict[str, dict[str, Any]]
    left_behind: list[str]

    @property
    def model_sha256(self) -> str:
        return self.hash_of(is_weights)

    @property
    def tokenizer_sha256(self) -> str:
        return self.hash_of(is_tokenizer)

    def hash_of(self, belongs: Any) -> str:  # noqa: ANN401  # a predicate on names
        """One hash for all files of a kind: that of their names and hashes, sorted."""
        return sha256_of({name: entry["sha256"] for name, entry in self.files.items() if belongs(name)})


def checkpoints_folder(settings: Settings) -> Path:
    return settings.home / "checkpoints"


def take_in(settings: Settings, source: str, manifest: StudentManifest | None = None) -> TakenIn:
    """Take in a folder, an archive or a hub id. Raises: InvalidFile or Invalid, saying what to do."""
    path = Path(source)
    if not path.exists() and HUB_ID.match(source) and not source.startswith((".", "/")):
        path = download(source)
    if not path.exists():
        raise Invalid(f"{source}: there is no such folder, archive or hub id (like owner/name).")
    left_room = room(settings)
    with fresh_folder(settings) as target:
        if path.is_dir():
            left = copy_folder(path, target, allowed_roots(settings, path), left_room)
        elif is_archive(path):
            left = extract(path, target, left_room)
        else:
            raise Invalid(f"{path.name}: expected a folder, a .zip or a .tar.gz.")
        return check(target, source, manifest, left)


def take_in_below_root(settings: Settings, relative: str, manifest: StudentManifest | None = None) -> TakenIn:
    """Take in what a browser named: a path below the configured root and nothing else."""
    if settings.checkpoint_root is None:
        raise Invalid("Set HONEYGLASS_CHECKPOINT_ROOT to the folder that students may be taken from.")
    root = settings.checkpoint_root.resolve()
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise Invalid(f"'{relative}' leads out of the folder that students may be taken from.")
    if not path.exists():
        raise Invalid(f"There is no '{relative}' in the folder that students may be taken from.")
    return replace(take_in(settings, str(path), manifest), source=relative)


def room(settings: Settings) -> Room:
    """What one more checkpoint may take. Raises: Invalid if all of them together may not take any more."""
    files = checkpoints_folder(settings).rglob("*")
    left = settings.checkpoint_quota_mb * 2**20 - sum(path.stat().st_size for path in files if path.is_file())
    if left <= 0:
        raise Invalid(
            f"The checkpoints' files fill the {settings.checkpoint_quota_mb:,} MB that "
            "HONEYGLASS_CHECKPOINT_QUOTA_MB allows. Raise it, or delete the files of a "
            "retired one: honeyglass checkpoint purge NAME."
        )
    largest = settings.largest_checkpoint_mb * 2**20
    if largest <= left:
        return Room(largest, "HONEYGLASS_LARGEST_CHECKPOINT_MB allows")
    return Room(left, "HONEYGLASS_CHECKPOINT_QUOTA_MB leaves")


@contextmanager
def fresh_folder(settings: Settings) -> Iterator[Path]:
    """A new folder in the home, gone again if anything is refused."""
    target = checkpoints_folder(settings) / uuid.uuid4().hex
    target.mkdir(parents=True)
    try:
        yield target
    except BaseException:
        shutil.rmtree(target)
        raise


@contextmanager
def kept_if_registered(settings: Settings, taken: TakenIn) -> Iterator[None]:
    """Around what makes a checkpoint of it: if that is refused, the files go again."""
    try:
        yield
    except BaseException:
        discard(settings, taken.folder)
        raise


def discard(settings: Settings, folder: str) -> None:
    shutil.rmtree(checkpoints_folder(settings) / folder, ignore_errors=True)


def allowed_roots(settings: Settings, folder: Path) -> list[Path]:
    cache = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    roots = [folder, cache, *([settings.checkpoint_root] if settings.checkpoint_root else [])]
    return [root.resolve() for root in roots]


def copy_folder(folder: Path, target: Path, roots: list[Path], room: Room) -> list[str]:
    """Copy the files a student needs; the names of the others come back, unopened."""
    left, size = [], 0
    for path in sorted(folder.iterdir()):
        if path.is_dir() or not is_wanted(path.name):
            left.append(path.name + ("/" if path.is_dir() else ""))
            continue
        real = path.resolve()
        if not any(real.is_relative_to(root) for root in roots):
            raise InvalidFile(f"{path.name}: a link that leads out of the folder; put the file itself there.")
        if not real.is_file():
            raise InvalidFile(f"{path.name}: a link to nothing, or no plain file.")
        size += real.stat().st_size
        if size > room.bytes:
            raise InvalidFile(f"{folder.name}: more than the {room}.")
        shutil.copyfile(real, target / path.name)
    return left


def check(target: Path, source: str, given: StudentManifest | None, left: list[str]) -> TakenIn:
    """All that can be said without loading the model."""
    names = sorted(path.name for path in target.iterdir())
    pickles = [name for name in left if Path(name).suffix in PICKLES and not is_never_weights(name)]
    own = read_student(target / STUDENT) if STUDENT in names else None
    tensors = check_weights(target, names, pickles)
    manifest = given or own
    if manifest is None:
        raise InvalidFile(NO_MANIFEST)
    files = {
        name: {"sha256": hash_of(target / name), "bytes": (target / name).stat().st_size} for name in names
    }
    compare_hashes(manifest, files, left)
    refuse_unfit_tokenizer(target, tensors)
    refuse_foreign_code(target, names)
    refuse_strange_base(manifest.base)
    refuse_wrong_kind(manifest, names)
    return TakenIn(
        folder=target.name, source=source, manifest=manifest, files=files, left_behind=sorted(left)
    )


def is_never_weights(name: str) -> bool:
    """What a trainer leaves beside the weights; it says nothing about how the student is stored."""
    return name.startswith(("training_args", "optimizer", "scheduler", "rng_state", "scaler"))


def hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def compare_hashes(manifest: StudentManifest, files: dict[str, dict[str, Any]], left: list[str]) -> None:
    for name, promised in manifest.files.items():
        if name not in files and name not in left:
            raise InvalidFile(f"{name}: named in {STUDENT}, but not there; copy the whole folder.")
        if name in files and files[name]["sha256"] != promised:
            raise InvalidFile(
                f"{name}: its SHA-256 is {files[name]['sha256'][:12]}…, but {STUDENT} says "
                f"{promised[:12]}…; the file was changed or damaged, copy it again."
            )


def refuse_wrong_kind(manifest: StudentManifest, names: list[str]) -> None:
    has_adapter = "adapter_config.json" in names
    if manifest.adapter is not None and not has_adapter:
        raise InvalidFile(f"{STUDENT} speaks of an adapter, but there is no adapter_config.json.")
    if manifest.adapter is None and has_adapter:
        raise InvalidFile(f"There is an adapter, but {STUDENT} speaks of none ('adapter' is null).")
    if not has_adapter and "config.json" not in names and not any(n.endswith(".gguf") for n in names):
        raise InvalidFile("config.json: not there; copy the whole folder.")
