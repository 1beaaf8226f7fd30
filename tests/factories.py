"""Typed factories: a small study with what a test cares about, everything else harmless."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.contract.study import StudyDefinition
from app.models import Bundle, Explanation, Question, QuestionSet, Study
from app.studies import service

LABELS = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"]


def make_definition(**changes: Any) -> StudyDefinition:
    """A two-condition study of two items each, without preparation or questionnaire; `changes` by key.

    `design` is merged, everything else replaced.
    """
    design = {"items_per_condition": 2, "ratings_per_item": 2, **changes.pop("design", {})}
    fields: dict[str, Any] = {
        "version": 1,
        "slug": "small",
        "title": "A small study",
        "conditions": [make_condition("one"), make_condition("two")],
        "questions": {"set": "set", "draw": {"count": 8, "seed": 1}},
        "constructs": [
            {"key": "plausibility", "statement": "The explanation is plausible.", "scale": "agreement"},
            {"key": "completeness", "statement": "The explanation is complete.", "scale": "agreement"},
        ],
        "scales": {"agreement": LABELS},
        "pages": {"consent": "Consent text", "instructions": "Instructions text", "debrief": "Debrief text"},
        "recruitment": {"platform": "link", "codes": {"completed": "DONE"}},
    }
    return StudyDefinition.model_validate({**fields, "design": design, **changes})


def make_condition(key: str) -> dict[str, Any]:
    return {"key": key, "label": key.title(), "source": {"bundle": f"bundle-{key}"}}


def make_question_set(session: Session, count: int = 8, name: str = "set") -> QuestionSet:
    made = QuestionSet(
        name=name, format="cqa", source_sha256="0" * 64, counts={}, created_at=datetime.now(UTC)
    )
    session.add(made)
    session.flush()
    for number in range(1, count + 1):
        session.add(make_question(made, number))
    session.flush()
    return made


def make_question(question_set: QuestionSet, number: int) -> Question:
    return Question(
        question_set_id=question_set.id,
        position=number,
        key=f"q{number}",
        text=f"Question {number}?",
        choices=["yes", "no", "maybe"],
        correct_answer="yes",
    )


def make_bundle(session: Session, question_set: QuestionSet, name: str, answer: str = "yes") -> Bundle:
    """A bundle that explains every question of a set with the same answer."""
    bundle = Bundle(
        name=name,
        question_set_id=question_set.id,
        manifest={},
        source_sha256="0" * 64,
        cleaning="first-paragraph/1",
        counts={},
        created_at=datetime.now(UTC),
    )
    session.add(bundle)
    session.flush()
    for question in session.query(Question).filter_by(question_set_id=question_set.id):
        session.add(
            Explanation(
                bundle_id=bundle.id,
                question_id=question.id,
                predicted_answer=answer,
                raw_text=f"{name} says why {question.key}.",
                shown_text=f"{name} says why {question.key}.",
                is_cut_off=False,
            )
        )
    session.flush()
    return bundle


def make_study(session: Session, *, in_set: int = 8, launch: bool = True, **changes: Any) -> Study:
    """A launched study of a set of `in_set` questions, all of them drawn; `changes` as in make_definition."""
    drawn = {"set": "set", "draw": {"count": in_set, "seed": 1}}
    definition = make_definition(**{"questions": drawn, **changes})
    question_set = make_question_set(session, in_set, definition.questions.set)
    for condition in definition.conditions:
        make_bundle(session, question_set, condition.source.model_dump()["bundle"])
    study = service.save_draft(session, definition)
    if launch:
        service.launch(session, definition.slug)
    return study
