"""Look at what a run wrote: how often it is right, how long, what is odd; two runs side by side."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.answers import is_same_answer
from app.contract.text_measures import distractor_mentions, wilson_interval
from app.models import Explanation, Question

Filter = Literal[
    "all", "right", "wrong", "missing_marker", "truncated", "empty", "repetitive", "contradicting"
]
Difference = Literal["all", "answers", "correctness"]


@dataclass(frozen=True)
class Output:
    question_key: str
    premise: str | None
    question: str
    choices: list[str]
    correct_answer: str
    answer: str | None
    explanation: str
    is_right: bool
    flags: list[str]


@dataclass(frozen=True)
class Summary:
    """`mean_*` are over explanations that are not empty."""

    total: int
    right: int
    accuracy: float
    ci95: tuple[float, float]
    mean_characters: float
    mean_words: float
    mean_distractor_mentions: float
    flags: dict[str, int]


def outputs(
    session: Session, run_id: int, which: Filter = "all", *, offset: int = 0, limit: int | None = None
) -> list[Output]:
    """What a run wrote, in the question set's order, of one kind."""
    statement = select(Explanation, Question).join(Question).where(Explanation.run_id == run_id)
    found = [as_output(*pair) for pair in session.execute(statement.order_by(Question.position))]
    kept = [one for one in found if is_of(one, which)]
    return kept[offset : None if limit is None else offset + limit]


def as_output(explanation: Explanation, question: Question) -> Output:
    answer = explanation.predicted_answer
    return Output(
        question.key,
        question.premise,
        question.text,
        question.choices,
        question.correct_answer,
        answer,
        explanation.shown_text,
        answer is not None and is_same_answer(answer, question.correct_answer),
        explanation.flags or [],
    )


def is_of(output: Output, which: Filter) -> bool:
    if which in {"right", "wrong"}:
        return output.is_right == (which == "right")
    return which == "all" or which in output.flags


def summarize(session: Session, run_id: int) -> Summary | None:
    """None while nothing is written."""
    found = outputs(session, run_id)
    if not found:
        return None
    right = sum(one.is_right for one in found)
    texts = [one for one in found if one.explanation] or found
    return Summary(
        total=len(found),
        right=right,
        accuracy=right / len(found),
        ci95=wilson_interval(right, len(found)),
        mean_characters=mean([len(one.explanation) for one in texts]),
        mean_words=mean([len(one.explanation.split()) for one in texts]),
        mean_distractor_mentions=mean(
            [distractor_mentions(one.explanation, one.answer, one.choices) for one in texts]
        ),
        flags=dict(Counter(flag for one in found for flag in one.flags)),
    )


def mean(numbers: list[int]) -> float:
    return sum(numbers) / len(numbers)


def side_by_side(
    session: Session, one_run: int, other_run: int, which: Difference = "all"
) -> list[tuple[Output, Output]]:
    """The questions that both runs answered: all, or those where they differ in answer or correctness."""
    others = {output.question_key: output for output in outputs(session, other_run)}
    pairs = [
        (one, others[one.question_key]) for one in outputs(session, one_run) if one.question_key in others
    ]
    return [pair for pair in pairs if do_differ(*pair, which)]


def do_differ(one: Output, other: Output, which: Difference) -> bool:
    if which == "correctness":
        return one.is_right != other.is_right
    return which == "all" or not is_same_answer(one.answer or "", other.answer or "")
