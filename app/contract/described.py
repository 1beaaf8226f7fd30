"""What a student's manifest says of how the student came about and how good it is; nothing is asked by it."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.contract.base import Text

Interval = tuple[float, float]


class Described(BaseModel):
    """A part that only describes; what a trainer adds is kept."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    @property
    def added(self) -> dict[str, JsonValue]:
        """What a trainer wrote beside the fields that are known here."""
        return dict(self.model_extra or {})


class Method(Described):
    """`training` is the method's name, `data` the explanations it was trained on; then its weights."""

    training: Text | None = None
    data: Text | None = None
    alpha: float | None = None
    beta: float | None = None
    gamma: float | None = None


class TrainingRun(Described):
    seed: int | None = None


class Explanations(Described):
    """Means over the explanations that were written; more of them may be added."""

    explained: int | None = None
    words: float | None = None
    consistent: float | None = None


class Evaluation(Described):
    """Accuracies are shares of 1, each beside its 95 % interval."""

    split: Text | None = None
    n: int | None = None
    way: Text | None = None
    precision: Text | None = None
    accuracy: float | None = None
    ci95: Interval | None = None
    accuracy_likelihood: float | None = None
    ci95_likelihood: Interval | None = None
    accuracy_likelihood_per_token: float | None = None
    ci95_likelihood_per_token: Interval | None = None
    chance: float | None = None
    answers_read: float | None = None
    truncated: float | None = None
    explanations: Explanations | None = None
