"""What every column of the exports holds: the one place that knows types, meanings and missing values."""

from collections.abc import Container
from typing import Literal, NamedTuple

Kind = Literal["text", "integer", "boolean", "time"]


class Column(NamedTuple):
    """`missing` says when there is no value; empty for a column that always has one."""

    kind: Kind
    meaning: str
    missing: str = ""


NOT_TOLD = "the browser did not tell"
COLUMNS: dict[str, Column] = {
    "study": Column("text", "the study's slug"),
    "version": Column("integer", "number of the version the participant took"),
    "participant": Column("text", "pseudonym, in random order"),
    "participant_status": Column(
        "text",
        "active, dropped, completed, declined, screened_out, turned_away, withdrawn, excluded, replaced, "
        "erased",
    ),
    "status": Column(
        "text",
        "active, dropped, completed, declined, screened_out, turned_away, withdrawn, excluded, replaced, "
        "erased",
    ),
    "flags": Column(
        "text",
        "late, attention_failed:N, same_id, too_fast (finished, and took less time for more than half of the "
        "items than reading them at 1,000 words a minute would); separated by semicolons",
        "nothing to note",
    ),
    "mode": Column("text", "people, preview, pilot or synthetic"),
    "counted": Column("boolean", "whether the answers are of those that the study counts"),
    "condition": Column("text", "the condition's key"),
    "condition_label": Column("text", "the condition's label"),
    "item": Column("integer", "the item's number"),
    "question_id": Column("text", "the question's id in its set, equal over conditions"),
    "position": Column("integer", "place in the participant's order, from 1"),
    "construct": Column("text", "the construct's key"),
    "value": Column("integer", "the rating, from 1 (the scale's first label)"),
    "answer_correct": Column("boolean", "whether the student's answer is the right one"),
    "started_at": Column("time", "when it was first shown, or the person began", NOT_TOLD),
    "submitted_at": Column("time", "when the answer was stored"),
    "duration_ms": Column("integer", "milliseconds between the two", NOT_TOLD),
    "own_answer": Column("text", "the participant's own answer", "not asked, or not given"),
    "comment": Column("text", "the participant's comment", "not asked, or not given"),
    "seed": Column("text", "what items, orders and checks were drawn with"),
    "consent_sha256": Column(
        "text", "SHA-256 of the consent text agreed to, as the package's definitions have it", "not agreed"
    ),
    "consented_at": Column("time", "when it was agreed to", "not agreed"),
    "finished_at": Column("time", "when the visit ended", "not ended"),
    "last_step_at": Column("time", "when the last step was stored"),
    "comprehension_attempts": Column("integer", "attempts at the comprehension check"),
    "attention_passed": Column("integer", "attention checks passed"),
    "attention_shown": Column("integer", "attention checks answered"),
    "items_answered": Column("integer", "items rated"),
    "exclusion_reason": Column(
        "text", "why a researcher excluded the person", "not excluded, or by a release that did not ask why"
    ),
    "external_id": Column("text", "the platform's id of the person; personal data", "none given"),
    "external_study_id": Column("text", "the platform's id of the study", "none given"),
    "external_attempt_id": Column("text", "the platform's id of the attempt", "none given"),
    "source": Column("text", "the bundle or checkpoint the condition shows"),
    "kind": Column("text", "own_answer, comprehension or attention"),
    "attempt": Column("integer", "which attempt at the check, from 1", "an own answer"),
    "number": Column("integer", "place among the checks, or of the item, from 1"),
    "given": Column("text", "what the participant chose"),
    "expected": Column("text", "the right answer, or the one that was asked for"),
    "is_expected": Column("boolean", "whether the two are the same"),
    "premise": Column("text", "what the question builds on", "the question has none"),
    "question": Column("text", "as shown"),
    "choices": Column("text", "a JSON list"),
    "answer": Column("text", "the student's"),
    "correct_answer": Column("text", "the right one"),
    "explanation": Column("text", "as shown"),
    "explanation_length": Column("integer", "characters of the shown explanation"),
    "is_cut_off": Column("boolean", "whether it ends in mid-sentence"),
    "explanation_sha256": Column("text", "of the shown explanation"),
    "item_sha256": Column("text", "of all that is shown"),
    "times_rated": Column("integer", "answers that count"),
}
QUESTIONNAIRE = "q_"  # begins the columns of a questionnaire's answers


def kind_of(name: str, ratings: Container[str]) -> Kind:
    """The kind of a column's values, given which columns hold ratings."""
    if name in ratings:
        return "integer"
    return COLUMNS[name].kind if name in COLUMNS else "text"
