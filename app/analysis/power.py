"""How many participants a study needs: ratings simulated from an ordinal model, and tested like a study's."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from app.analysis.figures.style import COLUMN, colour, save, single, style
from app.analysis.p_values import is_significant
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.contrasts import condition_model
from app.analysis.statistics.mixed import mixed_condition_test
from app.errors import Invalid

Model = Literal["mixed", "clmm"]
FACTORS = ("participant", "question")
TARGETS = (0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is simulated: one condition differs from all others by `effect` log odds.

    The defaults are the published study's for Plausibility (cumulative link mixed model; standard deviations
    on the logit). Its texts had one rating each, so a text's own deviation could not be estimated: it is 0.
    """

    conditions: int = 4
    items: int = 3
    questions: int = 100
    effect: float = 0.5
    person_sd: float = 1.58
    question_sd: float = 0.31
    text_sd: float = 0.0
    thresholds: tuple[float, ...] = (-4.50, -2.72, -1.86, 0.81)

    def check(self) -> None:
        """Raises: Invalid."""
        if self.conditions * self.items > self.questions:
            asked = self.conditions * self.items
            raise Invalid(f"Each participant rates {asked} different questions; there are {self.questions}.")


@dataclass(frozen=True, kw_only=True)
class Power:
    """The share of simulations with p < .05, with a 95 % interval; `failed` had no test and count as none."""

    participants: int
    effect: float
    simulations: int
    power: float
    low: float
    high: float
    failed: int


def simulate(world: World, people: int, chance: np.random.Generator) -> pd.DataFrame:
    """Each person rates `items` questions in each condition, no question twice. Source: the model of clmm."""
    per_person = world.conditions * world.items
    order = chance.random((people, world.questions)).argsort(axis=1)[:, :per_person]
    question = order.ravel()
    person = np.repeat(np.arange(people), per_person)
    condition = np.tile(np.arange(per_person) % world.conditions, people)
    text = chance.normal(0, world.text_sd, (world.questions, world.conditions))
    eta = (
        world.effect * (condition == 1)
        + chance.normal(0, world.person_sd, people)[person]
        + chance.normal(0, world.question_sd, world.questions)[question]
        + text[question, condition]
        + chance.logistic(size=len(person))
    )
    rating = 1.0 + np.searchsorted(world.thresholds, eta)
    names = pd.Index([f"condition {number + 1}" for number in range(world.conditions)])
    labels = pd.Categorical.from_codes(condition, names)
    return pd.DataFrame({"participant": person, "question": question, "condition": labels, "rating": rating})


def p_value(frame: pd.DataFrame, model: Model) -> float | None:
    """Of the likelihood-ratio test for condition; None where there is none."""
    if model == "mixed":
        test = mixed_condition_test(frame, "rating", FACTORS)
        return None if isinstance(test, Undefined) else test.p
    found = condition_model(frame, "rating", FACTORS, ())
    return None if isinstance(found, Undefined) else found.test.p


def power_at(world: World, people: int, simulations: int, model: Model, seed: int) -> Power:
    """Every simulation has a seed of its own, so that more simulations begin with the same ones."""
    found = [
        p_value(simulate(world, people, np.random.default_rng([seed, people, number])), model)
        for number in range(simulations)
    ]
    significant = sum(p is not None and is_significant(p) for p in found)
    share = stats.binomtest(significant, simulations)
    limits = share.proportion_ci(method="wilson")
    return Power(
        participants=people,
        effect=world.effect,
        simulations=simulations,
        power=significant / simulations,
        low=float(limits.low),
        high=float(limits.high),
        failed=sum(p is None for p in found),
    )


def curve(world: World, people: Sequence[int], simulations: int, model: Model, seed: int) -> Iterator[Power]:
    for number in people:
        yield power_at(world, number, simulations, model, seed)


def smallest(found: Sequence[Power], target: float) -> int | None:
    """The first number of participants from which on the power reaches the target."""
    enough: int | None = None
    for one in sorted(found, key=lambda one: -one.participants):
        if one.power < target:
            break
        enough = one.participants
    return enough


def counts(text: str, step: int) -> list[int]:
    """`50..400` as 50, 50 + step, …, 400; or a single number. Raises: Invalid."""
    first, dots, last = text.partition("..")
    if not first.isdecimal() or (dots and not last.isdecimal()):
        raise Invalid(f"participants: '{text}' should be a number, or two like 50..400.")
    low, high = int(first), int(last or first)
    if not 2 <= low <= high:  # noqa: PLR2004  # a variance of people needs two
        raise Invalid(f"participants: '{text}' should begin at 2 or more, and not end before it begins.")
    return [*range(low, high, step), high]


def draw(found: Sequence[Power]) -> Figure:
    figure, axes = single(COLUMN, 2.3)
    places = [one.participants for one in found]
    axes.fill_between(
        places,
        [one.low for one in found],
        [one.high for one in found],
        color=colour(0),
        alpha=0.2,
        linewidth=0,
    )
    axes.plot(places, [one.power for one in found], "o-", color=colour(0), markersize=2.5, linewidth=1)
    for target in TARGETS:
        axes.axhline(target, color="grey", linewidth=0.6, linestyle="--")
    axes.set_ylim(0, 1)
    axes.set_xlabel("Participants")
    axes.set_ylabel("Power (95 % interval)")
    return figure


def write(found: Sequence[Power], out: Path, stamp: str) -> None:
    """power.csv and the curve as SVG, PDF and PNG. Raises: OSError."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "power.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(Power.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(vars(one) for one in found)
    with style():
        save(draw(found), out, "power", stamp)
