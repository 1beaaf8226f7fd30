"""How many participants a study needs: ratings simulated from an ordinal model, judged as in a report."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from app.analysis.figures.style import COLUMN, colour, save, single, style
from app.analysis.material import Material, Origin, completed
from app.analysis.models import compared
from app.analysis.p_values import is_significant
from app.analysis.statistics.base import Codes, Undefined, in_families
from app.analysis.statistics.contrasts import Contrast, condition_f, condition_tests, contrasts
from app.analysis.statistics.mixed import mixed_model
from app.errors import Invalid

Model = Literal["mixed", "clmm"]
TARGETS = (0.8, 0.9)
DIFFERENT = "condition 2"  # from all others, in the first construct


@dataclass(frozen=True, kw_only=True)
class World:
    """What is simulated: one condition differs from all others by `effect` log odds, in the first construct.

    The defaults are the published study's for Plausibility (cumulative link mixed model; standard deviations
    on the logit). Its texts had one rating each, so a text's own deviation could not be estimated: it is 0.
    `pair_sd` is of what a person thinks of a condition. People and texts deviate alike in all constructs.
    """

    conditions: int = 4
    items: int = 3
    questions: int = 100
    effect: float = 0.5
    person_sd: float = 1.58
    question_sd: float = 0.31
    text_sd: float = 0.0
    pair_sd: float = 0.0
    thresholds: tuple[float, ...] = (-4.50, -2.72, -1.86, 0.81)
    constructs: int = 1
    drop_out: float = 0.0  # the share of people who leave, each place being as likely
    is_between: bool = False  # each participant rates one condition

    @property
    def per_person(self) -> int:
        return self.items if self.is_between else self.items * self.conditions

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"construct {number + 1}" for number in range(self.constructs))

    def check(self) -> None:
        """Raises: Invalid."""
        if self.per_person > self.questions:
            asked = self.per_person
            raise Invalid(f"Each participant rates {asked} different questions; there are {self.questions}.")
        if not self.thresholds or any(low >= high for low, high in pairwise(self.thresholds)):
            raise Invalid("thresholds: each should be greater than the one before.")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the report would say of one construct: the p-value that counts, and the pairs."""

    p_holm: float
    pairs: Sequence[Contrast]

    @property
    def is_difference(self) -> bool:
        return is_significant(self.p_holm)

    @property
    def is_pair(self) -> bool:
        """Whether a pair that does differ is called so; without a difference of all, none is."""
        return self.is_difference and any(
            DIFFERENT in (one.group1, one.group2) and is_significant(one.p_holm) for one in self.pairs
        )


@dataclass(frozen=True, kw_only=True)
class Power:
    """Shares of simulations. `power`: the first construct differs, with a 95 % interval; `pairs`: and one of
    its pairs that do; `any_claim`: some construct differs. `failed` had no test of the first, which counts as
    no difference.
    """

    participants: int
    effect: float
    simulations: int
    power: float
    low: float
    high: float
    pairs: float
    any_claim: float
    failed: int


def simulate(world: World, people: int, chance: np.random.Generator) -> pd.DataFrame:
    """Each person rates `items` questions in each condition (or in one), no question twice.

    Source: the model of clmm.
    """
    per_person = world.per_person
    order = chance.random((people, world.questions)).argsort(axis=1)[:, :per_person]
    places = np.arange(per_person) % world.conditions
    condition = places[chance.random((people, per_person)).argsort(axis=1)].ravel()
    person = np.repeat(np.arange(people), per_person)
    if world.is_between:
        condition = person % world.conditions
    question = order.ravel()
    stays = np.tile(np.arange(per_person), people) < leaving(world, people, chance)[person]
    shared = (
        chance.normal(0, world.person_sd, people)[person]
        + chance.normal(0, world.question_sd, world.questions)[question]
        + chance.normal(0, world.text_sd, (world.questions, world.conditions))[question, condition]
        + chance.normal(0, world.pair_sd, (people, world.conditions))[person, condition]
    )
    names = [f"condition {number + 1}" for number in range(world.conditions)]
    found = {"participant": person, "question": question, "condition": np.array(names)[condition]}
    for number, name in enumerate(world.names):
        effect = world.effect * (condition == 1) if number == 0 else 0.0
        found[name] = 1.0 + np.searchsorted(
            world.thresholds, shared + effect + chance.logistic(size=len(person))
        )
    return completed(pd.DataFrame(found)[stays], names, world.names)


def leaving(world: World, people: int, chance: np.random.Generator) -> Codes:
    """How many items each person rates."""
    leaves = chance.random(people) < world.drop_out
    return np.where(leaves, chance.integers(0, world.per_person, people), world.per_person)


def material_of(frame: pd.DataFrame, names: Sequence[str]) -> Material:
    """What a report would be of."""
    labels = tuple(map(str, frame["condition"].cat.categories))
    origin = Origin(title="", version="", sha256="", software="")
    return Material(
        frame=frame, conditions=labels, constructs=tuple(names), controls=(), origin=origin, scale=()
    )


def decide(frame: pd.DataFrame, names: Sequence[str], model: Model) -> dict[str, Decision]:
    """As the report does: a test of each construct, corrected over them; those that have one."""
    factors = material_of(frame, names).factors
    if model == "clmm":
        return {
            name: Decision(p_holm=one.p_holm, pairs=contrasts(one.model, compared(frame, name)))
            for name, one in condition_tests(frame, names, factors).items()
            if not isinstance(one, Undefined)
        }
    fits = {name: mixed_model(frame, name, factors) for name in names}
    p_values = {
        name: None if isinstance(one, Undefined) else condition_f(one, compared(frame, name)).p
        for name, one in fits.items()
    }
    return {
        name: Decision(p_holm=p, pairs=contrasts(fit, compared(frame, name)))
        for name, p in in_families(p_values).items()
        if not isinstance(fit := fits[name], Undefined)
    }


def power_at(world: World, people: int, simulations: int, model: Model, seed: int) -> Power:
    """Every simulation has a seed of its own, so that more simulations begin with the same ones."""
    first, differs, pairs, claims, failed = world.names[0], 0, 0, 0, 0
    for number in range(simulations):
        frame = simulate(world, people, np.random.default_rng([seed, people, number]))
        found = decide(frame, world.names, model)
        failed += first not in found
        claims += any(one.is_difference for one in found.values())
        if first in found:
            differs += found[first].is_difference
            pairs += found[first].is_pair
    limits = stats.binomtest(differs, simulations).proportion_ci(method="wilson")
    return Power(
        participants=people,
        effect=world.effect,
        simulations=simulations,
        power=differs / simulations,
        low=float(limits.low),
        high=float(limits.high),
        pairs=pairs / simulations,
        any_claim=claims / simulations,
        failed=failed,
    )


def read_thresholds(text: str) -> tuple[float, ...]:
    """`-2,0,1.5` as numbers. Raises: Invalid."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise Invalid(
            f"thresholds: '{text}' should be numbers with commas between, like -2,0,1.5."
        ) from error


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
