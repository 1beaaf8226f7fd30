from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Bundle, Explanation


def bundle_by_name(session: Session, name: str) -> Bundle | None:
    return session.scalar(select(Bundle).where(Bundle.name == name))


def bundle_names(session: Session) -> list[str]:
    return list(session.scalars(select(Bundle.name).order_by(Bundle.name)))


def explanations_of(session: Session, bundle_id: int) -> dict[int, Explanation]:
    """Question id → explanation."""
    found = session.scalars(select(Explanation).where(Explanation.bundle_id == bundle_id))
    return {explanation.question_id: explanation for explanation in found}
