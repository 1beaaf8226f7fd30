"""Examples per second of a training step: our joint one beside one forward pass per task, on the same rows.

Ours is what training.trainer does: steps of examples of similar length, the rows of a question packed so that
its tokens are read once, the packs divided by length into micro-batches, each padded to its own longest, and
logits for the target tokens alone. The other is how the published code does it: in each micro-batch one pass
per task, every row padded to the longest of 1,000 examples, logits everywhere. Both get the same examples,
forward and backward, in fp32 without dropout, and must find the same loss.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as python -m training has it

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tests.training.tiny import make_lesson
from training.batches import divide, make_batch, pack
from training.config import TrainingConfig, read_config
from training.data import Example, Lesson
from training.methods import find_method
from training.models import load_base
from training.rows import IGNORED, Row, count_targets, special_tokens, token_losses
from training.train import encode_lesson, read_material
from training.trainer import Objective, plan

EXAMPLES = 1000
MOST_APART = 1e-5  # losses, relatively
REAL = Path(__file__).parents[3] / "shared" / "data" / "cqa-qwen-validation.jsonl.xz"
CONFIG = Path(__file__).parents[2] / "training" / "configs" / "smollm2-cqa.toml"
JOINT, PER_TASK = "joint step", "one pass per task"
Lessons = Sequence[Sequence[Row]]


@dataclass(frozen=True)
class Bench:
    model: Any
    objective: Objective
    longest: dict[int, int]  # tokens of the longest row of each task
    accumulation: int

    def totals(self, lessons: Lessons) -> Tensor:
        return count_targets(flat(lessons), len(self.objective.method.TASKS))

    def joint(self, lessons: Lessons) -> float:
        totals, whole = self.totals(lessons), 0.0
        packs = [one for rows in lessons for one in pack(rows, self.objective.special)]
        for part in divide(packs, self.accumulation):
            loss = self.objective.loss(
                *token_losses(self.model, make_batch(part, self.objective.special)), totals
            )
            loss.backward()
            whole += loss.item()
        return whole

    def per_task(self, lessons: Lessons) -> float:
        totals, whole = self.totals(lessons), 0.0
        for at in range(self.accumulation):
            micro_batch = flat(lessons[at :: self.accumulation])
            for task in range(len(totals)):
                rows = [row for row in micro_batch if row.task == task]
                losses = self.padded_losses(rows, self.longest[task])
                loss = self.objective.loss(losses, torch.full(losses.shape, task), totals)
                loss.backward()
                whole += loss.item()
        return whole

    def padded_losses(self, rows: Sequence[Row], longest: int) -> Tensor:
        """Losses (N,) of the target tokens of B rows of so many columns."""
        pads = [longest - len(row) for row in rows]
        padded = list(zip(rows, pads, strict=True))
        ids = [[*row.input, *row.target] + [self.objective.special.pad] * pad for row, pad in padded]
        mask = [[1] * len(row) + [0] * pad for row, pad in padded]
        labels = torch.tensor(
            [[IGNORED] * len(row.input) + [*row.target] + [IGNORED] * pad for row, pad in padded]
        )[:, 1:].flatten()  # (B * (L - 1),)
        logits = self.model(torch.tensor(ids), attention_mask=torch.tensor(mask), use_cache=False).logits
        losses = cross_entropy(logits[:, :-1].flatten(0, 1), labels, reduction="none")
        return losses[labels != IGNORED]


def flat(lessons: Lessons) -> list[Row]:
    return [row for rows in lessons for row in rows]


def made_up(count: int) -> list[Lesson]:
    """Lessons of random words, whose texts are about as long as real ones."""
    words = random.Random(0)

    def text(least: int, most: int) -> str:
        return " ".join(words.choices(("milk", "cold", "the", "is", "kept"), k=words.randint(least, most)))

    choices = ("fridge", "oven", "sofa", "sky", "sea")
    return [
        make_lesson(
            example=Example(f"q{number}", text(8, 30), choices, "fridge"),
            explanation=text(20, 60),
            counterfactuals={choice: text(20, 60) for choice in choices[1:]},
        )
        for number in range(count)
    ]


def read_lessons(config: TrainingConfig) -> list[Lesson]:
    if not config.data.train[0].exists():
        return made_up(EXAMPLES)
    train, held_out = read_material(config)
    return [*train, *held_out][:EXAMPLES]


def spread_steps(lessons: Lessons, size: int, count: int) -> list[Lessons]:
    """So many steps of an epoch's plan, from short to long, that stand for all of them."""
    lengths = [sum(map(len, rows)) for rows in lessons]
    order = plan(lengths, size, len(lessons) // size, seed=0)
    chunks = [order[at : at + size] for at in range(0, len(order), size)]
    chunks.sort(key=lambda chunk: sum(lengths[number] for number in chunk))
    chosen = [chunks[(2 * at + 1) * len(chunks) // (2 * count)] for at in range(count)]
    return [[lessons[number] for number in chunk] for chunk in chosen]


@dataclass(frozen=True)
class Took:
    """One step: its time, this process's CPU time (other programs hardly change that), and what it found."""

    seconds: float
    cpu_seconds: float
    loss: float
    norm: float  # of the gradient


def timed(way: Callable[[Lessons], float], lessons: Lessons, model: Any) -> Took:
    model.zero_grad()
    started, cpu_started = time.monotonic(), time.process_time()
    loss = way(lessons)
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
    norm = torch.nn.utils.get_total_norm([one.grad for one in model.parameters()])
    return Took(seconds, cpu_seconds, loss, norm.item())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--accumulation", type=int, default=2)
    parser.add_argument("--words", type=int, default=1000, help="shorten explanations; 1000 leaves all whole")
    arguments = parser.parse_args()
    words = f"data.most_explanation_words={arguments.words}"
    config = read_config(CONFIG, [f'data.train=["{REAL}"]', "method.name=combined", words])
    loaded = load_base(config.base)
    model, method = loaded.model.eval(), find_method(config.method.name)  # eval: no dropout
    lessons = [encode_lesson(config, loaded, lesson) for lesson in read_lessons(config)]
    longest = {task: max(len(row) for row in flat(lessons) if row.task == task) for task in range(4)}
    objective = Objective(method, config.method, special_tokens(model, loaded.tokenizer))
    bench = Bench(model, objective, longest, arguments.accumulation)
    size = arguments.batch_size * arguments.accumulation
    rows = flat(lessons)
    print(f"{len(lessons)} {'real' if REAL.exists() else 'made-up'} examples, {len(rows)} rows, mean length")
    print(f"{sum(map(len, rows)) / len(rows):.0f} tokens, longest of each task {list(longest.values())};")
    print(f"steps of {size} examples, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    measure(bench, spread_steps(lessons, size, arguments.steps))
    print(f"load {os.getloadavg()[0]:.1f}")


def measure(bench: Bench, steps: Sequence[Lessons]) -> None:
    """Both ways, step by step, in turn, so that a busy minute hits both."""
    ways = {JOINT: bench.joint, PER_TASK: bench.per_task}
    taken: dict[str, list[Took]] = {name: [] for name in ways}
    bench.joint(steps[0][:1])  # warm
    for number, lessons in enumerate(steps):
        one, other = (timed(way, lessons, bench.model) for way in ways.values())
        taken[JOINT].append(one)
        taken[PER_TASK].append(other)
        apart, norms = abs(one.loss / other.loss - 1), abs(one.norm / other.norm - 1)
        print(
            f"step {number + 1}: {one.seconds:.1f} and {other.seconds:.1f} s, loss {one.loss:.6f},", end=" "
        )
        print(f"apart {apart:.0e}, gradients' norms {norms:.0e}", flush=True)
        assert apart < MOST_APART
    show(taken, sum(map(len, steps)))


def show(taken: dict[str, list[Took]], examples: int) -> None:
    sums = {
        name: (sum(t.seconds for t in steps), sum(t.cpu_seconds for t in steps))
        for name, steps in taken.items()
    }
    for name, (seconds, cpu_seconds) in sums.items():
        times, cpu_times = sums[PER_TASK][0] / seconds, sums[PER_TASK][1] / cpu_seconds
        print(f"{name:18} {examples / seconds:6.3f} examples/s {times:5.2f}x", end=" ")
        print(f"{cpu_seconds / examples:6.1f} CPU s an example {cpu_times:5.2f}x")


if __name__ == "__main__":
    main()
