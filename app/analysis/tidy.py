"""Every figure as a row of its own: statistics.csv, and what all tables are made from."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.cumulative import CumulativeModel
from app.analysis.statistics.mixed import MixedModel

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KEYS = ("group1", "group2", "term", "construct")
COLUMNS = ("analysis", "variant", "construct", "group1", "group2", "term", "quantity", "n", "value")


@dataclass(frozen=True)
class Key:
    """Where a figure belongs. `variant`: published, all_rows, no_outliers or exclusions."""

    analysis: str
    variant: str
    construct: str = ""
    group1: str = ""
    group2: str = ""
    term: str = ""


@dataclass(frozen=True)
class Statistic:
    key: Key
    quantity: str
    n: int | None
    value: float


@dataclass(frozen=True)
class Note:
    """A sentence where a figure cannot be."""

    key: Key
    sentence: str


def tidy(key: Key, result: object) -> Iterator[Statistic | Note]:
    """The figures of a result: of its fields, of what it holds, and of each in a list."""
    if isinstance(result, Undefined):
        yield Note(key, result.reason)
    elif isinstance(result, list | tuple):
        for one in result:
            yield from tidy(key, one)
    elif is_dataclass(result) and not isinstance(result, type):
        own = {name: getattr(result, name) for name in KEYS if hasattr(result, name)}
        yield from figures(replace(key, **own), result)


def figures(key: Key, result: "DataclassInstance", n: int | None = None) -> Iterator[Statistic | Note]:
    n = getattr(result, "n", n)
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in KEYS:
            continue
        if isinstance(value, int | float):
            yield Statistic(key, field.name, n, value)
        elif is_dataclass(value):
            yield from tidy(key, value)
        elif isinstance(value, tuple) and all(is_dataclass(one) for one in value):
            for one in value:
                inner = {name: getattr(one, name) for name in KEYS if hasattr(one, name)}
                yield from figures(replace(key, **inner), one, n)
    if isinstance(result, MixedModel | CumulativeModel):
        yield from components(key, result)


def components(key: Key, model: MixedModel | CumulativeModel) -> Iterator[Statistic]:
    """Variances (or standard deviations, on the logit), and which intercepts were fitted or hit zero."""
    parts = model.variances if isinstance(model, MixedModel) else model.deviations
    name = "variance" if isinstance(model, MixedModel) else "random_sd"
    for factor, value in parts.items():
        yield Statistic(replace(key, term=factor), name, model.n, value)
    for factor in (*model.fitted, *model.at_zero):
        yield Statistic(replace(key, term=factor), "is_at_zero", model.n, float(factor in model.at_zero))
