"""A study's life: draft, live, paused, closed. Launching freezes its definition and its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from fractions import Fraction
from math import ceil
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access import Person, level_of, own, study_for
from app.audit import record
from app.contract.answers import is_same_answer
from app.contract.base import sha256_of, sha256_of_text
from app.contract.redaction import PLACEHOLDER, has_placeholder
from app.contract.study import BundleSource, StudyDefinition
from app.contract.study import Condition as ConditionDefinition
from app.errors import Conflict, Invalid
from app.explanations import queries as explanations
from app.models import Condition, Explanation, Item, Question, QuestionSet, Study, StudyVersion
from app.questions import queries as questions
from app.studies.drawing import Candidate, DrawError, draw_questions
from app.studies.queries import latest_version, study_by_slug
from app.studies.stimulus import stimulus_sha256


@dataclass(frozen=True)
class Launch:
    """What a launch froze. `participants` reach the target when all of them complete."""

    version: int
    sha256: str
    items: int
    questions: int
    participants: int
    divides_exactly: bool
    audience: str
    left_out: int  # questions of the set that some condition cannot show


def save_draft(session: Session, definition: StudyDefinition) -> Study:
    """Create the study, or replace the draft of the one with the same slug; what is live stays."""
    known = select(Study).where(Study.slug == definition.slug).with_for_update(key_share=True)
    study = session.scalar(known.execution_options(populate_existing=True))
    if study is None:
        study = Study(slug=definition.slug, status="draft", created_at=datetime.now(UTC))
        session.add(study)
    elif study.status == "closed":
        raise Conflict(f"Study '{definition.slug}' is closed; give the new one another slug.")
    elif study.audience != definition.audience and latest_version(session, study.id) is not None:
        raise Conflict(
            f"Study '{definition.slug}' was launched for audience '{study.audience}', which cannot change "
            "any more; give the new one another slug."
        )
    study.audience = definition.audience
    study.draft = definition.model_dump(mode="json")
    session.flush()
    return study


def save_draft_for(session: Session, person: Person, definition: StudyDefinition) -> Study:
    """Create a study that is this person's, or replace the draft of one that they may edit.

    Raises: Conflict for a slug that somebody else has; Forbidden for a study they may only view.
    """
    existing = session.scalar(select(Study).where(Study.slug == definition.slug))
    if existing is None:
        study = save_draft(session, definition)
        own(session, person, study)
        return study
    if level_of(session, person, existing) is None:
        raise Conflict(f"The slug '{definition.slug}' is taken; give the study another one.")
    study_for(session, person, definition.slug, "edit")
    return save_draft(session, definition)


def missing_parts(session: Session, definition: StudyDefinition) -> list[str]:
    """What the definition names and this installation does not have yet, a sentence each."""
    missing = []
    if has_placeholder(definition.model_dump()):
        missing.append(f"recruitment: write your own codes and addresses in place of {PLACEHOLDER}.")
    asked, sets = definition.questions.set, questions.question_set_names(session)
    if asked not in sets:
        missing.append(f"questions.set: no question set '{asked}'{hint(asked, sets)}")
    for index, condition in enumerate(definition.conditions):
        if problem := missing_source(session, condition, asked):
            missing.append(f"conditions.{index}.source: {problem}")
    return missing


def missing_source(session: Session, condition: ConditionDefinition, question_set: str) -> str | None:
    if isinstance(condition.source, BundleSource):
        bundle, bundles = condition.source.bundle, explanations.bundle_names(session)
        return None if bundle in bundles else f"no bundle '{bundle}'{hint(bundle, bundles)}"
    checkpoint, known = condition.source.checkpoint, explanations.checkpoint_names(session)
    if checkpoint not in known:
        return f"no checkpoint '{checkpoint}'{hint(checkpoint, known, 'added')}"
    if explanations.newest_complete_run(session, checkpoint, question_set) is None:
        return f"checkpoint '{checkpoint}' is not ready, or has no complete run on '{question_set}' yet."
    return None


def hint(name: str, known: list[str], done: str = "imported") -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean '{close[0]}'?" if close else f" has been {done}."


def launch(session: Session, slug: str) -> Launch:
    """Freeze the draft as a version with its items and open the study; an unchanged one just reopens.

    Raises: NotFound, Conflict for a closed study, Invalid if anything the draft names is missing.
    """
    study = study_by_slug(session, slug, is_locked=True)
    if study.status == "closed":
        raise Conflict(f"Study '{slug}' is closed; closing is final.")
    definition = StudyDefinition.model_validate(study.draft)
    latest = latest_version(session, study.id)
    if latest is not None and latest.definition_sha256 == definition.sha256:
        if study.status == "live":
            raise Conflict(f"Study '{slug}' is live already, and its definition has not changed.")
        study.status = "live"
        return describe(session, definition, latest, left_out=0)
    missing = missing_parts(session, definition)
    if missing:
        raise Invalid("The study cannot be launched yet:\n" + "\n".join(f"  {line}" for line in missing))
    version, left_out = freeze(session, study, definition, latest.number + 1 if latest else 1)
    study.status = "live"
    return describe(session, definition, version, left_out)


def freeze(
    session: Session, study: Study, definition: StudyDefinition, number: int
) -> tuple[StudyVersion, int]:
    question_set = questions.question_set_by_name(session, definition.questions.set)
    assert question_set is not None  # noqa: S101  # missing_parts has just found it
    known = questions.questions_of(session, question_set.id)
    explained = [explanations_of(session, condition, question_set) for condition in definition.conditions]
    candidates = showable(known, explained)
    refuse_unknown(definition.questions.exclude, [question.key for question in known])
    try:
        drawn = draw_questions(candidates, definition.questions)
    except DrawError as error:
        raise Invalid(f"The study cannot be launched yet: {error}") from error
    texts = {question.id: question for question in known}
    items = [
        [
            stimulus(texts[candidate.question_id], explained[index][candidate.question_id])
            for candidate in drawn
        ]
        for index in range(len(definition.conditions))
    ]
    hashes = [[item["sha256"] for item in row] for row in items]
    version = StudyVersion(
        study_id=study.id,
        number=number,
        definition=definition.model_dump(mode="json"),
        definition_sha256=definition.sha256,
        sha256=sha256_of({"definition": definition.sha256, "items": hashes, "number": number}),
        frozen_at=datetime.now(UTC),
    )
    session.add(version)
    session.flush()
    record(session, "study.frozen", study.slug, after={"version": number, "sha256": version.sha256})
    for position, (condition, row) in enumerate(zip(definition.conditions, items, strict=True)):
        add_condition(session, version.id, position, condition, row)
    return version, len(known) - len(candidates)


def refuse_unknown(excluded: Sequence[str], keys: list[str]) -> None:
    """Refuse a mistyped id: whoever objected to a question must be able to rely on its absence."""
    for key in set(excluded) - set(keys):
        close = get_close_matches(key, keys, 1)
        meant = f"; did you mean '{close[0]}'?" if close else "."
        raise Invalid(f"questions.exclude: the question set has no question '{key}'{meant}")


def explanations_of(
    session: Session, condition: ConditionDefinition, question_set: QuestionSet
) -> dict[int, Explanation]:
    if not isinstance(condition.source, BundleSource):
        run = explanations.newest_complete_run(session, condition.source.checkpoint, question_set.name)
        assert run is not None  # noqa: S101  # missing_parts has just found it
        return explanations.explanations_of_run(session, run.id)
    bundle = explanations.bundle_by_name(session, condition.source.bundle)
    assert bundle is not None  # noqa: S101  # the same
    if bundle.question_set_id != question_set.id:
        raise Invalid(f"Bundle '{bundle.name}' explains another question set than questions.set names.")
    return explanations.explanations_of(session, bundle.id)


def showable(known: list[Question], explained: list[dict[int, Explanation]]) -> list[Candidate]:
    """Questions for which every condition has an answer and a text to show."""
    candidates = []
    for question in known:
        found = [by_question.get(question.id) for by_question in explained]
        answers = [one.predicted_answer for one in found if one and one.shown_text and one.predicted_answer]
        if len(answers) == len(explained) and all(answer.strip() for answer in answers):
            correct = tuple(is_same_answer(answer, question.correct_answer) for answer in answers)
            candidates.append(Candidate(question.id, question.key, correct))
    return candidates


def stimulus(question: Question, explanation: Explanation) -> dict[str, Any]:
    """All that is shown of one item, with the hash of exactly that."""
    answer = (explanation.predicted_answer or "").strip()
    shown = {
        "premise": question.premise,
        "question": question.text,
        "choices": question.choices,
        "answer": answer,
        "explanation": explanation.shown_text,
    }
    return shown | {
        "question_id": question.id,
        "question_key": question.key,
        "correct_answer": question.correct_answer,
        "is_answer_correct": is_same_answer(answer, question.correct_answer),
        "is_cut_off": explanation.is_cut_off,
        "explanation_sha256": sha256_of_text(explanation.shown_text),
        "sha256": stimulus_sha256(shown),
        "answered": 0,
        "reserved": 0,
    }


def add_condition(
    session: Session,
    version_id: int,
    position: int,
    defined: ConditionDefinition,
    items: list[dict[str, Any]],
) -> None:
    if isinstance(defined.source, BundleSource):
        source = f"bundle:{defined.source.bundle}"
    else:
        source = f"checkpoint:{defined.source.checkpoint}"
    condition = Condition(
        version_id=version_id, position=position, key=defined.key, label=defined.label, source=source
    )
    session.add(condition)
    session.flush()
    rows = [item | {"version_id": version_id, "condition_id": condition.id} for item in items]
    session.execute(insert(Item), rows)


def describe(session: Session, definition: StudyDefinition, version: StudyVersion, left_out: int) -> Launch:
    items = session.scalars(select(Item.question_id).where(Item.version_id == version.id)).all()
    needed = Fraction(len(items) * definition.design.ratings_per_item, definition.items_per_participant)
    return Launch(
        version=version.number,
        sha256=version.sha256,
        items=len(items),
        questions=len(set(items)),
        participants=ceil(needed),
        divides_exactly=needed.denominator == 1,
        audience=definition.audience,
        left_out=left_out,
    )


def pause(session: Session, slug: str) -> Study:
    """Take no new participants; those under way go on. `launch` opens it again."""
    return change_status(session, slug, {"live"}, "paused")


def close(session: Session, slug: str) -> Study:
    """Take no new participants any more; those under way may finish. Final."""
    return change_status(session, slug, {"live", "paused", "draft"}, "closed")


def change_status(session: Session, slug: str, allowed: set[str], status: str) -> Study:
    study = study_by_slug(session, slug, is_locked=True)
    if study.status not in allowed:
        raise Conflict(f"Study '{slug}' is {study.status}, so it cannot become {status}.")
    study.status = status
    return study
