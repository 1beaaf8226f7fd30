"""Rows of few people or few questions, and what the tests of conditions are held against there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from app.analysis.statistics.base import outcome_rows
from app.analysis.statistics.bootstrap import Bootstrap, World, bootstrap, world_of
from app.analysis.statistics.contrasts import ConditionTest

FEWEST = 30  # people, and questions of a condition, from which a χ² keeps what it promises
LEAST = 5  # people: fewer say too little of how people differ to simulate others
CLAIMED = ("exclusions", "by_hand", "all_rows")  # rows of which the report says that conditions differ


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What a test of conditions is asked to do."""

    world: World
    chi2: float
    most: int

    def run(self) -> Bootstrap:
        return bootstrap(self.world, self.chi2, self.most)


def few(rows: pd.DataFrame) -> Iterator[str]:
    """In words: what there is little of. A condition has at least as many texts as questions."""
    people = rows["participant"].nunique()
    questions = int(rows.groupby("condition", observed=True)["question"].nunique().min())
    if people < FEWEST:
        yield f"only {people} people"
    if questions < FEWEST:
        yield f"a condition with only {questions} questions"


def is_few(rows: pd.DataFrame) -> bool:
    return any(few(rows))


def is_simulated(rows: pd.DataFrame) -> bool:
    return is_few(rows) and rows["participant"].nunique() >= LEAST


def simulations(
    tests: Mapping[str, object],
    versions: Mapping[str, pd.DataFrame],
    outcome: str,
    factors: tuple[str, ...],
    most: int,
) -> Iterator[tuple[str, ConditionTest, Simulation]]:
    """By version of the rows: those of which something is claimed, if there is a test and levels are few."""
    for name in CLAIMED:
        one = tests.get(name)
        if isinstance(one, ConditionTest) and is_simulated(outcome_rows(versions[name], outcome)):
            world = world_of(versions[name], outcome, factors, one.null)
            yield name, one, Simulation(world=world, chi2=one.test.chi2, most=most)
