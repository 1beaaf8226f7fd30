r"""Multitask training: one row asks for the answer, another for the explanation.

    L_MT = alpha * L_answer + (1 - alpha) * L_explanation

Each L is the mean over its own task's target tokens. Source: Hsieh et al. 2023, "Distilling Step-by-Step!",
arXiv:2305.02301, eq. 3, there with a free weight on the explanation; here the two weights add up to 1.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.contract.student import Way, fill
from training.data import Kind, Lesson
from training.methods import TaskRow, TokenLosses, Weights
from training.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor

TASKS = ("answer", "explanation")


def collate(lesson: Lesson, wording: Wording, kind: Kind) -> list[TaskRow]:
    """The answer's row, and the explanation's if the teacher explained."""
    example, explanation = lesson.example, lesson.explained(kind)
    values = {"answer": example.answer, "explanation": explanation}
    asked = wording.input_of(wording.predict, example)
    rows = [TaskRow("answer", asked, fill(wording.answer_target, values))]
    if explanation:
        asked = wording.input_of(wording.explain, example, answer=example.answer)
        rows.append(TaskRow("explanation", asked, fill(wording.explanation_target, values)))
    return rows


def loss(tokens: TokenLosses, weights: Weights) -> "Tensor":
    """Scalar; alpha = 1 trains on answers alone."""
    alpha = weights.alpha
    return alpha * tokens.mean("answer") + (1 - alpha) * tokens.mean("explanation")


def ways(wording: Wording, *, has_context: bool) -> Mapping[str, Way]:
    return {"multitask": wording.two_steps(has_context=has_context)}
