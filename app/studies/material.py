"""What a launch needs: a question set, sources, questions that every condition can show; or what is missing.

Checking a definition and launching it ask here, so that both say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.bundles import queries as bundles
from app.contract.answers import is_same_answer
from app.contract.base import sha256_of_text
from app.contract.complaints import did_you_mean
from app.contract.redaction import PLACEHOLDER, has_placeholder
from app.contract.study import BundleSource, StudyDefinition
from app.contract.study import Condition as ConditionDefinition
from app.errors import Invalid
from app.models import Explanation, Question, QuestionSet
from app.questions import queries as questions
from app.runs import queries as runs
from app.studies.drawing import Candidate, DrawError, draw_questions
from app.studies.languages import language_problem
from app.studies.stimulus import stimulus_sha256


@dataclass(frozen=True, kw_only=True)
class Material:
    """What launching would freeze: the stimuli of each condition, in the same order of questions."""

    items: list[list[dict[str, Any]]]
    left_out: int


def launch_problems(session: Session, definition: StudyDefinition) -> list[str]:
    """All that launching would refuse, a sentence each."""
    return check_material(session, definition)[0]


def check_material(session: Session, definition: StudyDefinition) -> tuple[list[str], Material | None]:
    """Everything a launch needs, or why it cannot be had."""
    language = language_problem(definition.language)
    problems = [*([language] if language else []), *missing_parts(session, definition)]
    if problems:
        return problems, None
    try:
        return [], gather_material(session, definition)
    except (Invalid, DrawError) as refused:
        return [str(refused)], None


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
        bundle, known = condition.source.bundle, bundles.bundle_names(session)
        return None if bundle in known else f"no bundle '{bundle}'{hint(bundle, known)}"
    checkpoint, known = condition.source.checkpoint, runs.checkpoint_names(session)
    if checkpoint not in known:
        return f"no checkpoint '{checkpoint}'{hint(checkpoint, known, 'added')}"
    if runs.newest_complete_run(session, checkpoint, question_set) is None:
        return f"checkpoint '{checkpoint}' is not ready, or has no complete run on '{question_set}' yet."
    return None


def hint(name: str, known: list[str], done: str = "imported") -> str:
    return did_you_mean(name, known, f" has been {done}.")


def gather_material(session: Session, definition: StudyDefinition) -> Material:
    """Raises: Invalid or DrawError for questions or explanations that are not there."""
    question_set = questions.question_set_by_name(session, definition.questions.set)
    assert question_set is not None  # noqa: S101  # missing_parts has just found it
    known = questions.questions_of(session, question_set.id)
    explained = [explanations_of(session, condition, question_set) for condition in definition.conditions]
    candidates = showable(known, explained)
    refuse_unknown(definition.questions.exclude, [question.key for question in known])
    drawn = draw_questions(candidates, definition.questions)
    texts = {question.id: question for question in known}
    items = [
        [
            stimulus(texts[candidate.question_id], explained[index][candidate.question_id])
            for candidate in drawn
        ]
        for index in range(len(definition.conditions))
    ]
    return Material(items=items, left_out=len(known) - len(candidates))


def refuse_unknown(excluded: Sequence[str], keys: list[str]) -> None:
    """Refuse a mistyped id: whoever objected to a question must be able to rely on its absence."""
    for key in sorted(set(excluded) - set(keys)):
        meant = did_you_mean(key, keys, ".", len(keys))
        raise Invalid(f"questions.exclude: the question set has no question '{key}'{meant}")


def explanations_of(
    session: Session, condition: ConditionDefinition, question_set: QuestionSet
) -> dict[int, Explanation]:
    if not isinstance(condition.source, BundleSource):
        run = runs.newest_complete_run(session, condition.source.checkpoint, question_set.name)
        assert run is not None  # noqa: S101  # missing_parts has just found it
        return runs.explanations_of_run(session, run.id)
    bundle = bundles.bundle_by_name(session, condition.source.bundle)
    assert bundle is not None  # noqa: S101  # the same
    if bundle.question_set_id != question_set.id:
        raise Invalid(f"Bundle '{bundle.name}' explains another question set than questions.set names.")
    return bundles.explanations_of(session, bundle.id)


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
