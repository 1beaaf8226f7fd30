"""The plan of analysis in a study definition: what is decided before the data come."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from app.contract.base import Contract, is_none
from app.contract.words import MaybeName, Name, none_if_null

PositiveInt = Annotated[int, Field(ge=1)]
PositiveSd = Annotated[float, Field(gt=0, le=100)]
Points = Annotated[float, Field(gt=0, le=8)]  # between the ends of the longest scale
OddsRatio = Annotated[float, Field(gt=1, le=1_000)]


class Exclusions(Contract):
    attention_failed_at_least: Annotated[PositiveInt | None, BeforeValidator(none_if_null)] = None
    faster_than_sd: Annotated[PositiveSd | None, BeforeValidator(none_if_null)] = None
    straightlining: bool = False


class SmallestEffect(Contract):
    """What is the smallest difference between conditions that matters, either way.

    `points` of the scale; an `odds_ratio` of 1.5 stands for 1/1.5 to 1.5.
    """

    points: Annotated[Points | None, BeforeValidator(none_if_null)] = None
    odds_ratio: Annotated[OddsRatio | None, BeforeValidator(none_if_null)] = None

    @model_validator(mode="after")
    def says_something(self) -> Self:
        if self.points is None and self.odds_ratio is None:
            raise ValueError("say points: … of the scale, odds_ratio: … above 1, or both")
        return self


class Analysis(Contract):
    reference: MaybeName = None
    primary: tuple[Name, ...] = ()
    exclude: Exclusions = Exclusions()
    # Left out where there is none, so that older definitions keep their hashes.
    smallest_effect_of_interest: Annotated[SmallestEffect | None, BeforeValidator(none_if_null)] = Field(
        None, exclude_if=is_none
    )


def plan_contradictions(plan: Analysis, scales: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A bound that no two ratings could differ by says nothing. `scales`: those that are rated on."""
    smallest = plan.smallest_effect_of_interest
    points = smallest.points if smallest else None
    for key, labels in sorted(scales.items()):
        if points is not None and points >= len(labels) - 1:
            yield (
                f"analysis.smallest_effect_of_interest.points: {points:g} is as much as ratings on "
                f"'{key}' can differ at all ({len(labels) - 1}); say fewer."
            )
