"""Fitting: every model of each outcome that knows of people and items, on each version of the rows.

What is fitted of one outcome is independent of the others, so those of large studies are fitted side by side;
within an outcome each search starts from the model before.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import pandas as pd

from app.analysis.material import CORRECT, QUALITY, Material
from app.analysis.statistics.base import Undefined, is_constant, values_of
from app.analysis.statistics.contrasts import ConditionTest, condition_model
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model
from app.web.processes import end_with

Say = Callable[[str], object]
SIDE_BY_SIDE = 1_000  # ratings from which starting further processes takes less time than it saves


def silent(_: str) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of one outcome's ratings. `is_construct`: they are categories; Quality is their mean."""

    outcome: str
    versions: Mapping[str, pd.DataFrame]
    factors: tuple[str, ...]
    plain_factors: tuple[str, ...]
    covariates: tuple[str, ...]
    is_construct: bool


@dataclass(frozen=True, kw_only=True)
class Linear:
    """The linear mixed model (REML) and its test of conditions (maximum likelihood)."""

    model: MixedModel | Undefined
    test: LikelihoodRatio | Undefined


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of one outcome and one version of the rows. `total`: no covariates; `correct`: with correctness."""

    cumulative: ConditionTest | Undefined | None
    correct: CumulativeModel | Undefined | None
    interaction: CumulativeModel | Undefined | None
    total: Linear | None
    adjusted: Linear | None

    @property
    def fullest(self) -> Linear | None:
        """With all covariates that there are."""
        return self.adjusted or self.total


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Of one outcome: by version of the rows; and without participant × condition, of all rows."""

    by_version: Mapping[str, Answer]
    plain: Answer | None
    people_alone: MixedModel | Undefined


def questions_of(material: Material, versions: Mapping[str, pd.DataFrame]) -> list[Question]:
    columns = ["participant", "question", "condition", *material.factors, *material.covariates]
    columns += [CORRECT] if material.has(CORRECT) else []
    return [
        Question(
            outcome=outcome,
            versions={name: rows[[*dict.fromkeys([*columns, outcome])]] for name, rows in versions.items()},
            factors=material.factors,
            plain_factors=material.plain_factors,
            covariates=material.covariates,
            is_construct=outcome != QUALITY,
        )
        for outcome in material.outcomes
    ]


def answered(questions: Sequence[Question], say: Say) -> dict[str, Answers]:
    """In this process, or in as many as there are processors; the same either way."""
    rows = max(len(one) for one in questions[0].versions.values())
    processes = min(len(questions), os.cpu_count() or 1)
    found: dict[str, Answers] = {}
    if rows < SIDE_BY_SIDE or processes == 1:
        for number, one in enumerate(questions, 1):
            say(f"Fitting models of {one.outcome} ({number} of {len(questions)})")
            found[one.outcome] = answer(one)
        return found
    say(f"Fitting models of {len(questions)} outcomes, {processes} at a time")
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=end_with, initargs=(os.getpid(),)
    ) as pool:
        waiting = {pool.submit(answer, one): one.outcome for one in questions}
        for number, done in enumerate(as_completed(waiting), 1):
            found[waiting[done]] = done.result()
            say(f"Fitted models of {waiting[done]} ({number} of {len(questions)})")
    return {one.outcome: found[one.outcome] for one in questions}


def answer(question: Question) -> Answers:
    by_version: dict[str, Answer] = {}
    near: Answer | None = None
    for name, rows in question.versions.items():
        by_version[name] = near = answer_of(question, rows, question.factors, near)
    rows = question.versions["all_rows"]
    has_more = question.factors != question.plain_factors
    return Answers(
        by_version=by_version,
        plain=plain_answer(question, rows) if has_more else None,
        people_alone=mixed_model(rows, question.outcome, ["participant"], question.covariates),
    )


def answer_of(question: Question, rows: pd.DataFrame, factors: Sequence[str], near: Answer | None) -> Answer:
    """Every model of these rows; `near` has those of nearly the same rows."""
    cumulative = correct = interaction = None
    if question.is_construct:
        before = near.cumulative if near else None
        start = before.model if isinstance(before, ConditionTest) else None
        cumulative = condition_model(rows, question.outcome, factors, near=start)
        if CORRECT in rows and isinstance(cumulative, ConditionTest) and differs(rows):
            correct = cumulative_model(rows, question.outcome, factors, [CORRECT], near=cumulative.model)
            interaction = cumulative_model(
                rows, question.outcome, factors, [CORRECT], interaction=CORRECT, near=known(correct)
            )
    return Answer(
        cumulative=cumulative,
        correct=correct,
        interaction=interaction,
        total=linear(question, rows, factors, (), near.total if near else None),
        adjusted=linear(question, rows, factors, question.covariates, near.adjusted if near else None)
        if question.covariates
        else None,
    )


def differs(rows: pd.DataFrame) -> bool:
    """Whether both right and wrong answers were explained."""
    return not is_constant(values_of(rows.dropna(subset=[CORRECT]), CORRECT))


def plain_answer(question: Question, rows: pd.DataFrame) -> Answer:
    """The published analysis' main models: of the categories of a construct, and of their mean."""
    factors, is_construct = question.plain_factors, question.is_construct
    found = None if is_construct else linear(question, rows, factors, question.covariates, None)
    return Answer(
        cumulative=condition_model(rows, question.outcome, factors) if is_construct else None,
        correct=None,
        interaction=None,
        total=None,
        adjusted=found,
    )


def known(model: CumulativeModel | Undefined) -> CumulativeModel | None:
    return None if isinstance(model, Undefined) else model


def linear(
    question: Question,
    rows: pd.DataFrame,
    factors: Sequence[str],
    covariates: Sequence[str],
    near: Linear | None,
) -> Linear:
    before = near.model if near else None
    start = None if isinstance(before, Undefined) else before
    model = mixed_model(rows, question.outcome, factors, covariates, near=start)
    here = None if isinstance(model, Undefined) else model
    return Linear(
        model=model, test=mixed_condition_test(rows, question.outcome, factors, covariates, near=here)
    )
