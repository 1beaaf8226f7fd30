from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.contract.base import name_problem
from app.contract.question_set import QuestionSet as QuestionSetFile
from app.errors import Conflict, Invalid
from app.models import Question, QuestionSet


def import_questions(session: Session, found: QuestionSetFile, name: str) -> QuestionSet:
    """Store a question set, which was read as a whole before the transaction began.

    Raises: Invalid for an impossible name, Conflict for one that is taken.
    """
    if problem := name_problem(name):
        raise Invalid(problem)
    if session.scalar(select(QuestionSet.id).where(QuestionSet.name == name)) is not None:
        raise Conflict(f"There is a question set named '{name}' already; choose another name.")
    stored = QuestionSet(
        name=name,
        format=found.format,
        source_sha256=found.sha256,
        created_at=datetime.now(UTC),
        counts={
            "questions": len(found.questions),
            "ignored_keys": dict(found.unknown_keys),
            "answer_not_a_choice": found.answer_not_a_choice,
            "repeated_choices": found.repeated_choices,
        },
    )
    session.add(stored)
    session.flush()
    session.execute(
        insert(Question),
        [
            {
                "question_set_id": stored.id,
                "position": position,
                "key": question.key,
                "premise": question.premise,
                "text": question.question,
                "choices": list(question.choices),
                "correct_answer": question.answer,
            }
            for position, question in enumerate(found.questions, 1)
        ],
    )
    return stored


def sentence(stored: QuestionSet) -> str:
    """What was imported, for whoever imported it."""
    counts = stored.counts
    ignored = ", ".join(f"{key} ({count})" for key, count in sorted(counts["ignored_keys"].items())) or "none"
    return (
        f"Imported {counts['questions']} questions as '{stored.name}'. Ignored keys: {ignored}. "
        f"Right answers that are no choice: {counts['answer_not_a_choice']}. "
        f"Questions with a repeated choice: {counts['repeated_choices']}."
    )
