"""Who else may see or edit a study, and what of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import Level
from app.audit import record
from app.contract.redaction import without_payment
from app.errors import Conflict, NotFound
from app.models import Study, StudyAccess, User


def seen(draft: dict[str, Any], level: Level) -> dict[str, Any]:
    """A definition as somebody may see it: who may not change it cannot read what people are paid by."""
    return without_payment(draft) if level == "view" else draft


def share(session: Session, study: Study, email: str, level: Level) -> None:
    """Let someone view, edit or own a study, in place of what they might so far.

    Raises: NotFound for an e-mail address without an account; Conflict if no owner would be left.
    """
    email = email.strip().lower()
    user = session.scalar(select(User).where(User.email == email, User.is_active))
    if user is None:
        raise NotFound(f"Nobody signs in as '{email}'. An admin can make an account.")
    granted = session.get(StudyAccess, (study.id, user.id))
    before = granted.level if granted else None
    if granted is None:
        session.add(StudyAccess(study_id=study.id, user_id=user.id, level=level))
    else:
        if level != "own":
            keep_an_owner(session, study, user.id)
        granted.level = level
    record(session, "study.shared", study.slug, {"level": before}, {"level": level, "with": email})


def unshare(session: Session, study: Study, user_id: int) -> None:
    """Take back what was shared, if it still is. Raises: Conflict for the only owner."""
    granted = session.get(StudyAccess, (study.id, user_id))
    if granted is None:
        return
    keep_an_owner(session, study, user_id)
    user = session.get_one(User, user_id)
    session.delete(granted)
    record(session, "study.unshared", study.slug, {"level": granted.level, "with": user.email})


def keep_an_owner(session: Session, study: Study, leaving: int) -> None:
    """Owners' rows stay locked, so that two cannot leave at once."""
    statement = (
        select(StudyAccess.user_id)
        .where(StudyAccess.study_id == study.id, StudyAccess.level == "own")
        .with_for_update()
    )
    if set(session.scalars(statement)) == {leaving}:
        raise Conflict(f"'{study.slug}' would have no owner; make someone else its owner first.")
