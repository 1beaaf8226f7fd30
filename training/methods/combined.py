r"""Multitask and counterfactual training together.

    L = gamma * L_MT + (1 - gamma) * L_CF

Source: Hendriks et al. 2026, arXiv:2504.16056; the two parts as in multitask.py and counterfactual.py.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.contract.student import Way
from training.data import Kind, Lesson
from training.methods import TaskRow, TokenLosses, Weights, counterfactual, multitask
from training.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor

TASKS = (*multitask.TASKS, *counterfactual.TASKS)


def collate(lesson: Lesson, wording: Wording, kind: Kind) -> list[TaskRow]:
    """The rows of both."""
    return [*multitask.collate(lesson, wording, kind), *counterfactual.collate(lesson, wording, kind)]


def loss(tokens: TokenLosses, weights: Weights) -> "Tensor":
    """Scalar; gamma = 1 is multitask training, gamma = 0 counterfactual training."""
    gamma = weights.gamma
    return gamma * multitask.loss(tokens, weights) + (1 - gamma) * counterfactual.loss(tokens, weights)


def ways(wording: Wording, *, has_context: bool) -> Mapping[str, Way]:
    """Asked either way; by default as a multitask student."""
    return {
        **multitask.ways(wording, has_context=has_context),
        **counterfactual.ways(wording, has_context=has_context),
    }
