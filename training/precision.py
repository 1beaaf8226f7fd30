"""Which precision a run trains in: `auto` asks the machine once, and what it said is the run's for ever.

bf16 on a processor without instructions for it is many times slower than fp32; where there are some, which of
the two is faster depends on the processor, so it is measured.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import TypeAdapter

from app.contract.files import write_whole
from app.students.loading import PRECISIONS
from training.config import Precision, TrainingConfig

# About the work of one linear layer of a small student: tokens × inputs, inputs × outputs.
TOKENS, INPUTS, OUTPUTS = 512, 576, 1536
TRIES = 5
CHOICE = "precision.json"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """`reason` is a sentence for whoever started the run."""

    precision: Precision
    reason: str


def choose(device: Literal["auto", "cpu"]) -> Choice:
    """The precision that serves this machine best."""
    if device == "auto" and torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Choice(precision="bf16", reason="This GPU computes in bf16.")
        return Choice(precision="fp32", reason="This GPU does not compute in bf16.")
    if not has_native_bf16():
        return Choice(precision="fp32", reason="This processor has no instructions for bf16.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return Choice(precision="fp32", reason="Several processes train in fp32, so that all agree.")
    return faster({name: seconds(dtype) for name, dtype in PRECISIONS.items()})


def faster(measured: dict[str, float]) -> Choice:
    """Choose by the seconds that the same work took in each precision."""
    both = f"bf16 took {measured['bf16'] * 1000:.1f} ms, fp32 {measured['fp32'] * 1000:.1f} ms."
    if measured["bf16"] < measured["fp32"]:
        return Choice(precision="bf16", reason=f"This processor is faster in bf16: {both}")
    return Choice(precision="fp32", reason=f"This processor is not faster in bf16: {both}")


def has_native_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; False where this PyTorch cannot say."""
    asked = [
        getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    ]
    return any(ask() for ask in asked if ask is not None)


def seconds(dtype: torch.dtype) -> float:
    """The least of a few tries: forward and backward through one layer, under autocast as in training."""
    given = torch.randn(TOKENS, INPUTS)
    layer = torch.nn.Linear(INPUTS, OUTPUTS)
    taken = []
    for _ in range(TRIES):
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
            out = layer(given)
        out.float().square().mean().backward()
        taken.append(time.perf_counter() - started)
    return min(taken)


def settled(config: TrainingConfig, before: TrainingConfig | None) -> tuple[TrainingConfig, Choice | None]:
    """The configuration with a precision in place of every `auto`, and the choice if one was made.

    `before` is what a run that is resumed has stored: it goes on in its precision, also on another machine.
    """
    choice = None
    precision = config.optimization.precision
    if precision == "auto":
        choice = None if before else choose(config.optimization.device)
        precision = choice.precision if choice else before.optimization.precision if before else precision
    how = config.optimization.model_copy(update={"precision": precision})
    store = precision if config.store == "auto" else config.store
    return config.model_copy(update={"optimization": how, "store": store}), choice


def settled_for_all(folder: Path, device: Literal["auto", "cpu"]) -> Choice:
    """The precision of all runs of a grid: chosen for its first run, kept in its folder."""
    path = folder / CHOICE
    if path.is_file():
        return TypeAdapter(Choice).validate_json(path.read_bytes())
    choice = choose(device)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(choice)) + "\n")
    return choice
