"""How long the models of large studies take: five outcomes with three factors, and one with two.

`make bench-models` prints seconds for the models of a report of 12,000 ratings of five constructs (as many
processes as there are processors), and of one linear and one cumulative mixed model of 100,000 ratings.
"""

import time

import numpy as np
import pandas as pd

from app.analysis.analyses import versions_of
from app.analysis.course import Course
from app.analysis.fitting import answered, asked, questions_of
from app.analysis.material import Material, Origin, completed
from app.analysis.side_by_side import processes_for, side_by_side
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.cumulative import cumulative_model
from app.analysis.statistics.mixed import mixed_model

CONDITIONS = ("a", "b", "c", "d")
CONSTRUCTS = ("clarity", "completeness", "contrast", "satisfaction", "use")
CUTS = (-3.0, -1.5, 0.0, 2.0)


def made(people: int, each: int, questions: int, constructs: tuple[str, ...], seed: int = 1) -> pd.DataFrame:
    """Ratings with intercepts for people (SD 1.2), questions (.4), texts (.3), people × conditions (.5)."""
    chance, count = np.random.default_rng(seed), len(CONDITIONS)
    person = np.repeat(np.arange(people), each)
    condition = np.tile(np.arange(each) % count, people)
    question = np.concatenate([chance.permutation(questions)[:each] for _ in range(people)])
    frame = pd.DataFrame(
        {
            "participant": [f"p{one}" for one in person],
            "question": [f"q{one}" for one in question],
            "condition": pd.Categorical(np.array(CONDITIONS)[condition], list(CONDITIONS)),
        }
    )
    for name in constructs:
        eta = 0.4 * (condition == 1) + chance.normal(0, 1.2, people)[person]
        eta += chance.normal(0, 0.4, questions)[question]
        eta += chance.normal(0, 0.5, (people, count))[person, condition]
        eta += chance.normal(0, 0.3, (questions, count))[question, condition]
        frame[name] = 1.0 + np.searchsorted(CUTS, eta + chance.logistic(size=len(frame)))
    frame["Quality"] = frame[list(constructs)].mean(axis=1)
    return frame


def report_models() -> None:
    rows = completed(made(120, 100, 100, CONSTRUCTS), CONDITIONS, list(CONSTRUCTS))
    material = Material(
        frame=rows,
        conditions=CONDITIONS,
        constructs=CONSTRUCTS,
        controls=(),
        origin=Origin(title="", version="", sha256="", software=""),
        scale=tuple("12345"),
    )
    course = Course(tell=lambda _, __, doing: print(f"  {doing}", flush=True))
    begun = time.perf_counter()
    with side_by_side(len(rows)) as executor:
        answered(asked(questions_of(material, versions_of(material)), executor, course))
    took_s = time.perf_counter() - begun
    print(f"{len(rows):,} ratings × 5 constructs, factors: {', '.join(material.factors)}")
    print(f"in {processes_for(len(rows))} processes: {took_s:.0f} s")


def large_models() -> None:
    rows = made(10_000, 10, 400, ("clarity",))
    for fit in (mixed_model, cumulative_model):
        begun = time.perf_counter()
        model = fit(rows, "clarity", ("participant", "question"))
        assert not isinstance(model, Undefined)
        print(
            f"{len(rows):,} ratings, two factors, {fit.__name__}: {time.perf_counter() - begun:.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    large_models()
    report_models()
