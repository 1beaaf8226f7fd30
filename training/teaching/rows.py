"""The row a teacher run writes for each question; what students are trained on."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from app.contract.question import Question


class TeacherRow(BaseModel):
    """`counterfactuals` has every wrong choice whose argument was accepted; what was rejected is null."""

    model_config = ConfigDict(frozen=True)

    id: str
    question: str
    choices: tuple[str, ...]
    answer: str
    context: str | None
    explanation: str
    critique: str | None
    revised_explanation: str | None
    counterfactuals: dict[str, str]
    provenance: dict[str, Any]


def make_row(question: Question, **made: Any) -> TeacherRow:  # noqa: ANN401  # the model checks the fields
    return TeacherRow(
        id=question.key,
        question=question.question,
        choices=question.choices,
        answer=question.answer,
        context=question.premise,
        **made,
    )


def wrong_choices(question: Question) -> list[str]:
    """Each choice that is not the answer, once: real questions repeat choices."""
    return [choice for choice in dict.fromkeys(question.choices) if choice != question.answer]
