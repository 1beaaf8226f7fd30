"""The methods, each one file: TASKS, `collate` (a lesson's rows), `loss`, and the ways a student is asked.

A new method is a new file here; its name is the method's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field

from app.contract.student import Way
from training.data import Kind, Lesson
from training.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor


class Weights(BaseModel):
    """The weights of the tasks: alpha for answers, beta for factual, gamma for multitask rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float = Field(0.5, ge=0, le=1)
    beta: float = Field(0.5, ge=0, le=1)
    gamma: float = Field(0.5, ge=0, le=1)


@dataclass(frozen=True)
class TaskRow:
    """One input with what is to be written for it."""

    task: str
    input: str
    target: str


@dataclass(frozen=True)
class TokenLosses:
    """The losses of a micro-batch's target tokens, and how many such tokens the whole step has per task.

    A task's mean is over the step: a micro-batch adds its share, so the shares of all micro-batches of a step
    add up to what one large batch would give, however rows are divided among them.
    """

    losses: "Tensor"  # (N,), negative log-likelihoods
    tasks: "Tensor"  # (N,), index of each token's task in `names`
    totals: "Tensor"  # (tasks,), target tokens of each task in the step
    names: Sequence[str]

    def mean(self, task: str) -> "Tensor":
        """Scalar: this micro-batch's share of the task's mean; 0 for a task without tokens."""
        number = list(self.names).index(task)
        return (self.losses * (self.tasks == number)).sum() / self.totals[number].clamp(min=1)


class Method(Protocol):
    """What a method's module has."""

    TASKS: tuple[str, ...]

    @staticmethod
    def collate(lesson: Lesson, wording: Wording, kind: Kind) -> list[TaskRow]: ...

    @staticmethod
    def loss(tokens: TokenLosses, weights: Weights) -> "Tensor": ...

    @staticmethod
    def ways(wording: Wording, *, has_context: bool) -> Mapping[str, Way]: ...


def method_names() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__))


def find_method(name: str) -> Method:
    """Raises: ValueError that lists the methods there are."""
    if name not in method_names():
        raise ValueError(f"there is no method '{name}'; there are {', '.join(method_names())}")
    return cast("Method", import_module(f"{__name__}.{name}"))
