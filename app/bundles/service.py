from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.bundles.matching import Matched, SetAside, match_rows
from app.contract.answers import chosen_index
from app.contract.base import name_problem
from app.contract.bundle import Bundle as BundleFile
from app.contract.bundle import BundleManifest, read_bundle
from app.contract.cleaning import CLEANING, Cleaned, clean
from app.contract.json_lines import MOST_LINES
from app.contract.text_measures import measure
from app.errors import Conflict, Invalid, NotFound
from app.models import Bundle, Explanation, Question, QuestionSet
from app.questions.queries import question_set_names


@dataclass(frozen=True)
class Imported:
    bundle: Bundle
    question_set: str
    set_aside: list[SetAside]

    def sentence(self) -> str:
        """What was imported and what cleaning changed, for whoever imported it."""
        counts = self.bundle.counts
        changes = [key for key in counts if key.startswith("cleaned_")]
        cleaned = ", ".join(f"{key.removeprefix('cleaned_')} {counts[key]}" for key in changes) or "none"
        return (
            f"Imported {counts['explanations']} explanations of '{self.question_set}' as "
            f"'{self.bundle.name}'; {len(self.set_aside)} set aside. Cleaned ({self.bundle.cleaning}): "
            f"{cleaned}. Cut off in mid-sentence: {counts['cut_off']}. Empty: {counts['empty']}. "
            f"Answers that are no choice: {counts['answer_not_a_choice']}."
        )


@dataclass(frozen=True)
class Prepared:
    """A bundle as read, with the cleaned text of each row by its line."""

    file: BundleFile
    cleaned: dict[int, Cleaned]


def prepare(path: Path, most_lines: int = MOST_LINES) -> Prepared:
    """Read and clean a bundle: most of an import's work, done before its transaction begins.

    Raises: InvalidFile for a malformed one.
    """
    file = read_bundle(path, most_lines)
    return Prepared(file, {line: clean(row.explanation) for line, row in file.rows})


def import_bundle(
    session: Session, prepared: Prepared, name: str, *, questions: str | None = None, strict: bool = False
) -> Imported:
    """Store the explanations that belong to a question set; rows that do not are set aside.

    `questions` names the set; without it the one set that knows the bundle's ids is taken.
    Raises: Conflict for a taken name; NotFound or Invalid if no single set fits; Invalid if a row would be
    set aside and `strict`.
    """
    file = prepared.file
    if problem := name_problem(name):
        raise Invalid(problem)
    if session.scalar(select(Bundle.id).where(Bundle.name == name)) is not None:
        raise Conflict(f"There is a bundle named '{name}' already; choose another name.")
    question_set = find_question_set(session, file, questions)
    known = session.scalars(select(Question).where(Question.question_set_id == question_set.id))
    matched, aside = match_rows(file.rows, known)
    if not matched:
        raise Invalid(
            f"No row fits question set '{question_set.name}'; line {aside[0].line}: {aside[0].reason}."
        )
    if aside and strict:
        listed = "; ".join(f"line {row.line}: {row.reason}" for row in aside[:20])
        raise Invalid(f"{len(aside)} rows do not fit question set '{question_set.name}': {listed}.")
    bundle = store(session, prepared, name, question_set, matched, aside)
    return Imported(bundle, question_set.name, aside)


def find_question_set(session: Session, file: BundleFile, name: str | None) -> QuestionSet:
    if name is not None:
        named = session.scalar(select(QuestionSet).where(QuestionSet.name == name))
        if named is None:
            names = ", ".join(question_set_names(session)) or "none yet"
            raise NotFound(f"There is no question set named '{name}'. Question sets: {names}.")
        return named
    fitting = [
        candidate for candidate in session.scalars(select(QuestionSet)) if knows(session, candidate, file)
    ]
    if not fitting:
        raise NotFound("No question set has these questions. Import the question set first.")
    if len(fitting) > 1:
        names = ", ".join(sorted(candidate.name for candidate in fitting))
        raise Invalid(f"Several question sets have these questions ({names}); say which (--questions NAME).")
    return fitting[0]


def knows(session: Session, candidate: QuestionSet, file: BundleFile) -> bool:
    """Whether any row of the file is about a question of this set."""
    keys = set(session.scalars(select(Question.key).where(Question.question_set_id == candidate.id)))
    if any(row.question_id in keys for _, row in file.rows):
        return True
    asked = select(Question.premise, Question.text).where(Question.question_set_id == candidate.id)
    texts = {tuple(row) for row in session.execute(asked)}
    return any(row.question_id is None and (row.premise, row.question) in texts for _, row in file.rows)


def is_no_choice(match: Matched) -> bool:
    """Whether there is an answer and it names none of the choices; the page then shows it apart."""
    answer = match.row.predicted_answer or ""
    return bool(answer.strip()) and chosen_index(answer, match.question.choices) is None


def row_of(match: Matched, cleaned: Cleaned) -> dict[str, Any]:
    answer, question = match.row.predicted_answer, match.question
    return {
        "question_id": question.id,
        "predicted_answer": answer,
        "raw_text": match.row.explanation,
        "shown_text": cleaned.text,
        "is_cut_off": cleaned.is_cut_off,
        **asdict(measure(cleaned.text, answer, question.choices, question.correct_answer)),
    }


def store(
    session: Session,
    prepared: Prepared,
    name: str,
    question_set: QuestionSet,
    matched: list[Matched],
    aside: list[SetAside],
) -> Bundle:
    rows: list[dict[str, Any]] = []
    counts: Counter[str] = Counter(explanations=len(matched), set_aside=len(aside))
    for match in matched:
        cleaned = prepared.cleaned[match.line]
        counts.update(f"cleaned_{change}" for change in cleaned.changes)
        counts["cut_off"] += cleaned.is_cut_off
        counts["empty"] += not cleaned.text
        counts["answer_not_a_choice"] += is_no_choice(match)
        rows.append(row_of(match, cleaned))
    file = prepared.file
    manifest = file.manifest or BundleManifest(name=name)
    bundle = Bundle(
        name=name,
        question_set_id=question_set.id,
        manifest=manifest.model_dump(mode="json"),
        source_sha256=file.sha256,
        cleaning=CLEANING,
        counts=dict(counts) | {"ignored_keys": dict(file.unknown_keys)},
        created_at=datetime.now(UTC),
    )
    session.add(bundle)
    session.flush()
    session.execute(insert(Explanation), [row | {"bundle_id": bundle.id} for row in rows])
    return bundle
