"""Rows of tokens and the batches made of them, for decoder-only and encoder-decoder models.

A target is its text and the end token. A decoder-only row is the asked text's tokens, exactly as the student
will get them, followed by the target's. It is padded on the left, as in generation, so that all targets end
in the last column and logits are needed for the last columns only. In `targets`, all else is -100.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from app.contract.student import Way, as_asked
from training.methods import TaskRow

IGNORED = -100


@dataclass(frozen=True)
class Row:
    """A task row as token ids; `target` ends with the end token."""

    task: int
    input: tuple[int, ...]
    target: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.input) + len(self.target)


@dataclass(frozen=True)
class Special:
    """The tokens that batches are made with, and the kind of model they are for."""

    pad: int
    end: int
    start: int | None  # the decoder's first token; None for decoder-only models

    @property
    def is_encoder_decoder(self) -> bool:
        return self.start is not None


def special_tokens(model: Any, tokenizer: Any) -> Special:  # noqa: ANN401  # untyped library
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    start = model.config.decoder_start_token_id if model.config.is_encoder_decoder else None
    return Special(pad, tokenizer.eos_token_id, start)


def asked_ids(tokenizer: Any, way: Way, text: str) -> list[int]:  # noqa: ANN401  # untyped library
    """An input's tokens, as the worker asks them."""
    written = as_asked(way, text, tokenizer.apply_chat_template)
    special = way.add_special_tokens and way.format == "plain"  # a chat template writes them itself
    return list(tokenizer(written, add_special_tokens=special).input_ids)


def encode(row: TaskRow, task: int, way: Way, tokenizer: Any) -> Row:  # noqa: ANN401  # untyped library
    target = [*tokenizer(row.target, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    return Row(task, tuple(asked_ids(tokenizer, way, row.input)), tuple(target))


# Batches


def make_batch(rows: Sequence[Row], special: Special) -> dict[str, Tensor]:
    """Tensors of a micro-batch: B rows, padded to its own longest one."""
    batch = (
        encoder_decoder_batch(rows, special) if special.is_encoder_decoder else decoder_batch(rows, special)
    )
    return batch | {"tasks": torch.tensor([row.task for row in rows])}  # (B,)


def decoder_batch(rows: Sequence[Row], special: Special) -> dict[str, Tensor]:
    longest, most = max(map(len, rows)), max(len(row.target) for row in rows)
    ids = [[special.pad] * (longest - len(row)) + [*row.input, *row.target] for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    targets = [[IGNORED] * (most - len(row.target)) + list(row.target) for row in rows]
    attention = torch.tensor(mask)  # (B, L)
    return {
        "input_ids": torch.tensor(ids),  # (B, L)
        "attention_mask": attention,
        "position_ids": (attention.cumsum(dim=1) - 1).clamp(min=0),  # (B, L)
        "targets": torch.tensor(targets),  # (B, K): the last K columns
    }


def encoder_decoder_batch(rows: Sequence[Row], special: Special) -> dict[str, Tensor]:
    longest, most = max(len(row.input) for row in rows), max(len(row.target) for row in rows)
    start = special.pad if special.start is None else special.start
    ids = [[*row.input] + [special.pad] * (longest - len(row.input)) for row in rows]
    mask = [[1] * len(row.input) + [0] * (longest - len(row.input)) for row in rows]
    # The decoder sees each target one place to the right; what stands after its end is never looked back at.
    before = [[start, *row.target[:-1]] + [special.pad] * (most - len(row.target)) for row in rows]
    targets = [list(row.target) + [IGNORED] * (most - len(row.target)) for row in rows]
    return {
        "input_ids": torch.tensor(ids),  # (B, L)
        "attention_mask": torch.tensor(mask),  # (B, L)
        "decoder_input_ids": torch.tensor(before),  # (B, K)
        "targets": torch.tensor(targets),  # (B, K)
    }


def divide(rows: Sequence[Row], count: int) -> list[list[Row]]:
    """Divide a step's rows, by length, into so many micro-batches of similar size: little is padded."""
    ordered = sorted(rows, key=lambda row: (len(row), row.input, row.target))
    at = [len(ordered) * number // count for number in range(count + 1)]
    return [ordered[start:end] for start, end in pairwise(at) if start < end]


# Losses


def token_losses(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:  # noqa: ANN401  # untyped library
    """Losses (N,) of the batch's target tokens and their tasks (N,)."""
    targets = batch["targets"]  # (B, K)
    logits = target_logits(model, batch)  # (B, K, V)
    is_target = targets != IGNORED  # (B, K)
    losses = cross_entropy(logits[is_target].float(), targets[is_target], reduction="none")  # (N,)
    return losses, batch["tasks"][:, None].expand_as(targets)[is_target]


def target_logits(model: Any, batch: dict[str, Tensor]) -> Tensor:  # noqa: ANN401  # untyped library
    """Logits (B, K, V) that predict the K columns of `targets`."""
    given = {name: tensor for name, tensor in batch.items() if name not in {"targets", "tasks"}}
    columns = batch["targets"].shape[1]
    if "decoder_input_ids" in given:
        logits: Tensor = model(**given, use_cache=False).logits  # (B, K, V)
        return logits
    # The logits at one column predict the next: those before the first target column are needed as well.
    logits = model(**given, use_cache=False, logits_to_keep=columns + 1).logits  # (B, K + 1, V)
    return logits[:, -columns - 1 : -1]


def count_targets(rows: Sequence[Row], tasks: int) -> Tensor:
    """Target tokens of each task, (tasks,)."""
    totals = torch.zeros(tasks, dtype=torch.long)
    for row in rows:
        totals[row.task] += len(row.target)
    return totals
