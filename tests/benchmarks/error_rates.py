"""How often tests of conditions reject where there is no difference, and how often intervals hold the truth.

make error-rates [RUNS=400] [FILE=var/error-rates.jsonl]

Each run simulates one study without a difference and writes one line to the file; runs that it holds are not
made again, so this can be stopped at any time. Each has a seed of its own. The table is of all runs there.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.few import is_few
from app.analysis.models import compared
from app.analysis.power import World, material_of, simulate
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.bootstrap import bootstrap, most_runs, world_of
from app.analysis.statistics.contrasts import ConditionTest, condition_f, condition_model, contrasts
from app.analysis.statistics.effects import Z95
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model

SEED = 20_251
LEVEL = 0.05
RATINGS = "construct 1"
NULL = World(effect=0.0)
TESTS = {
    "clmm_ratio": "CLMM, likelihood ratio (χ²)",
    "clmm_bootstrap": "CLMM, parametric bootstrap",
    "lmm_ratio": "LMM, likelihood ratio (χ²)",
    "lmm_f": "LMM, Satterthwaite's F",
}
INTERVALS = {
    "clmm_covers": "CLMM, Wald interval",
    "lmm_z_covers": "LMM, normal interval",
    "lmm_t_covers": "LMM, Satterthwaite's interval",
}
Run = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A study without a difference. One of `every` so many rounds has a run of it, as some are dear."""

    world: World
    people: int
    every: int = 1


TEXTS = replace(NULL, text_sd=0.6)
LIKINGS = replace(NULL, pair_sd=0.8)
PLANS = {
    "10 questions × 2 conditions, text SD .6, 40 people": Plan(
        world=replace(TEXTS, conditions=2, items=5, questions=10), people=40
    ),
    "12 questions × 4 conditions, text SD .6, 40 people": Plan(world=replace(TEXTS, questions=12), people=40),
    "within, 8 people, 4 conditions × 3": Plan(world=NULL, people=8),
    "between, 24 people, 4 conditions": Plan(world=replace(NULL, items=6, is_between=True), people=24),
    "within, 40 people, 4 conditions × 3": Plan(world=NULL, people=40),
    "participant × condition SD .8, 40 people, 4 × 3": Plan(world=LIKINGS, people=40),
    "participant × condition SD .8, 120 people, 2 × 6": Plan(
        world=replace(LIKINGS, conditions=2, items=6), people=120, every=2
    ),
}


def simulated(name: str, number: int) -> Run:
    """One study, and what a report would have said of it."""
    plan = PLANS[name]
    chance = np.random.default_rng([SEED, list(PLANS).index(name), number])
    frame = simulate(plan.world, plan.people, chance)
    factors = material_of(frame, (RATINGS,)).factors
    began = time.monotonic()
    found: Run = {"design": name, "run": number, **cumulative(frame, factors), **linear(frame, factors)}
    return found | {"seconds": round(time.monotonic() - began, 2)}


def cumulative(frame: pd.DataFrame, factors: tuple[str, ...]) -> Run:
    found = condition_model(frame, RATINGS, factors)
    if not isinstance(found, ConditionTest):
        return {"clmm_refused": found.reason}
    pair = contrasts(found.model, compared(frame, RATINGS))[0]
    known: Run = {"clmm_ratio": found.test.p, "clmm_covers": bool(pair.low < 0 < pair.high)}
    if is_few(frame):
        world = world_of(frame, RATINGS, factors, found.null)
        made = bootstrap(world, found.test.chi2, most_runs(1))
        known |= {"clmm_bootstrap": made.p, "simulated": made.runs, "refits_failed": made.failed}
    return known


def linear(frame: pd.DataFrame, factors: tuple[str, ...]) -> Run:
    model = mixed_model(frame, RATINGS, factors)
    ratio = mixed_condition_test(frame, RATINGS, factors)
    if not isinstance(model, MixedModel) or isinstance(ratio, Undefined):
        return {"lmm_refused": next(one.reason for one in (model, ratio) if isinstance(one, Undefined))}
    labels = compared(frame, RATINGS)
    pair = contrasts(model, labels)[0]
    return {
        "lmm_ratio": ratio.p,
        "lmm_f": condition_f(model, labels).p,
        "lmm_t_covers": bool(pair.low < 0 < pair.high),
        "lmm_z_covers": abs(pair.statistic) < Z95,
    }


def stored(path: Path) -> list[Run]:
    """What the file holds; a line that was cut short is none."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found


def missing(known: list[Run], runs: int) -> Iterator[tuple[str, int]]:
    """Round by round, so that all designs grow side by side."""
    made = {(one["design"], one["run"]) for one in known}
    for number in range(runs):
        for name, plan in PLANS.items():
            if number % plan.every == 0 and (name, number) not in made:
                yield name, number


def table(known: list[Run]) -> Iterator[str]:
    for name in PLANS:
        mine = [one for one in known if one["design"] == name]
        if not mine:
            continue
        seconds = np.mean([one["seconds"] for one in mine])
        yield f"\n{name}: {len(mine)} runs, {seconds:.1f} s each{refused(mine)}"
        for key, words in TESTS.items():
            yield from rate(f"{words}: p < .05", [one[key] < LEVEL for one in mine if key in one])
        for key, words in INTERVALS.items():
            yield from rate(f"{words} covers", [one[key] for one in mine if key in one])


def refused(mine: list[Run]) -> str:
    counts = {kind: sum(f"{kind}_refused" in one for one in mine) for kind in ("clmm", "lmm")}
    told = ", ".join(f"{kind} refused {count}" for kind, count in counts.items() if count)
    return f", {told}" if told else ""


def rate(words: str, hits: list[bool]) -> Iterator[str]:
    """With Wilson's 95 % interval."""
    if hits:
        limits = stats.binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
        share = sum(hits) / len(hits)
        yield f"  {words:45} {share:.3f} [{limits.low:.3f}, {limits.high:.3f}] of {len(hits)}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=400, help="of each design; 0 only prints the table")
    asked = parser.parse_args()
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    known = stored(asked.file)
    with asked.file.open("a", encoding="utf-8") as stream:
        stream.write("\n")  # after a line that was cut short
        for name, number in missing(known, asked.runs):
            stream.write(json.dumps(simulated(name, number)) + "\n")
            stream.flush()
    for line in table(stored(asked.file)):
        say(line)


if __name__ == "__main__":
    main()
