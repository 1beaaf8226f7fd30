"""The training loop: transformers' Trainer, with our steps, our loss and our held-out loss.

A step takes all task rows of its examples, packs those of a question, divides the packs by length into
micro-batches and normalises by the step's target tokens per task, over all micro-batches and processes. So
neither accumulation nor the number of processes changes what is minimised.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Sampler
from transformers import Trainer

from training.batches import Pack, divide, make_batch, pack
from training.methods import Method, TokenLosses, Weights
from training.rows import Row, Special, count_targets, token_losses

Lessons = Sequence[Sequence[Row]]  # the rows of each example
GROUPED_STEPS = 20  # so many steps' examples are sorted by length together


@dataclass(frozen=True)
class Objective:
    """What is minimised."""

    method: Method
    weights: Weights
    special: Special

    def loss(self, losses: Tensor, tasks: Tensor, totals: Tensor) -> Tensor:
        """Scalar, of target tokens' losses (N,), their tasks (N,) and the step's totals (tasks,)."""
        return self.method.loss(TokenLosses(losses, tasks, totals, self.method.TASKS), self.weights)


def plan(lengths: Sequence[int], step_size: int, steps: int, seed: int) -> list[int]:
    """The examples of a whole run in order: every epoch anew shuffled, steps of examples of similar length.

    It depends on nothing but its arguments, so a run that is resumed sees what it would have seen.
    """
    random = Random(f"plan {seed}")
    needed, order = steps * step_size, list[int]()
    while len(order) < needed:
        epoch = list(range(len(lengths)))
        random.shuffle(epoch)
        order += epoch
    block = GROUPED_STEPS * step_size
    planned = []
    for at in range(0, needed, block):
        ordered = sorted(order[at : min(at + block, needed)], key=lambda example: lengths[example])
        chunks = [ordered[start : start + step_size] for start in range(0, len(ordered), step_size)]
        random.shuffle(chunks)
        planned += [example for chunk in chunks for example in chunk]
    return planned


class Planned(Sampler[int]):  # type: ignore[misc]  # torch is not read by mypy
    def __init__(self, order: Sequence[int]) -> None:
        self.order = order

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)


class DistillationTrainer(Trainer):  # type: ignore[misc]  # transformers ships no types
    """Trainer whose batches are lists of examples' rows until a step turns them into tensors."""

    loss_is_scaled_for_ga = True  # the step's totals have done it
    control: Any

    def __init__(
        self,
        *,
        objective: Objective,
        lessons: Lessons,
        held_out: Lessons,
        held_out_rows_at_once: int,
        **more: Any,  # noqa: ANN401  # Trainer's own arguments
    ) -> None:
        super().__init__(train_dataset=list(lessons), eval_dataset=list(held_out), data_collator=list, **more)
        self.objective = objective
        self.held_out_rows_at_once = held_out_rows_at_once

    def _get_train_sampler(self, train_dataset: Any = None) -> Planned:  # noqa: ANN401  # Trainer's signature
        examples = self.train_dataset if train_dataset is None else train_dataset
        lengths = [sum(map(len, pack(rows, self.objective.special))) for rows in examples]
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return Planned(plan(lengths, size, self.args.max_steps, self.args.seed))

    def get_batch_samples(
        self,
        epoch_iterator: Iterator[Lessons],
        num_batches: int,
        device: Any,  # noqa: ANN401  # a torch.device
    ) -> tuple[list[dict[str, Tensor]], Tensor]:
        """A step's micro-batches and, as what they are normalised by, its target tokens of each task."""
        lessons = [lesson for _ in range(num_batches) for lesson in next(epoch_iterator)]
        totals = self.totals(lessons).to(device)
        if self.args.world_size > 1:
            totals = self.accelerator.reduce(totals, reduction="sum")
        parts = divide(self.packs(lessons), num_batches)
        return [make_batch(part, self.objective.special) for part in parts], totals

    def packs(self, lessons: Lessons) -> list[Pack]:
        return [one for lesson in lessons for one in pack(lesson, self.objective.special)]

    def totals(self, lessons: Lessons) -> Tensor:
        """Target tokens of each task, (tasks,)."""
        return count_targets([row for lesson in lessons for row in lesson], len(self.objective.method.TASKS))

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401  # untyped library
        inputs: dict[str, Tensor],
        return_outputs: bool = False,  # noqa: FBT001, FBT002, ARG002  # Trainer's signature
        num_items_in_batch: Tensor | None = None,
    ) -> Tensor:
        losses, tasks = token_losses(model, inputs)
        if num_items_in_batch is None:
            num_items_in_batch = torch.bincount(tasks, minlength=len(self.objective.method.TASKS))
        # Processes' gradients are averaged, and each has only its share of the step's tokens.
        return self.objective.loss(losses, tasks, num_items_in_batch) * self.args.world_size

    def floating_point_ops(self, inputs: Mapping[str, Tensor]) -> int:  # noqa: ARG002  # Trainer's signature
        return 0

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401  # Trainer's signature
        """The held-out loss and each task's, over all held-out rows; the same on every process."""
        metrics = self.held_out_losses()
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def held_out_losses(self) -> dict[str, float]:
        names, packs = self.objective.method.TASKS, self.packs(self.eval_dataset)
        totals = self.totals(self.eval_dataset).to(self.args.device)
        at_once = max(1, self.held_out_rows_at_once * len(packs) // sum(len(one.rows) for one in packs))
        self.model.eval()
        whole = torch.zeros((), device=self.args.device)
        sums = torch.zeros(len(names), device=self.args.device)
        with torch.no_grad(), self.compute_loss_context_manager():
            for part in divide(packs, -(-len(packs) // at_once)):
                batch = self._prepare_inputs(make_batch(part, self.objective.special))
                losses, tasks = token_losses(self.model, batch)
                whole += self.objective.loss(losses, tasks, totals)
                sums.index_add_(0, tasks, losses)
        means = (sums / totals.clamp(min=1)).tolist()
        return {"eval_loss": whole.item(), **{f"eval_{n}": m for n, m in zip(names, means, strict=True)}}
