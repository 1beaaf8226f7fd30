"""The plain way to write, which batches and caches must not change."""

from collections.abc import Collection
from typing import Any

import torch


def widen(model: Any) -> None:
    """Larger weights than a fresh model's, but for embeddings, so that texts differ from input to input."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1:
                scale = 0.05 if "embed" in name or "shared" in name else 0.5
                weights.copy_(torch.randn(weights.shape, generator=generator) * scale)


def write_plainly(model: Any, ids: list[int], most: int, ends: Collection[int]) -> list[int]:
    """One at a time without padding or cache: the likeliest next token, until an end token."""
    start = [model.config.decoder_start_token_id] if model.config.is_encoder_decoder else []
    written: list[int] = []
    while len(written) < most:
        token = int(logits_after(model, ids, [*start, *written])[-1].argmax())
        if token in ends:
            break
        written.append(token)
    return written


def logits_after(model: Any, ids: list[int], written: list[int]) -> torch.Tensor:
    """Logits at every place of what was written (encoder-decoder), or of everything (decoder-only)."""
    if model.config.is_encoder_decoder:
        given = {"input_ids": torch.tensor([ids]), "decoder_input_ids": torch.tensor([written])}
    else:
        given = {"input_ids": torch.tensor([ids + written])}
    with torch.inference_mode():
        logits: torch.Tensor = model(**given).logits[0]
    return logits
