"""Batches made of rows, for decoder-only and encoder-decoder models.

A decoder-only batch is made of packs. The rows of one question begin with the same tokens, so a pack holds
these once, then what is left of each row's input, then what predicts each row's target:

    shared | input of row 1 | input of row 2 | ... | predictors of row 1 | predictors of row 2 | ...

Positions and mask are such that every token sees what it would see in its row alone, and nothing else. The
token that predicts a target's first is the last of its input; the target's last predicts nothing and is left
out. Packs are padded on the left, so all predictors are in the last columns, and logits are needed for those
only. In `targets`, all else is -100.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from training.rows import IGNORED, Row, Special

PADDING, SHARED = -1, 0  # whose a token is, beside the rows' own numbers, which begin with 1


@dataclass(frozen=True)
class Pack:
    """Rows that share their first tokens; a row alone shares none."""

    rows: tuple[Row, ...]
    shared: int = 0

    def __len__(self) -> int:
        return self.shared + sum(len(row) - 1 - self.shared for row in self.rows)

    @property
    def targets(self) -> int:
        return sum(len(row.target) for row in self.rows)


def pack(rows: Sequence[Row], special: Special) -> list[Pack]:
    """One pack of the rows of a question; or one of each, if they cannot share or have too little in common.

    A pack is one long sequence: only worth its attention if much of it is read once instead of often.
    """
    if not special.shares or len(rows) < 2:  # noqa: PLR2004  # a row has none to share with
        return [Pack((row,)) for row in rows]
    shared = shared_length([row.input for row in rows])
    if 2 * shared < min(len(row.input) for row in rows):
        return [Pack((row,)) for row in rows]
    return [Pack(tuple(rows), shared)]


def shared_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences begin with; the last token of the shortest is never among them."""
    columns = enumerate(zip(*sequences, strict=False))
    return next((at for at, tokens in columns if len(set(tokens)) > 1), min(map(len, sequences)) - 1)


def divide(packs: Sequence[Pack], count: int) -> list[list[Pack]]:
    """Divide a step's packs, by length, into so many micro-batches of similar size: little is padded."""
    ordered = sorted(packs, key=lambda pack: (len(pack), [(row.input, row.target) for row in pack.rows]))
    at = [len(ordered) * number // count for number in range(count + 1)]
    return [ordered[start:end] for start, end in pairwise(at) if start < end]


def make_batch(packs: Sequence[Pack], special: Special) -> dict[str, Tensor]:
    """Tensors of a micro-batch: B packs, padded to its own longest one."""
    if special.is_encoder_decoder:
        return encoder_decoder_batch([row for pack in packs for row in pack.rows], special)
    return decoder_batch(packs, special)


def decoder_batch(packs: Sequence[Pack], special: Special) -> dict[str, Tensor]:
    longest, most = max(map(len, packs)), max(pack.targets for pack in packs)
    laid = [lay_out(pack, special.pad, longest, most) for pack in packs]
    ids, owners, positions, targets, tasks = (torch.tensor(column) for column in zip(*laid, strict=True))
    return {
        "input_ids": ids,  # (B, L)
        "attention_mask": visible(owners, positions) if special.shares else (owners != PADDING).long(),
        "position_ids": positions,  # (B, L)
        "targets": targets,  # (B, K): what the last K columns predict
        "tasks": tasks,  # (B, K)
    }


def lay_out(pack: Pack, pad: int, longest: int, most: int) -> tuple[list[int], ...]:
    """A pack's tokens, owners and positions (L,), and its targets and their tasks (K,)."""
    shared, first = pack.shared, pack.rows[0]
    ids, owners = list(first.input[:shared]), [SHARED] * shared
    positions, targets, tasks = list(range(shared)), list[int](), list[int]()
    for owner, row in enumerate(pack.rows, 1):
        ids += row.input[shared:-1]
        positions += range(shared, len(row.input) - 1)
        owners += [owner] * (len(row.input) - 1 - shared)
    for owner, row in enumerate(pack.rows, 1):
        ids += [row.input[-1], *row.target[:-1]]
        positions += range(len(row.input) - 1, len(row) - 1)
        owners += [owner] * len(row.target)
        targets += row.target
        tasks += [row.task] * len(row.target)
    left, before = longest - len(ids), most - len(targets)
    return (
        [pad] * left + ids,
        [PADDING] * left + owners,
        [0] * left + positions,
        [IGNORED] * before + targets,
        [0] * before + tasks,
    )


def visible(owners: Tensor, positions: Tensor) -> Tensor:
    """Which column each column sees, (B, 1, L, L), of owners and positions (B, L)."""
    own = owners[:, :, None] == owners[:, None, :]
    shared = owners[:, None, :] == SHARED
    earlier = positions[:, None, :] <= positions[:, :, None]
    return ((own | shared) & earlier)[:, None]


def encoder_decoder_batch(rows: Sequence[Row], special: Special) -> dict[str, Tensor]:
    longest, most = max(len(row.input) for row in rows), max(len(row.target) for row in rows)
    start = special.pad if special.start is None else special.start
    ids = [[*row.input] + [special.pad] * (longest - len(row.input)) for row in rows]
    mask = [[1] * len(row.input) + [0] * (longest - len(row.input)) for row in rows]
    # The decoder sees each target one place to the right; what stands after its end is never looked back at.
    before = [[start, *row.target[:-1]] + [special.pad] * (most - len(row.target)) for row in rows]
    targets = torch.tensor([list(row.target) + [IGNORED] * (most - len(row.target)) for row in rows])
    return {
        "input_ids": torch.tensor(ids),  # (B, L)
        "attention_mask": torch.tensor(mask),  # (B, L)
        "decoder_input_ids": torch.tensor(before),  # (B, K)
        "targets": targets,  # (B, K)
        "tasks": torch.tensor([row.task for row in rows])[:, None].expand_as(targets),  # (B, K)
    }
