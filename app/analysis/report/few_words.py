"""What a report says where people or questions are few."""

from collections.abc import Iterator, Sequence

from app.analysis.few import FEWEST, few
from app.analysis.material import Material
from app.analysis.statistics.bootstrap import ENOUGH
from app.analysis.tidy import Note, Statistic

Found = Sequence[Statistic | Note]


def few_levels(material: Material, found: Found) -> Iterator[str]:
    """Few people or questions: a χ² takes their variances as known."""
    short = list(few(material.frame))
    if not short:
        return
    yield (
        f"There are {' and '.join(short)}. With fewer than {FEWEST}, a χ² rejects too often: with 10 to 12 "
        "questions and no difference at all, 10 to 13 % of such tests have p < .05. "
        f"{instead_of_chi2(found)}"
    )


def instead_of_chi2(found: Found) -> str:
    runs = simulated(found)
    if not runs:
        return "Take a p-value that is not far below .05 as no more than a hint."
    return (
        "So the tests of conditions that this report puts into words are held against simulated studies, "
        "and linear mixed models have degrees of freedom that allow for it. Take any other p-value of a "
        "mixed model that is not far below .05 as no more than a hint, and so an odds ratio's interval that "
        "hardly excludes no difference."
    )


def simulated(found: Found) -> list[float]:
    """How many studies were simulated for each test."""
    return [one.value for one in found if isinstance(one, Statistic) and one.quantity == "simulated"]


def simulations(found: Found) -> Iterator[str]:
    if runs := simulated(found):
        failed = sum(
            one.value for one in found if isinstance(one, Statistic) and one.quantity == "refits_failed"
        )
        yield (
            f"With fewer than {FEWEST} people, or questions of a condition, the tests of cumulative link "
            "mixed models of which this report speaks in words are parametric bootstraps: studies of the "
            "same people, texts and conditions are simulated from the model without a difference, and p is "
            f"the share whose χ² is as large as the data's ({counted(runs)} studies; a test ends at {ENOUGH} "
            "as large, after Besag and Clifford; seeded by the data). A study in which a model cannot be "
            f"fitted counts as one of them ({failed:.0f} of {sum(runs):.0f}). p (Holm) is of these p-values."
        )


def counted(numbers: Sequence[float]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
