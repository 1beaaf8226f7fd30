"""Fitting: every model of each outcome that knows of people and items, on each version of the rows.

What is fitted of one outcome is independent of the others, so those of large studies are fitted side by side;
within an outcome each search starts from the model before.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from app.analysis.course import Course
from app.analysis.few import CLAIMED, simulations
from app.analysis.material import CORRECT, QUALITY, TEXT, Material
from app.analysis.statistics.base import Undefined, is_constant, values_of
from app.analysis.statistics.bootstrap import most_runs
from app.analysis.statistics.contrasts import ConditionTest, condition_model
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.leave_one_out import WithoutOne, leave_one_out
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model
from app.analysis.statistics.proportional import NominalTest, nominal_test


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of one outcome's ratings. `is_construct`: they are categories; Quality is their mean.

    `most_runs`: how many studies a test of conditions may simulate, where people or questions are few.
    """

    outcome: str
    versions: Mapping[str, pd.DataFrame]
    factors: tuple[str, ...]
    plain_factors: tuple[str, ...]
    covariates: tuple[str, ...]
    is_construct: bool
    most_runs: int


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
    """Of one outcome: by version of the rows; and of all rows: without participant × condition, and without
    one person, or one text, at a time (`without_one`, by what is left out).
    `nominal`: whether odds are proportional, of the versions that are put into words.
    """

    by_version: Mapping[str, Answer]
    nominal: Mapping[str, NominalTest | Undefined]
    plain: Answer | None
    people_alone: MixedModel | Undefined
    without_one: Mapping[str, Sequence[WithoutOne] | Undefined]


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
            most_runs=most_runs(family_of(material, outcome)),
        )
        for outcome in material.outcomes
    ]


def asked(questions: Sequence[Question], executor: Executor, course: Course) -> dict[str, Future[Answers]]:
    """Each outcome's models, begun."""
    left, waiting = [one.outcome for one in questions], {}

    def has(outcome: str, _: Future[Answers]) -> None:
        left.remove(outcome)
        course.advance(f"Fitting models: {', '.join(left)}" if left else "Putting tables together")

    course.say(f"Fitting models: {', '.join(left)}")
    for one in questions:
        waiting[one.outcome] = executor.submit(answer, one)
        waiting[one.outcome].add_done_callback(partial(has, one.outcome))
    return waiting


def family_of(material: Material, outcome: str) -> int:
    """How many constructs the tests of an outcome are corrected over."""
    is_primary = outcome in material.primary
    return sum((one in material.primary) is is_primary for one in material.constructs)


def answered(waiting: Mapping[str, Future[Answers]]) -> dict[str, Answers]:
    """Each outcome's models, when all are fitted."""
    return {name: future.result() for name, future in waiting.items()}


def answer(question: Question) -> Answers:
    by_version: dict[str, Answer] = {}
    near: Answer | None = None
    for name, rows in question.versions.items():
        by_version[name] = near = answer_of(question, rows, question.factors, near)
    by_version |= with_simulations(question, by_version)
    rows = question.versions["all_rows"]
    has_more = question.factors != question.plain_factors
    return Answers(
        by_version=by_version,
        nominal={
            name: nominal_test(question.versions[name], question.outcome, one.cumulative.model)
            for name, one in by_version.items()
            if name in CLAIMED and isinstance(one.cumulative, ConditionTest)
        },
        plain=plain_answer(question, rows) if has_more else None,
        people_alone=mixed_model(rows, question.outcome, ["participant"], question.covariates),
        without_one=without_one(question, rows, by_version["all_rows"].total),
    )


def without_one(
    question: Question, rows: pd.DataFrame, found: Linear | None
) -> dict[str, Sequence[WithoutOne] | Undefined]:
    """Of the linear model that is not adjusted for length. Where texts have one rating each, it is a
    question with all its texts that is left out.
    """
    model = found.model if found else None
    if not isinstance(model, MixedModel):
        return {}
    units = ("participant", TEXT if TEXT in question.factors else "question")
    return dict(leave_one_out(rows, question.outcome, model, units))


def with_simulations(question: Question, found: Mapping[str, Answer]) -> dict[str, Answer]:
    """The versions of whose rows something is claimed, where people or questions are few."""
    tests = {name: one.cumulative for name, one in found.items()}
    return {
        name: replace(found[name], cumulative=replace(test, bootstrap=job.run()))
        for name, test, job in simulations(
            tests, question.versions, question.outcome, question.factors, question.most_runs
        )
    }


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
