"""Rows of tokens, and the losses of the batches made of them.

A target is its text and the end token. A decoder-only row is the asked text's tokens, exactly as the student
will get them, followed by the target's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from app.contract.student import Way, as_asked
from app.students.asking import input_tokens
from training.methods import TaskRow

IGNORED = -100
# Decoder-only models whose rows may share what they begin with; each has its test.
SHARING = frozenset({"llama", "qwen2", "qwen3"})


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
    shares: bool = False  # whether rows can share what they begin with, see batches.py

    @property
    def is_encoder_decoder(self) -> bool:
        return self.start is not None


def special_tokens(model: Any, tokenizer: Any) -> Special:  # noqa: ANN401  # untyped library
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    config = model.config
    start = config.decoder_start_token_id if config.is_encoder_decoder else None
    return Special(pad, tokenizer.eos_token_id, start, can_share(config))


def can_share(config: Any) -> bool:  # noqa: ANN401  # untyped library
    """Whether the model attends to what a mask of our own shows, and to nothing else."""
    masked_by_us = config._attn_implementation == "sdpa"  # noqa: SLF001  # transformers has no public name for it
    return masked_by_us and config.model_type in SHARING and getattr(config, "sliding_window", None) is None


def encode(row: TaskRow, task: int, way: Way, tokenizer: Any) -> Row:  # noqa: ANN401  # untyped library
    target = [*tokenizer(row.target, add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    asked = as_asked(way, row.input, tokenizer.apply_chat_template)
    return Row(task, tuple(input_tokens(tokenizer, way, asked)), tuple(target))


# Losses


def token_losses(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:  # noqa: ANN401  # untyped library
    """Losses (N,) of the batch's target tokens and their tasks (N,)."""
    targets = batch["targets"]  # (B, K)
    logits = target_logits(model, batch)  # (B, K, V)
    is_target = targets != IGNORED  # (B, K)
    losses = cross_entropy(logits[is_target].float(), targets[is_target], reduction="none")  # (N,)
    return losses, batch["tasks"][is_target]


def target_logits(model: Any, batch: dict[str, Tensor]) -> Tensor:  # noqa: ANN401  # untyped library
    """Logits (B, K, V) that predict the K columns of `targets`."""
    given = {name: tensor for name, tensor in batch.items() if name not in {"targets", "tasks"}}
    if "decoder_input_ids" not in given:
        given["logits_to_keep"] = batch["targets"].shape[1]
    logits: Tensor = model(**given, use_cache=False).logits  # (B, K, V)
    return logits


def count_targets(rows: Sequence[Row], tasks: int) -> Tensor:
    """Target tokens of each task, (tasks,)."""
    totals = torch.zeros(tasks, dtype=torch.long)
    for row in rows:
        totals[row.task] += len(row.target)
    return totals
