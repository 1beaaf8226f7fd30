"""Several inputs in one row: reading them wastes nothing on padding or on what they all begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# So many are read by one call: enough to keep the device busy, for attention grows with their square.
PACKED_TOKENS = {"cpu": 256, "cuda": 2048}


@dataclass(frozen=True)
class Packed:
    """A row of P tokens: what the inputs share once, then the rest of each."""

    ids: Tensor  # (1, P)
    mask: Tensor  # (1, 1, P, P), whether a token (third) sees another (fourth)
    positions: Tensor  # (1, P), of each token in its own input
    columns: list[Tensor]  # where each input's tokens lie


def pack(inputs: Sequence[list[int]], shared: int, device: Any) -> Packed:  # noqa: ANN401  # transformers ships no types
    ids, positions, owners = list(inputs[0][:shared]), list(range(shared)), [-1] * shared
    for number, one in enumerate(inputs):
        ids += one[shared:]
        positions += range(shared, len(one))
        owners += [number] * (len(one) - shared)
    owner = torch.tensor(owners, device=device)
    mask = ((owner[:, None] == owner) | (owner == -1)).tril()
    columns = [((owner == number) | (owner == -1)).nonzero()[:, 0] for number in range(len(inputs))]
    row = torch.tensor([ids, positions], device=device)
    return Packed(row[:1], mask[None, None], row[1:], columns)


def groups(numbers: Sequence[int], lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """The numbers in their order, in groups of at most so many tokens; a longer input stands alone."""
    found: list[list[int]] = []
    tokens = 0
    for number, length in zip(numbers, lengths, strict=True):
        if not found or tokens + length > most_tokens:
            found.append([])
            tokens = 0
        found[-1].append(number)
        tokens += length
    return found


def shared_tokens(inputs: Sequence[list[int]]) -> int:
    """How many tokens all inputs begin with, such as a system message; each keeps one of its own."""
    least, most = min(inputs), max(inputs)  # what the first and the last in order share, all share
    unlike = (at for at, pair in enumerate(zip(least, most, strict=False)) if pair[0] != pair[1])
    return min(next(unlike, len(least)), min(map(len, inputs)) - 1)
