from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Checkpoint


def checkpoint_by_name(session: Session, name: str) -> Checkpoint:
    """Raises: NotFound, naming the checkpoints there are."""
    found = session.scalar(select(Checkpoint).where(Checkpoint.name == name))
    if found is None:
        known = ", ".join(session.scalars(select(Checkpoint.name).order_by(Checkpoint.name))) or "none yet"
        raise NotFound(f"There is no checkpoint '{name}'. Checkpoints: {known}.")
    return found


def checkpoints(session: Session, offset: int = 0, limit: int | None = None) -> list[Checkpoint]:
    statement = select(Checkpoint).order_by(Checkpoint.name)
    return list(session.scalars(statement.offset(offset).limit(limit)))


def to_verify(session: Session) -> list[int]:
    """Ids of the checkpoints a worker still has to try."""
    waiting = select(Checkpoint.id).where(Checkpoint.state.in_(["registered", "verifying"]))
    return list(session.scalars(waiting.order_by(Checkpoint.id)))


def folders_by_file(session: Session) -> dict[str, tuple[str, str]]:
    """SHA-256 of a file → folder and name, over all checkpoints: where a base model may lie."""
    found = session.execute(select(Checkpoint.folder, Checkpoint.files))
    return {entry["sha256"]: (folder, name) for folder, files in found for name, entry in files.items()}
