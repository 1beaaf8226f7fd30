"""What an analysis works on: ratings in one frame, and what is known of where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

QUALITY = "Quality"
LENGTH = "explanation_length"
CORRECT = "answer_correct"
TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What every table and figure is stamped with. `version` is of the study, `sha256` of the data."""

    title: str
    version: str
    sha256: str
    software: str


@dataclass(frozen=True)
class Removed:
    """What one exclusion rule took out; rules are applied together, so a person may fall under several."""

    rule: str
    people: int
    responses: int


@dataclass(frozen=True, kw_only=True)
class Material:
    """`frame` has one row per response that counts; `excluded` marks those that exclusion rules remove.

    `flow`: participants by stage, empty where it was not recorded. `missing`: what was not recorded.
    `primary`: constructs that were declared primary before the data. `scale`: the labels, or numbers
    where constructs have different scales.
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
        """What gets random intercepts: participant, question, and text where texts have several ratings."""
        texts, questions = self.frame[TEXT].nunique(), self.frame["question"].nunique()
        repeated = 0 < texts < len(self.frame) and texts > questions
        return ("participant", "question", TEXT) if repeated else ("participant", "question")


def completed(frame: pd.DataFrame, conditions: Sequence[str], constructs: Sequence[str]) -> pd.DataFrame:
    """The frame with conditions in order, the mean of the constructs (where all were given), and texts."""
    values = frame[list(constructs)]
    # The sum is of whole numbers, so that equal means are equal to the last bit.
    quality = values.sum(axis=1) / len(constructs)
    found = frame.reset_index(drop=True)
    found[TEXT] = found["question"].astype(str) + " / " + found["condition"].astype(str)
    found["condition"] = pd.Categorical(found["condition"], list(conditions))
    found[QUALITY] = quality.where(values.notna().all(axis=1)).to_numpy()
    return found


def as_numbers(column: "pd.Series[str]") -> "pd.Series[float]":
    """Numbers from text; what is empty is missing. Raises: ValueError for anything else."""
    return pd.Series(np.asarray(pd.to_numeric(column), dtype=np.float64), index=column.index)
