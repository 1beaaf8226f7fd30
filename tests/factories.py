"""Typed factories: a small study with what a test cares about, everything else harmless."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import Person, Role
from app.accounts import passwords, tokens
from app.accounts import service as accounts
from app.contract.study import StudyDefinition
from app.contract.text_measures import measure
from app.models import (
    Bundle,
    Checkpoint,
    Explanation,
    GenerationBatch,
    GenerationRun,
    Question,
    QuestionSet,
    Study,
    User,
)
from app.runs import service as runs
from app.studies import service
from app.web.auth import SCOPES, make_token, token_hash
from tests.worker.manifests import make_manifest

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
        text = f"{name} says why {question.key}."
        measures = asdict(measure(text, answer, question.choices, question.correct_answer))
        session.add(
            Explanation(
                bundle_id=bundle.id,
                question_id=question.id,
                predicted_answer=answer,
                raw_text=text,
                shown_text=text,
                is_cut_off=False,
                **measures,
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


def make_checkpoint(session: Session, name: str = "student", **changes: Any) -> Checkpoint:
    """A verified student without files; `changes` by column."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "state": "ready",
        "folder": name,
        "source": "a test",
        "manifest": json.loads(make_manifest()),
        "files": {"model.safetensors": {"sha256": "1" * 64, "bytes": 16}},
        "left_behind": ["optimizer.pt"],
        "model_sha256": "2" * 64,
        "tokenizer_sha256": "3" * 64,
        "created_at": now,
        "verified_at": now,
    }
    made = Checkpoint(name=name, **(fields | changes))
    session.add(made)
    session.flush()
    return made


def make_run(
    session: Session,
    checkpoint: str = "student",
    question_set: str = "set",
    told: Sequence[str] | Callable[[int], tuple[str | None, str | None]] = (),
) -> GenerationRun:
    """A run; complete if it is told what to write: answers in the set's order, or a function of question ids.

    What is no function is explained with a sentence that names the answer and the checkpoint.
    """
    run = runs.create_run(session, runs.Plan(checkpoint, question_set))
    if not told:
        return run
    ids = session.scalars(
        select(Question.id).where(Question.question_set_id == run.question_set_id).order_by(Question.position)
    )
    write = told if callable(told) else writer(checkpoint, dict(zip(ids, told, strict=True)))
    for batch in session.query(GenerationBatch).filter_by(run_id=run.id).all():
        assert runs.claim_batch(session, run.id, "test", 60) is not None
        written = [
            runs.Written(number, *write(number), False, (), {"tokens": 4}) for number in batch.question_ids
        ]
        assert runs.store_batch(session, batch.id, "test", written, 1000)
    return run


def writer(checkpoint: str, answers: Mapping[int, str]) -> Callable[[int], tuple[str | None, str | None]]:
    return lambda number: (answers[number], f"Because {answers[number]}, says {checkpoint}.")


PASSWORD = "seven bees in a jar"
PASSWORD_HASH = passwords.make_hash(PASSWORD, "nobody@example.org")


def make_user(session: Session, email: str, role: Role = "researcher") -> User:
    """Someone who signs in with PASSWORD."""
    return accounts.add_user(session, email, role, PASSWORD_HASH)


def make_api_token(session: Session, user: User, scopes: Sequence[str] = SCOPES) -> str:
    """A bearer token of somebody's."""
    token = f"hg_{make_token()}"
    person = Person(user.id, user.email, cast("Role", user.role))
    tokens.make(session, person, "test", token_hash(token), scopes, days=1)
    session.flush()
    return token


def sign_in(web: TestClient, email: str, password: str = PASSWORD) -> Response:
    """Sign a browser in, as the form does."""
    return web.post("/sign-in", data={"email": email, "password": password})
