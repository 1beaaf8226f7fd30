r"""Standard fine-tuning: one output, the answer first, then its explanation.

    L = mean over target tokens of -log p(token | input, tokens before it)

Source: the usual sequence-to-sequence objective; the baseline of Hsieh et al. 2023, arXiv:2305.02301.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.contract.student import Way, fill
from training.data import Kind, Lesson
from training.methods import TaskRow, TokenLosses, Weights
from training.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor

TASKS = ("standard",)


def collate(lesson: Lesson, wording: Wording, kind: Kind) -> list[TaskRow]:
    """One row; none, if the teacher did not explain."""
    values = {"answer": lesson.example.answer, "explanation": lesson.explained(kind)}
    if not values["explanation"]:
        return []
    asked = wording.input_of(wording.standard, lesson.example)
    return [TaskRow("standard", asked, fill(wording.standard_target, values))]


def loss(tokens: TokenLosses, weights: Weights) -> "Tensor":  # noqa: ARG001  # every method has the same signature
    return tokens.mean("standard")


def ways(wording: Wording, *, has_context: bool) -> Mapping[str, Way]:
    readers = dict(wording.standard_readers)
    return {"standard": wording.one_step(wording.standard, readers, has_context=has_context)}
