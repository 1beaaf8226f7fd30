from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Bundle, Explanation, Question, QuestionSet


def bundle_by_name(session: Session, name: str) -> Bundle | None:
    return session.scalar(select(Bundle).where(Bundle.name == name))


def bundle_names(session: Session) -> list[str]:
    return list(session.scalars(select(Bundle.name).order_by(Bundle.name)))


def explanations_of(session: Session, bundle_id: int) -> dict[int, Explanation]:
    """Question id → explanation."""
    found = session.scalars(select(Explanation).where(Explanation.bundle_id == bundle_id))
    return {explanation.question_id: explanation for explanation in found}


@dataclass(frozen=True)
class BundleRow:
    bundle: Bundle
    question_set: str


def bundles(session: Session, offset: int = 0, limit: int | None = None) -> list[BundleRow]:
    statement = (
        select(Bundle, QuestionSet.name)
        .join(QuestionSet, QuestionSet.id == Bundle.question_set_id)
        .order_by(Bundle.name)
        .offset(offset)
        .limit(limit)
    )
    return [BundleRow(row[0], row[1]) for row in session.execute(statement)]


def question_set_name(session: Session, question_set_id: int) -> str:
    return session.get_one(QuestionSet, question_set_id).name


@dataclass(frozen=True)
class ExplanationRow:
    question: Question
    explanation: Explanation


def some_explanations(session: Session, bundle_id: int, offset: int, limit: int) -> list[ExplanationRow]:
    """Some of a bundle's explanations, in the questions' order."""
    statement = (
        select(Question, Explanation)
        .join(Explanation, Explanation.question_id == Question.id)
        .where(Explanation.bundle_id == bundle_id)
        .order_by(Question.position)
        .offset(offset)
        .limit(limit)
    )
    return [ExplanationRow(row[0], row[1]) for row in session.execute(statement)]
