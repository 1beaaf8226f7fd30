"""Which choice a model finds likeliest, whatever it would have written: log p(choice | input, what precedes it).

What precedes is the output up to the marker that answers are read after: nothing but the marker for a student
that answers first, its own explanation for one that explains first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from app.contract.student import Reader, Step
from training.asking import Asked, Told
from training.rows import IGNORED, Row, make_batch, target_logits


@dataclass(frozen=True)
class Likeliest:
    """The choice of the highest sum, and of the highest mean, of its tokens' log-probabilities."""

    by_sum: str
    by_mean: str


def likeliest_choices(asked: Asked, told: Sequence[Told]) -> list[Likeliest]:
    """In the order of the questions."""
    step = next(step for step in asked.way.steps if "answer" in step.read)
    rows = [[as_row(asked, one, text) for text in endings(step, one)] for one in told]
    flat = [row for several in rows for row in several]
    scores = iter(score_all(asked, flat))
    return [
        pick(one.example.choices, several, [next(scores) for _ in several])
        for one, several in zip(told, rows, strict=True)
    ]


def endings(step: Step, told: Told) -> list[str]:
    """For each choice, the output that would be read as it."""
    reader = step.read["answer"]
    before = preceding(reader, told.outputs.get(step.name, ""))
    return [before + choice + closing(reader) for choice in told.example.choices]


def preceding(reader: Reader, output: str) -> str:
    """The output up to its marker; if the marker is not there, the marker is added."""
    if reader.after is not None:
        return output[: max(0, output.find(reader.after))] + reader.after
    if reader.after_last is None:
        return ""
    if (at := output.rfind(reader.after_last)) >= 0:
        return output[:at] + reader.after_last
    return f"{output.rstrip()} ".lstrip() + reader.after_last


def closing(reader: Reader) -> str:
    """What follows an answer: the marker it is read up to, or the full stop that is stripped off it."""
    if reader.before is not None:
        return reader.before
    return "." if "." in (reader.strip or "") else ""


def as_row(asked: Asked, told: Told, output: str) -> Row:
    step = next(step for step in asked.way.steps if "answer" in step.read)
    target = [*asked.tokenizer(output, add_special_tokens=False).input_ids, asked.special.end]
    return Row(0, tuple(told.inputs[step.name]), tuple(target))


def pick(choices: Sequence[str], rows: Sequence[Row], scores: Sequence[float]) -> Likeliest:
    """The first of equals. What all outputs begin with alike is no part of a choice's length."""
    shared = shared_length([row.target for row in rows])
    lengths = [len(row.target) - shared for row in rows]
    means = [score / max(1, length) for score, length in zip(scores, lengths, strict=True)]
    places = range(len(choices))
    return Likeliest(choices[max(places, key=scores.__getitem__)], choices[max(places, key=means.__getitem__)])


def shared_length(sequences: Sequence[Sequence[int]]) -> int:
    return next(
        (at for at, tokens in enumerate(zip(*sequences, strict=False)) if len(set(tokens)) > 1),
        min(map(len, sequences)),
    )


def score_all(asked: Asked, rows: Sequence[Row]) -> list[float]:
    """Sum of log-probabilities of what differs between a question's outputs, of each row in its place."""
    order = sorted(range(len(rows)), key=lambda number: (-len(rows[number]), number))
    found: dict[int, float] = {}
    with torch.inference_mode(), tqdm(total=len(rows), desc="likelihood", unit="choice") as progress:
        for at in range(0, len(order), asked.batch_size):
            numbers = order[at : at + asked.batch_size]
            scores = score_batch(asked, [rows[number] for number in numbers])
            found |= dict(zip(numbers, scores, strict=True))
            progress.update(len(numbers))
    return [found[number] for number in range(len(rows))]


def score_batch(asked: Asked, rows: Sequence[Row]) -> list[float]:
    batch = {name: tensor.to(asked.model.device) for name, tensor in make_batch(rows, asked.special).items()}
    targets = batch["targets"]  # (B, K)
    log_probs = target_logits(asked.model, batch).float().log_softmax(dim=-1)  # (B, K, V)
    is_target = targets != IGNORED
    chosen: Tensor = log_probs.gather(2, targets.clamp(min=0)[:, :, None])[:, :, 0]  # (B, K)
    return list((chosen * is_target).sum(dim=1).tolist())
