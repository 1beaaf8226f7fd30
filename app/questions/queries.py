from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Question, QuestionSet


def question_set_by_name(session: Session, name: str) -> QuestionSet | None:
    return session.scalar(select(QuestionSet).where(QuestionSet.name == name))


def question_set_names(session: Session) -> list[str]:
    return list(session.scalars(select(QuestionSet.name).order_by(QuestionSet.name)))


def questions_of(session: Session, question_set_id: int) -> list[Question]:
    statement = (
        select(Question).where(Question.question_set_id == question_set_id).order_by(Question.position)
    )
    return list(session.scalars(statement))


def question_sets(session: Session, offset: int = 0, limit: int | None = None) -> list[QuestionSet]:
    return list(session.scalars(select(QuestionSet).order_by(QuestionSet.name).offset(offset).limit(limit)))


def some_questions(session: Session, question_set_id: int, offset: int, limit: int) -> list[Question]:
    """Some of a set's questions, in their order."""
    statement = select(Question).where(Question.question_set_id == question_set_id)
    return list(session.scalars(statement.order_by(Question.position).offset(offset).limit(limit)))
