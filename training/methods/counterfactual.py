r"""Counterfactual training: explain and conclude; and conclude what a given explanation argues for.

    L_CF = beta * L_factual + (1 - beta) * L_counterfactual

A factual row's target is the explanation, then the answer. Each wrong choice gives a counterfactual row: its
input holds an explanation argued for that choice, its target is that choice, so that the answer has to
follow from the explanation. Each L is the mean over its own task's target tokens. Source: Wang et al. 2023,
"SCOTT: Self-Consistent Chain-of-Thought Distillation", arXiv:2305.01879.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.contract.student import Way, fill
from training.data import Kind, Lesson
from training.methods import TaskRow, TokenLosses, Weights
from training.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor

TASKS = ("factual", "counterfactual")


def collate(lesson: Lesson, wording: Wording, kind: Kind) -> list[TaskRow]:
    """The factual row if the teacher explained, and a row for every wrong choice that it argued for."""
    rows = []
    if explanation := lesson.explained(kind):
        asked = wording.input_of(wording.factual, lesson.example)
        values = {"answer": lesson.example.answer, "explanation": explanation}
        rows.append(TaskRow("factual", asked, fill(wording.factual_target, values)))
    for choice in lesson.example.wrong_choices:
        if argued := lesson.counterfactuals.get(choice):
            asked = wording.input_of(wording.counterfactual, lesson.example, explanation=argued)
            target = fill(wording.counterfactual_target, {"answer": choice})
            rows.append(TaskRow("counterfactual", asked, target))
    return rows


def loss(tokens: TokenLosses, weights: Weights) -> "Tensor":
    """Scalar; beta = 1 trains on factual rows alone."""
    beta = weights.beta
    return beta * tokens.mean("factual") + (1 - beta) * tokens.mean("counterfactual")


def ways(wording: Wording, *, has_context: bool) -> Mapping[str, Way]:
    readers = dict(wording.factual_readers)
    return {"counterfactual": wording.one_step(wording.factual, readers, has_context=has_context)}
