"""Look at what a run wrote: how often it is right, how long, what is odd; two runs side by side.

What is filtered and counted was measured when it was stored, so the database does it from one index, and
only a page's rows are read.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Row, cast, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.contract.text_measures import wilson_interval
from app.models import Explanation, Question

Filter = Literal[
    "all", "right", "wrong", "missing_marker", "truncated", "empty", "repetitive", "contradicting"
]
Difference = Literal["all", "answers", "correctness"]
COMPARED: dict[Difference, ColumnElement[int]] = {
    "answers": Explanation.answer_key.expression,
    "correctness": cast(Explanation.is_answer_correct, Integer),
}
# What an admin should look at, in the order in which it is shown.
WARNINGS: dict[str, InstrumentedAttribute[bool]] = {
    "missing_marker": Explanation.is_marker_missing,
    "truncated": Explanation.is_truncated,
    "empty": Explanation.is_empty,
    "repetitive": Explanation.is_repetitive,
    "contradicting": Explanation.is_contradicting,
}


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`mean_*` are over explanations that are not empty; `flags` has the warnings that there are."""

    total: int
    right: int
    accuracy: float
    ci95: tuple[float, float]
    mean_characters: float
    mean_words: float
    mean_distractor_mentions: float
    flags: dict[str, int]

    def count_of(self, which: Filter) -> int:
        known = {"all": self.total, "right": self.right, "wrong": self.total - self.right}
        return known[which] if which in known else self.flags.get(which, 0)


def outputs(
    session: Session, run_id: int, which: Filter = "all", *, offset: int = 0, limit: int | None = None
) -> list[Output]:
    """What a run wrote, in the question set's order, of one kind."""
    ids = select(Explanation.id).join(Question).where(Explanation.run_id == run_id, is_of(which))
    ids = ids.order_by(Question.position).offset(offset).limit(limit)
    return [output for _, output in told(session, Explanation.id.in_(ids))]


def is_of(which: Filter) -> ColumnElement[bool]:
    if which == "all":
        return true()
    if which in WARNINGS:
        return WARNINGS[which].is_(True)
    return Explanation.is_answer_correct.is_(which == "right")


def told(session: Session, which: ColumnElement[bool]) -> list[tuple[int, Output]]:
    """Outputs with the id of their run, in the question set's order."""
    statement = (
        select(
            *(Explanation.run_id, Explanation.predicted_answer, Explanation.shown_text),
            *(Explanation.is_answer_correct, *WARNINGS.values()),
            *(Question.key, Question.premise, Question.text, Question.choices, Question.correct_answer),
        )
        .join(Question)
        .where(which)
        .order_by(Question.position)
    )
    return [(row.run_id, as_output(row)) for row in session.execute(statement)]


def as_output(row: Row[*tuple[Any, ...]]) -> Output:
    return Output(
        question_key=row.key,
        premise=row.premise,
        question=row.text,
        choices=row.choices,
        correct_answer=row.correct_answer,
        answer=row.predicted_answer,
        explanation=row.shown_text,
        is_right=row.is_answer_correct,
        flags=[name for name, column in WARNINGS.items() if getattr(row, column.key)],
    )


def summarize(session: Session, run_id: int) -> Summary | None:
    """None while nothing is written."""
    counts = {name: func.count().filter(column.is_(True)) for name, column in WARNINGS.items()}
    statement = select(
        func.count().label("total"),
        func.count().filter(Explanation.is_answer_correct.is_(True)).label("right"),
        # An empty explanation adds nothing to these.
        func.sum(Explanation.character_count).label("characters"),
        func.sum(Explanation.word_count).label("words"),
        func.sum(Explanation.distractors_mentioned).label("mentions"),
        *(count.label(name) for name, count in counts.items()),
    )
    found = session.execute(statement.where(Explanation.run_id == run_id)).one()
    if not found.total:
        return None
    filled = max(found.total - found.empty, 1)
    return Summary(
        total=found.total,
        right=found.right,
        accuracy=found.right / found.total,
        ci95=wilson_interval(found.right, found.total),
        mean_characters=found.characters / filled,
        mean_words=found.words / filled,
        mean_distractor_mentions=found.mentions / filled,
        flags={name: count for name in WARNINGS if (count := getattr(found, name))},
    )


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Some of the questions where two runs differ as asked for; `found` counts them all, if any is shown."""

    found: int
    shown: list[tuple[Output, Output]]


def side_by_side(
    session: Session,
    one_run: int,
    other_run: int,
    which: Difference = "all",
    *,
    offset: int = 0,
    limit: int | None = None,
) -> Pairs:
    """The questions that both runs answered: all, or those where they differ in answer or correctness."""
    of_both = Explanation.run_id.in_((one_run, other_run))
    # Grouped, so that one pass through the index of measures sees both runs; a join would read the table.
    same = select(Explanation.question_id).where(of_both).group_by(Explanation.question_id)
    same = same.having(func.count() == len({one_run, other_run}))
    if which != "all":
        same = same.having(func.min(COMPARED[which]) != func.max(COMPARED[which]))
    asked = same.subquery()
    page = select(Question.id, func.count().over().label("found")).join(
        asked, asked.c.question_id == Question.id
    )
    rows = session.execute(page.order_by(Question.position).offset(offset).limit(limit)).all()
    by_run: dict[int, list[Output]] = {one_run: [], other_run: []}
    for run_id, output in told(session, of_both & Explanation.question_id.in_([row.id for row in rows])):
        by_run[run_id].append(output)
    shown = list(zip(by_run[one_run], by_run[other_run], strict=True))
    return Pairs(found=rows[0].found if rows else 0, shown=shown)
