"""What an analysis works on: ratings in one frame, and what is known of where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np
import pandas as pd

from app.analysis.plans import PlanChange
from app.analysis.versions import VersionPart
from app.contract.plan import SmallestEffect

QUALITY = "Quality"
LENGTH = "explanation_length"
CORRECT = "answer_correct"
TEXT = "text"
PERSON_CONDITION = "participant_condition"
TEXT_HASH = "text_sha256"  # of all that is shown with an explanation
VERSION = "version"
STATUS = "status"
BY_RULE = "excluded"
BY_HAND = "excluded_by_hand"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What every table and figure is stamped with. `version` is of the study, `sha256` of the data."""

    title: str
    version: str
    sha256: str
    software: str


@dataclass(frozen=True)
class Removed:
    """What one exclusion rule, or one reason that a researcher wrote, took out.

    Rules are applied together, so a person may fall under several.
    """

    rule: str
    people: int
    responses: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a report's newest version says of the analysis, whenever that was said.

    `changes`: all that were made after the study's first answer, in any version.
    """

    version: int = 1
    primary: tuple[str, ...] = ()
    smallest_effect: SmallestEffect | None = None
    changes: tuple[PlanChange, ...] = ()

    @property
    def points(self) -> float | None:
        """The smallest effect of interest in points of the scale, and in log odds."""
        return self.smallest_effect.points if self.smallest_effect else None

    @property
    def log_odds(self) -> float | None:
        ratio = self.smallest_effect.odds_ratio if self.smallest_effect else None
        return None if ratio is None else log(ratio)

    def is_declared(self, part: str) -> bool:
        """Whether this part stood in the plan before the first answer, and stayed until this version."""
        return self.last_change(part) is None

    def last_change(self, part: str) -> PlanChange | None:
        """Of those until this version, after the first answer."""
        mine = [one for one in self.changes if part in one.parts and one.version <= self.version]
        return mine[-1] if mine else None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a study is that is not closed: its newest version. `full`: texts with all of their ratings.

    `given` and `people` are of those who count; `needed`: people, for all that is asked.
    """

    status: str
    version: int
    given: int
    asked: int
    texts: int
    full: int
    people: int
    needed: int


@dataclass(frozen=True, kw_only=True)
class Material:
    """`frame` has one row per response: all that were given, but for those of people who withdrew.

    `excluded` marks rows that exclusion rules remove, `excluded_by_hand` those of people whom a researcher
    excluded; either is there if anybody was, and `removed` and `by_hand` say why. `flow`: participants by
    stage, empty where it was not recorded. `missing`: what was not recorded. `primary`: constructs that were
    declared primary before the data. `scale`: the labels, or numbers where constructs have different scales.
    `versions`: those that were rated in, analysed or not. `due`: texts that somebody was to rate, and who
    left the study at one of them.
    """

    frame: pd.DataFrame
    conditions: tuple[str, ...]
    constructs: tuple[str, ...]
    controls: tuple[str, ...]
    origin: Origin
    scale: tuple[str, ...]
    flow: dict[str, int] = field(default_factory=dict)
    removed: tuple[Removed, ...] = ()
    missing: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()
    plan: Plan = Plan()
    by_hand: tuple[Removed, ...] = ()
    versions: tuple[VersionPart, ...] = ()
    standing: Standing | None = None
    due: pd.DataFrame | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        return (*self.constructs, QUALITY)

    @property
    def covariates(self) -> tuple[str, ...]:
        return (LENGTH,) if self.has(LENGTH) else ()

    def has(self, column: str) -> bool:
        return column in self.frame and bool(self.frame[column].notna().any())

    @property
    def factors(self) -> tuple[str, ...]:
        """What gets random intercepts, by the design alone.

        Participant and question; text where texts have several ratings; participant × condition where people
        rated several texts of a condition (Barr et al. 2013, J. Mem. Lang. 68(3): without it, what a person
        thinks of a condition would pass for a difference between conditions).
        """
        more = (PERSON_CONDITION,) if self.has_levels(PERSON_CONDITION) else ()
        return (*self.plain_factors, *more)

    @property
    def plain_factors(self) -> tuple[str, ...]:
        """The same without participant × condition, as in the published analysis."""
        return tuple(name for name in ("participant", "question", TEXT) if self.has_levels(name))

    def has_levels(self, factor: str) -> bool:
        """Whether a factor's levels have several ratings, and are more than what they are nested in."""
        above = {TEXT: "question", PERSON_CONDITION: "participant"}
        levels = self.frame[factor].nunique()
        fewest = self.frame[above[factor]].nunique() if factor in above else 0
        return fewest < levels < len(self.frame)


def completed(frame: pd.DataFrame, conditions: Sequence[str], constructs: Sequence[str]) -> pd.DataFrame:
    """The frame with conditions in order, the mean of the constructs (where all were given), and texts.

    A text is what was shown of a question in a condition; a further one of the same two has a number.
    """
    values = frame[list(constructs)]
    # The sum is of whole numbers, so that equal means are equal to the last bit.
    quality = values.sum(axis=1) / len(constructs)
    found = frame.reset_index(drop=True)
    found[TEXT] = texts_of(found)
    found[PERSON_CONDITION] = found["participant"].astype(str) + " / " + found["condition"].astype(str)
    found["condition"] = pd.Categorical(found["condition"], list(conditions))
    found[QUALITY] = quality.where(values.notna().all(axis=1)).to_numpy()
    return found


def texts_of(frame: pd.DataFrame) -> "pd.Series[str]":
    """A label for each text, in the order of first use; where no hash is known, question and condition."""
    labels = frame["question"].astype(str) + " / " + frame["condition"].astype(str)
    if TEXT_HASH not in frame:
        return labels
    place = frame.groupby([labels, TEXT_HASH], sort=False).ngroup()
    first = pd.DataFrame({"label": labels, "place": place}).drop_duplicates("place")
    number = first.groupby("label").cumcount() + 1
    told = first["label"] + np.where(number > 1, " (" + number.astype(str) + ")", "")
    return place.map(dict(zip(first["place"], told, strict=True)))


def marked(frame: pd.DataFrame, column: str) -> "pd.Series[bool]":
    """Which rows a column of exclusions marks; none where there is no such column."""
    return frame[column].astype(bool) if column in frame else pd.Series(data=False, index=frame.index)


def as_numbers(column: "pd.Series[str]") -> "pd.Series[float]":
    """Numbers from text; what is empty is missing. Raises: ValueError for anything else."""
    return pd.Series(np.asarray(pd.to_numeric(column), dtype=np.float64), index=column.index)
