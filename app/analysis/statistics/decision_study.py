"""How reliable the mean of several raters is, and how many raters would make it so: a decision (D) study."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.mixed import MixedModel

TARGET = 0.8
RATERS = (1, 2, 3, 5, 10, 20, 50)


@dataclass(frozen=True, kw_only=True)
class MeanReliability:
    """Of a mean of `raters`. `relative`: the same people rate all; `absolute`: each has its own raters."""

    raters: int
    relative: float
    absolute: float


@dataclass(frozen=True, kw_only=True)
class DecisionStudy:
    """Variances of the objects and of one rater's error. The numbers of raters reach TARGET; None never does.

    `parts`: the model's factors that are the object's own.
    """

    n: int
    parts: tuple[str, ...]
    var_object: float
    var_relative: float
    var_absolute: float
    raters_relative: int | None
    raters_absolute: int | None
    means: tuple[MeanReliability, ...]


def decision_study(
    model: MixedModel, parts: Sequence[str], rater: str = "participant"
) -> DecisionStudy | Undefined:
    """From a model's variances: what belongs to the objects (`parts`), to raters, and to neither.

    What a rater adds to all objects alike is error only where objects have different raters. Sources: Brennan
    2001, Generalizability Theory, 2.3; Shavelson & Webb 1991, Generalizability Theory: A Primer, ch. 6.
    """
    known = {*model.fitted, *model.at_zero}
    mine = tuple(name for name in parts if name in known)
    if not mine or rater not in known:
        return Undefined(
            "Nobody rated several questions, or no question was rated by several people: what belongs to "
            "raters cannot be told from what belongs to texts."
        )
    var_object = sum(model.variances[name] for name in mine)
    var_absolute = sum(model.variances.values()) - var_object
    var_relative = var_absolute - model.variances[rater]
    return DecisionStudy(
        n=model.n,
        parts=mine,
        var_object=var_object,
        var_relative=var_relative,
        var_absolute=var_absolute,
        raters_relative=enough(var_object, var_relative),
        raters_absolute=enough(var_object, var_absolute),
        means=tuple(
            MeanReliability(
                raters=number,
                relative=var_object / (var_object + var_relative / number),
                absolute=var_object / (var_object + var_absolute / number),
            )
            for number in RATERS
        ),
    )


def enough(var_object: float, var_error: float) -> int | None:
    """The fewest raters whose mean is as reliable as TARGET; none are where the objects do not differ."""
    if var_object <= 0:
        return None
    return max(1, ceil(TARGET / (1 - TARGET) * var_error / var_object - 1e-9))
