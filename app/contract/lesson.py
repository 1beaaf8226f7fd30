"""What a teacher said of one question: the row that the teacher stage writes and training reads."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from app.contract.answers import chosen_index, is_same_answer
from app.contract.question import Choices, Filled, Key


class TeacherRow(BaseModel):
    """`counterfactuals` has every wrong choice whose argument was accepted; what else was rejected, null."""

    model_config = ConfigDict(frozen=True)

    key: Key = Field(alias="id")
    question: Filled
    choices: Choices
    answer: Filled
    context: Filled | None = None
    explanation: str | None = None
    critique: str | None = None
    revised_explanation: str | None = None
    counterfactuals: dict[str, str | None] = {}
    provenance: dict[str, JsonValue] = {}

    @field_validator("counterfactuals")
    @classmethod
    def names_choices(cls, said: dict[str, str | None], info: ValidationInfo) -> dict[str, str | None]:
        choices = info.data.get("choices", ())
        if choices and (strangers := [one for one in said if chosen_index(one, choices) is None]):
            raise ValueError(f"'{min(strangers)}' is no choice")
        return said

    def argued_for(self, choice: str) -> str:
        """Empty if nothing was; of several ways to write the choice, the first that has a text."""
        named = (text for name, text in self.counterfactuals.items() if is_same_answer(name, choice))
        return next((text for text in named if text), "")
