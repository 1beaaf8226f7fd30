"""Small data sets on which models of ratings misbehave, from known worlds with fixed seeds.

python -m tests.analysis.golden.nasty > nasty_sets.json writes them; Rscript nasty.R > nasty.json asks R.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SETS = Path(__file__).with_name("nasty_sets.json")
FIVE = (-2.0, -0.7, 0.4, 1.8)
PEOPLE_AND_QUESTIONS = ("participant", "question")
LENGTH = "explanation_length"
LETTERS = "abcd"


@dataclass(frozen=True, kw_only=True)
class World:
    """People rate questions in conditions; `change` then does to the rows what makes the set nasty."""

    seed: int
    people: int = 12
    questions: int = 12
    per_condition: int = 3
    effects: tuple[float, ...] = (0.0, 0.7, -0.4)
    person_sd: float = 1.0
    question_sd: float = 0.6
    pair_sd: float = 0.0
    thresholds: tuple[float, ...] = FIVE
    is_nested: bool = False  # each person sees one condition
    is_crossed: bool = False  # each person sees every question in every condition
    change: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame] | None = None
    factors: tuple[str, ...] = PEOPLE_AND_QUESTIONS
    covariates: tuple[str, ...] = field(default=())


def made(world: World) -> pd.DataFrame:
    chance = np.random.default_rng(world.seed)
    levels = chance.normal(0, world.person_sd, world.people)
    hardness = chance.normal(0, world.question_sd, world.questions)
    pairs = chance.normal(0, world.pair_sd, (world.people, len(world.effects)))
    rows = []
    for person in range(world.people):
        for question, condition in seen(world, person, chance):
            eta = world.effects[condition] + levels[person] + hardness[question] + pairs[person, condition]
            rating = 1 + int(np.searchsorted(world.thresholds, eta + chance.logistic()))
            row = {"participant": person, "question": question, "condition": LETTERS[condition]}
            rows.append({**row, "rating": float(rating), LENGTH: float(chance.integers(40, 400))})
    frame = pd.DataFrame(rows)
    return world.change(frame, chance) if world.change else frame


def seen(world: World, person: int, chance: np.random.Generator) -> list[tuple[int, int]]:
    """Questions and conditions of one person."""
    count = len(world.effects)
    if world.is_crossed:
        return [(question, condition) for question in range(world.questions) for condition in range(count)]
    number = world.per_condition * count
    asked = chance.permutation(np.resize(np.arange(world.questions), max(number, world.questions)))[:number]
    own = person % count
    return [(int(q), own if world.is_nested else place % count) for place, q in enumerate(asked)]


def within(frame: pd.DataFrame, condition: str, rating: float) -> pd.DataFrame:
    return frame.assign(rating=frame["rating"].where(frame["condition"] != condition, rating))


def lowest_only(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return within(frame, "c", 1)


def highest_only(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return within(frame, "b", 5)


def in_order(frame: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    """Each condition has categories of its own."""
    first = frame["condition"].map({"a": 1, "b": 3, "c": 5}).astype(float)
    return frame.assign(rating=np.minimum(5, first + chance.integers(0, 2, len(frame))))


def two_far_categories(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Half of the people always say 1 and half 5, but for one rating each of four of them."""
    rating = np.where(frame["participant"] % 2 == 0, 1.0, 5.0)
    odd = frame.groupby("participant").cumcount().eq(0) & frame["participant"].lt(4)
    return frame.assign(rating=np.where(odd, 3.0, rating))


def questions_decide(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """A question's rating is always the same, but for three ratings."""
    rating = 1.0 + frame["question"] % 5
    return frame.assign(rating=rating.where(~frame.index.isin([3, 31, 47]), 3.0))


def people_decide(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.assign(rating=1.0 + frame["participant"] % 5)


def length_is_the_condition(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.assign(**{LENGTH: frame["condition"].map({"a": 90.0, "b": 140.0, "c": 260.0, "d": 310.0})})


def length_follows_the_condition(frame: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    base = length_is_the_condition(frame, chance)[LENGTH]
    return frame.assign(**{LENGTH: base + chance.integers(-3, 4, len(frame))})


def no_middle(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.assign(rating=frame["rating"].where(frame["rating"] != 3, 4.0))


def unbalanced(frame: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    shares = frame["condition"].map({"a": 1.0, "b": 0.35, "c": 0.12})
    return frame.loc[chance.random(len(frame)) < shares]


def without_a_condition(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Of condition b nobody gave a rating, though its rows are there."""
    return frame.assign(rating=frame["rating"].where(frame["condition"] != "b"))


def empty_cells(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Half of the people never saw c, half of the questions were never in a."""
    never = (frame["condition"].eq("c") & frame["participant"].lt(6)) | (
        frame["condition"].eq("a") & frame["question"].lt(6)
    )
    return frame[~never]


def mostly_three(frame: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    return frame.assign(rating=frame["rating"].where(chance.random(len(frame)) < 0.12, 3.0))


def missing(frame: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    return frame.assign(rating=frame["rating"].where(chance.random(len(frame)) < 0.7))


def one_rating_of_c(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.drop(index=frame[frame["condition"] == "c"].index.delete(4))


def one_text_per_condition(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.assign(question=frame["condition"].map(LETTERS.index))


def one_rating_each(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    return frame.assign(participant=np.arange(len(frame)))


def two_categories_one_rating_each(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    ratings = np.where(frame["rating"] > 3, 2.0, 1.0)
    return frame.assign(participant=np.arange(len(frame)), rating=ratings)


def same_within_pair(frame: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """Everybody has one rating for each condition and never another."""
    first = frame.groupby(["participant", "condition"])["rating"].transform("first")
    return frame.assign(rating=first)


ONE = ("participant",)
WITH_PAIR = ("participant", "question", "pair")
WITH_TEXT = ("participant", "question", "text")
NINE = (-3.0, -2.0, -1.2, -0.4, 0.3, 1.0, 1.9, 3.0)
FAR = (-5.0, -2.0, 2.0, 5.0)
APART = (-7.0, -4.0, 4.0, 7.0)
SIX = (-4.0, -2.0, 2.0, 4.0)

WORLDS: dict[str, World] = {
    "one person per condition": World(seed=1, people=3, questions=14, per_condition=4, is_nested=True),
    "one text per condition": World(seed=2, people=14, change=one_text_per_condition),
    "no variance of people or questions": World(seed=3, person_sd=0.0, question_sd=0.0),
    "no variance of questions": World(seed=4, people=16, question_sd=0.0),
    "people who say 1 or 5": World(seed=5, change=two_far_categories),
    "questions that decide": World(seed=6, change=questions_decide),
    "people who never change": World(seed=7, change=people_decide),
    "people who never change within a condition": World(seed=8, change=same_within_pair, factors=WITH_PAIR),
    "a condition with only the lowest": World(seed=9, change=lowest_only),
    "a condition with only the highest": World(seed=10, change=highest_only),
    "conditions without a category in common": World(seed=11, change=in_order),
    "an effect of 6": World(seed=12, effects=(-3.0, 3.0), thresholds=SIX, per_condition=5, people=14),
    "an effect of 12.5": World(
        seed=14, effects=(-6.25, 6.25), thresholds=FAR, per_condition=6, people=16, person_sd=4.0
    ),
    "conditions with one category in common": World(
        seed=13, effects=(-6.25, 6.25), thresholds=APART, per_condition=6, people=16, person_sd=0.5
    ),
    "length is the condition": World(
        seed=14, effects=(0.0, 0.7, -0.4, 0.2), change=length_is_the_condition, covariates=(LENGTH,)
    ),
    "length follows the condition": World(
        seed=15, effects=(0.0, 0.7, -0.4, 0.2), change=length_follows_the_condition, covariates=(LENGTH,)
    ),
    "length as a covariate": World(seed=16, covariates=(LENGTH,)),
    "two categories, one rating each": World(
        seed=17, change=two_categories_one_rating_each, factors=("participant",)
    ),
    "one rating each": World(seed=18, change=one_rating_each),
    "two categories": World(seed=19, people=16, thresholds=(0.0,)),
    "nine categories": World(seed=20, people=16, thresholds=NINE),
    "ceiling": World(seed=21, people=16, thresholds=(-5.5, -4.6, -3.8, -2.9)),
    "floor": World(seed=22, people=16, thresholds=(2.9, 3.8, 4.6, 5.5)),
    "nobody uses the middle": World(seed=23, change=no_middle),
    "one question": World(seed=24, questions=1, per_condition=2),
    "one question, people alone": World(seed=25, questions=1, per_condition=3, factors=ONE),
    "two questions": World(seed=26, questions=2, people=14),
    "two people": World(seed=27, people=2, questions=30, per_condition=10),
    "unbalanced cells": World(seed=28, people=20, change=unbalanced),
    "a condition without ratings": World(seed=29, change=without_a_condition),
    "empty cells": World(seed=30, people=14, change=empty_cells),
    "mostly three": World(seed=31, people=16, change=mostly_three),
    "missing ratings": World(seed=32, change=missing),
    "a condition with one rating": World(seed=33, change=one_rating_of_c),
    "everybody rates everything": World(seed=34, people=7, questions=7, is_crossed=True),
    "people within conditions": World(seed=35, people=18, per_condition=2, is_nested=True),
    "tiny": World(seed=36, people=4, questions=6, per_condition=2, effects=(0.0, 0.7)),
    "texts rated by several": World(
        seed=37, people=10, questions=5, per_condition=1, is_crossed=True, factors=WITH_TEXT
    ),
    "people differ in what they prefer": World(
        seed=38, people=14, per_condition=4, pair_sd=1.2, factors=WITH_PAIR
    ),
    "one condition": World(seed=39, effects=(0.0,), per_condition=8),
}


def written() -> str:
    """JSON with a line for each set: letters are conditions, digits ratings, a dot is none given."""
    lines = [f"{json.dumps(name)}: {json.dumps(compact(world))}" for name, world in WORLDS.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def compact(world: World) -> dict[str, Any]:
    frame = made(world)
    found = {
        "factors": list(world.factors),
        "covariates": list(world.covariates),
        "participant": frame["participant"].tolist(),
        "question": frame["question"].tolist(),
        "condition": "".join(frame["condition"]),
        "rating": "".join("." if np.isnan(one) else f"{one:.0f}" for one in frame["rating"]),
    }
    return found | ({LENGTH: [int(one) for one in frame[LENGTH]]} if world.covariates else {})


@cache
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SETS.read_text(encoding="utf-8"))
    return found


def read(name: str) -> tuple[pd.DataFrame, Sequence[str], Sequence[str]]:
    """A set's rows, the factors of its model and the covariates."""
    one = stored()[name]
    frame = pd.DataFrame({"participant": one["participant"], "question": one["question"]})
    frame["condition"] = pd.Categorical(list(one["condition"]), sorted(set(one["condition"])))
    frame["rating"] = [np.nan if mark == "." else float(mark) for mark in one["rating"]]
    conditions = frame["condition"].astype(str)
    frame["pair"] = frame["participant"].astype(str) + conditions
    frame["text"] = frame["question"].astype(str) + conditions
    if one["covariates"]:
        frame[LENGTH] = np.asarray(one[LENGTH], dtype=np.float64)
    return frame, one["factors"], one["covariates"]


if __name__ == "__main__":
    sys.stdout.write(written())
