"""Model matrices: conditions against a reference, covariates as they are, questionnaire answers in groups."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.analysis.statistics.base import Matrix, Vector, conditions_of

INTERCEPT = "(Intercept)"
# The published analysis' references; any other question's is its first answer in byte order.
PUBLISHED_REFERENCES = {"gender": "male", "country": "United Kingdom"}


@dataclass(frozen=True)
class Design:
    """`dropped`: columns that are a combination of others, as R's lm leaves them out."""

    matrix: Matrix
    names: tuple[str, ...]
    dropped: tuple[str, ...] = ()


def design(
    frame: pd.DataFrame,
    covariates: Sequence[str] = (),
    controls: Sequence[str] = (),
    *,
    with_condition: bool = True,
    with_intercept: bool = True,
    interaction: str | None = None,
) -> Design:
    """Treatment contrasts: the first condition is the reference, each other term is named by its label.

    `interaction` is a covariate whose effect may differ between conditions: terms `label × covariate`.
    """
    columns: list[tuple[str, Vector]] = [(INTERCEPT, np.ones(len(frame)))]
    if with_condition:
        columns += condition_columns(frame)
    columns += [(name, np.asarray(frame[name], dtype=np.float64)) for name in covariates]
    for control in controls:
        columns += control_columns(frame, control)
    if interaction is not None:
        times = np.asarray(frame[interaction], dtype=np.float64)
        columns += [(f"{name} × {interaction}", column * times) for name, column in condition_columns(frame)]
    kept = [index for index, _ in independent(columns)]
    names = [name for name, _ in columns]
    start = 0 if with_intercept else 1
    return Design(
        np.column_stack([columns[index][1] for index in kept])[:, start:],
        tuple(names[index] for index in kept)[start:],
        tuple(name for index, name in enumerate(names) if index not in kept),
    )


def condition_columns(frame: pd.DataFrame) -> list[tuple[str, Vector]]:
    codes = np.asarray(frame["condition"].cat.codes)
    labels = conditions_of(frame)
    return [(label, (codes == number).astype(np.float64)) for number, label in enumerate(labels)][1:]


def control_columns(frame: pd.DataFrame, control: str) -> list[tuple[str, Vector]]:
    answers = frame[control].astype(str)
    levels = sorted(answers.unique())
    reference = reference_level(control, levels)
    return [
        (f"{control}: {level}", np.asarray(answers == level, dtype=np.float64))
        for level in levels
        if level != reference
    ]


def reference_level(control: str, levels: Iterable[str]) -> str:
    """The answer that the others are compared with."""
    ordered = sorted(levels)
    published = PUBLISHED_REFERENCES.get(control.removeprefix("asked: "))
    return published if published in ordered else ordered[0]


def independent(columns: list[tuple[str, Vector]]) -> Iterator[tuple[int, Vector]]:
    """The columns, in order, that are not a combination of those before (Gram-Schmidt, twice)."""
    basis: list[Vector] = []
    for index, (_, column) in enumerate(columns):
        size = float(np.linalg.norm(column))
        rest = column
        for _ in range(2):
            for direction in basis:
                rest = rest - direction * float(direction @ rest)
        left = float(np.linalg.norm(rest))
        if size > 0 and left > 1e-9 * size:
            basis.append(rest / left)
            yield index, column
