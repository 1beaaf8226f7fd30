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
