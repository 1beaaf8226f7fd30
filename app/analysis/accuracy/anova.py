"""Analysis of variance of accuracies over conditions and sizes; cells may hold different numbers of runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from app.analysis.accuracy.runs import Run, cells_of
from app.analysis.statistics.base import Matrix, Undefined, Vector, is_constant

Kind = Literal["I", "II", "III"]
KINDS: tuple[Kind, ...] = ("I", "II", "III")
CONDITION, SIZE, BOTH = "condition", "size", "condition × size"
NO_ANOVA = Undefined("There are too few runs, or no spread, for an analysis of variance.")


@dataclass(frozen=True, kw_only=True)
class Term:
    """A line of an analysis of variance; `ges` is SS / (SS + SS of the error)."""

    name: str
    ss: float
    df: int
    df_error: int
    f: float
    p: float
    ges: float


@dataclass(frozen=True, kw_only=True)
class Anova:
    terms: tuple[Term, ...]
    ss_error: float
    df_error: int


def anova(
    runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str], kind: Kind
) -> Anova | Undefined:
    """Compare nested linear models: condition, size and both.

    Type I takes terms in this order, II each after all that do not contain it, III each after all others
    (sum contrasts). Source: Langsrud 2003, Statistics and Computing 13(2).
    """
    values = np.array([run.accuracy for run in runs])
    columns = term_columns(runs, conditions, sizes)
    error, rank = residual(values, list(columns.values()))
    df_error = len(values) - rank
    if not columns or df_error < 1 or all(map(is_constant, cells_of(runs, conditions, sizes).values())):
        return NO_ANOVA
    terms = []
    for name in columns:
        less, more = compared(list(columns), name, kind)
        ss_less, rank_less = residual(values, [columns[term] for term in less])
        ss_more, rank_more = residual(values, [columns[term] for term in more])
        if rank_more > rank_less:  # a cell without runs can leave a term nothing of its own
            ss, df = ss_less - ss_more, rank_more - rank_less
            f = ss / df / (error / df_error)
            p = float(stats.f.sf(f, df, df_error))
            ges = ss / (ss + error)
            terms.append(Term(name=name, ss=ss, df=df, df_error=df_error, f=f, p=p, ges=ges))
    return Anova(terms=tuple(terms), ss_error=error, df_error=df_error)


def compared(terms: list[str], name: str, kind: Kind) -> tuple[list[str], list[str]]:
    """The terms of the two models whose difference is the term's sum of squares."""
    if kind == "I":
        more = terms[: terms.index(name) + 1]
    elif kind == "II":
        more = [term for term in terms if term == name or term != BOTH]
    else:
        more = terms
    return [term for term in more if term != name], more


def term_columns(runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str]) -> dict[str, Matrix]:
    """Each term's columns under sum contrasts, (runs, levels - 1); a factor of one level is no term."""
    used = Counter(run.condition for run in runs), Counter(run.size for run in runs)
    first = contrasts([run.condition for run in runs], [level for level in conditions if level in used[0]])
    second = contrasts([run.size for run in runs], [level for level in sizes if level in used[1]])
    both = (first[:, :, None] * second[:, None, :]).reshape(len(runs), -1)
    named = {CONDITION: first, SIZE: second, BOTH: both}
    return {name: columns for name, columns in named.items() if columns.shape[1]}


def contrasts(column: Sequence[str], levels: Sequence[str]) -> Matrix:
    coded = np.vstack([np.eye(len(levels) - 1), -np.ones(len(levels) - 1)])  # (levels, levels - 1)
    rows: Matrix = coded[[levels.index(value) for value in column]]
    return rows


def residual(values: Vector, columns: Sequence[Matrix]) -> tuple[float, int]:
    """Sum of squares that the intercept and these columns leave, and their rank."""
    matrix = np.hstack([np.ones((len(values), 1)), *columns])
    beta, _, rank, _ = np.linalg.lstsq(matrix, values, rcond=None)
    return float(np.sum((values - matrix @ beta) ** 2)), int(rank)
