"""Ask a model many questions at once: greedy, padded on the left, inputs of similar length together.

It reads `ask` of the manifest as the worker does, so an evaluated student is the student that a study gets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from rich.progress import track
from torch import Tensor

from app.contract.student import Step, Way, fill, placeholders, question_values, read
from training.data import Example
from training.rows import Special, asked_ids


@dataclass(frozen=True)
class Asked:
    """A loaded model with what asking it needs; `Any`, for both libraries' classes are made at run time."""

    model: Any
    tokenizer: Any
    way: Way
    special: Special
    batch_size: int
    is_shown: bool = True  # progress

    @property
    def end_tokens(self) -> set[int]:
        configured = self.model.generation_config.eos_token_id
        several = configured if isinstance(configured, list) else [configured]
        return {token for token in [*several, self.special.end] if token is not None}


@dataclass
class Told:
    """What was written for one question, and what the readers found in it."""

    example: Example
    values: dict[str, str]
    answer: str | None = None
    explanation: str | None = None
    inputs: dict[str, list[int]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    is_truncated: bool = False


def ask_all(asked: Asked, examples: Sequence[Example]) -> list[Told]:
    """Answers and explanations in the order of the examples."""
    way = asked.way
    told = [Told(one, question_values(way, one.question, one.choices, one.context)) for one in examples]
    for step in way.steps:
        take_step(asked, step, [one for one in told if can_be_asked(step, one)])
    return told


def can_be_asked(step: Step, told: Told) -> bool:
    """Whether the answer that a later step is asked with was read at all."""
    return "answer" not in placeholders(step.input) or told.answer is not None


def take_step(asked: Asked, step: Step, told: Sequence[Told]) -> None:
    inputs = [asked_ids(asked.tokenizer, asked.way, fill(step.input, one.values)) for one in told]
    written = generate(asked, inputs, step.max_new_tokens, step.name)
    for one, ids, tokens in zip(told, inputs, written, strict=True):
        text = asked.tokenizer.decode(tokens, skip_special_tokens=True)
        is_stopped = any(stop in text for stop in asked.way.stop)
        for stop in asked.way.stop:
            text = text.partition(stop)[0]
        one.inputs[step.name], one.outputs[step.name] = ids, text
        one.is_truncated |= len(tokens) >= step.max_new_tokens and not is_stopped
        note(one, step, text)


def note(told: Told, step: Step, output: str) -> None:
    if "answer" in step.read:
        told.answer = read(step.read["answer"], output).text
    if "explanation" in step.read:
        told.explanation = read(step.read["explanation"], output).text
    if told.answer is not None:
        told.values["answer"] = told.answer


def generate(asked: Asked, inputs: Sequence[list[int]], most: int, label: str) -> list[list[int]]:
    """The written tokens, up to the end token, of every input in its place."""
    order = sorted(range(len(inputs)), key=lambda number: -len(inputs[number]))
    found: dict[int, list[int]] = {}
    with torch.inference_mode():
        for at in track(range(0, len(order), asked.batch_size), label, disable=not asked.is_shown):
            numbers = order[at : at + asked.batch_size]
            rows = generate_batch(asked, [inputs[number] for number in numbers], most)
            found |= dict(zip(numbers, rows, strict=True))
    return [found[number] for number in range(len(inputs))]


def generate_batch(asked: Asked, inputs: Sequence[list[int]], most: int) -> list[list[int]]:
    ids, mask = pad_left(inputs, asked.special.pad)  # (B, P)
    output: Tensor = asked.model.generate(
        input_ids=ids.to(asked.model.device),
        attention_mask=mask.to(asked.model.device),
        do_sample=False,
        num_beams=1,
        max_new_tokens=most,
        pad_token_id=asked.special.pad,
        eos_token_id=sorted(asked.end_tokens),
    )  # (B, P + N), or (B, 1 + N) if the decoder starts anew
    skipped = 1 if asked.special.is_encoder_decoder else ids.shape[1]
    return [up_to_end(row, asked.end_tokens) for row in output[:, skipped:].tolist()]


def pad_left(inputs: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (B, P)."""
    longest = max(map(len, inputs))
    ids = [[pad] * (longest - len(one)) + list(one) for one in inputs]
    mask = [[0] * (longest - len(one)) + [1] * len(one) for one in inputs]
    return torch.tensor(ids), torch.tensor(mask)


def up_to_end(row: Sequence[int], end_tokens: set[int]) -> list[int]:
    at = next((place for place, token in enumerate(row) if token in end_tokens), len(row))
    return list(row[:at])
