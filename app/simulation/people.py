"""How a synthetic participant answers: an ordinal model with a true effect for each condition."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from app.contract.base import InvalidFile

Mean = Annotated[float, Field(ge=-100, le=100)]
NEUTRAL = 0.6  # where on the scale, from 0 to 1, a condition without a stated effect lies
PERSON_SD = 0.15
NOISE_SD = 0.2


class Effects(RootModel[dict[str, Mean | dict[str, Mean]]]):
    """Condition key → true mean rating, for all constructs or by construct key."""

    def mean(self, condition: str, construct: str) -> float | None:
        found = self.root.get(condition)
        return found.get(construct) if isinstance(found, dict) else found


def read_effects(path: Path) -> Effects:
    """Read a YAML or JSON file such as `{mt: 3.2, mtcf: {plausibility: 3.9}}`. Raises: InvalidFile."""
    try:
        return Effects.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, YAMLError) as error:
        raise InvalidFile(
            f"{path}: expected condition keys with mean ratings, such as 'mt: 3.2' ({error})."
        ) from error


class Person:
    """One synthetic participant; the same seed and number always answer alike."""

    def __init__(self, seed: int, number: int, effects: Effects) -> None:
        self.chance = random.Random(f"person {seed} {number}")
        self.effects = effects
        self.leaning = self.chance.gauss(0, PERSON_SD)

    def rating(self, condition: str, construct: str, points: int) -> int:
        """A rating from 1 to `points`: true mean + person + noise, rounded on the scale."""
        mean = self.effects.mean(condition, construct)
        centre = 1 + NEUTRAL * (points - 1) if mean is None else mean
        spread = (points - 1) * (self.leaning + self.chance.gauss(0, NOISE_SD))
        return min(max(round(centre + spread), 1), points)

    def choose(self, options: Mapping[str, str]) -> str:
        return self.chance.choice(list(options))
