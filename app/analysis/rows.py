"""Figures that belong to one place in statistics.csv."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.linear import Coefficient


@dataclass(frozen=True, kw_only=True)
class Row:
    """Figures that belong to one place; one that is None has no line in the file."""

    values: Mapping[str, float | None]
    n: int | None = None
    group1: str = ""
    group2: str = ""
    term: str = ""


Rows = Iterator[Row | Undefined]


def coefficient(one: Coefficient, n: int) -> Row:
    tests = {"statistic": one.statistic, "p": one.p, "low": one.low, "high": one.high}
    estimate = {"estimate": one.estimate, "se": one.se}
    return Row(term=one.term, n=n, values={**estimate, **tests, "df": one.df})
