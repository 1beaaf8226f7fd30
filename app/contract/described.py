"""What a student's manifest says of how the student came about and how good it is; nothing is asked by it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from app.contract.base import Text

Interval = tuple[float, float]


class Described(BaseModel):
    """A part that only describes; what a trainer adds is kept, and so is what does not fit its field."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    @model_validator(mode="wrap")
    @classmethod
    def keeps_what_does_not_fit(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Take a value that does not fit its field as an added one: nobody is asked by it."""
        try:
            return handler(value)
        except ValidationError as error:
            misfits = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
            optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
            if not isinstance(value, Mapping) or not misfits <= optional:
                raise
            made = handler({key: inner for key, inner in value.items() if key not in misfits})
            made.__pydantic_extra__ |= {key: value[key] for key in value if key in misfits}
            return made

    @model_serializer(mode="wrap")
    def as_mapping(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """One value for each key, also in JSON: an added one takes the place of the empty field's."""
        return dict(handler(self))

    @property
    def added(self) -> dict[str, JsonValue]:
        """What a trainer wrote beside the fields that are known here, and what did not fit these."""
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
