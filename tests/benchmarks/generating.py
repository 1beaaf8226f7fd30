"""Explanations per second: the worker's decoding beside the plain loop the field uses, in one run.

The plain loop asks one question at a time with `generate` and its defaults, in fp32. There the texts must be
the same, or differ first at a near-tie (the two likeliest tokens less than 1e-4 apart), which is listed.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker has it; the plain loop gets the same

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from app.contract.question_set import read_question_set
from app.worker.decoding import Limits, decode
from tests.worker.students import smollm2

NEAR_TIE = 1e-4
NEW_TOKENS = 100
ROUNDS = 2
PLAIN, FP32, BF16 = "plain loop fp32", "worker fp32", "worker bf16"
DEMO = Path(__file__).parents[2] / "demo" / "questions.jsonl"
REAL = Path(__file__).parents[3] / "shared" / "data" / "cqa-llama-validation.jsonl.xz"


def read_inputs(tokenizer: Any, path: Path, count: int) -> list[list[int]]:
    questions = read_question_set(path, "cqa").questions[:count]
    asked = [
        f"Question: {one.question}\nChoices: {', '.join(one.choices)}\nExplain the answer."
        for one in questions
    ]
    return [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        for text in asked
    ]


def load(dtype: Any) -> Any:
    path = smollm2()
    unpacked = GgufConfig(dequantize=True)
    return AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=dtype, quantization_config=unpacked
    ).eval()


def plain(model: Any, inputs: list[list[int]], end: int) -> list[list[int]]:
    texts = []
    for one in inputs:
        ids = torch.tensor([one])
        row = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False
        )
        tokens = row[0, len(one) :].tolist()
        texts.append(tokens[: tokens.index(end)] if end in tokens else tokens)
    return texts


def gap(model: Any, one: list[int], said: list[int]) -> float:
    """How far the two likeliest next tokens are apart."""
    with torch.inference_mode():
        best = model(torch.tensor([one + said])).logits[0, -1].topk(2).values
    return float(best[0] - best[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--questions", type=Path, default=REAL if REAL.exists() else DEMO)
    arguments = parser.parse_args()
    path = smollm2()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    inputs = read_inputs(tokenizer, arguments.questions, arguments.count)
    end = tokenizer.eos_token_id
    limits = Limits(NEW_TOKENS, frozenset({end}))
    exact, half = load(torch.float32), load(torch.bfloat16)
    ways: dict[str, Callable[[list[list[int]]], list[list[int]]]] = {
        PLAIN: lambda some: plain(exact, some, end),
        FP32: lambda some: [one.tokens for one in decode(exact, some, limits)],
        BF16: lambda some: [one.tokens for one in decode(half, some, limits)],
    }
    print(f"{len(inputs)} questions, {torch.get_num_threads()} threads, at most {NEW_TOKENS} tokens")
    found, rates = measure(ways, inputs)
    for name in ways:
        equal = sum(one == other for one, other in zip(found[name], found[PLAIN], strict=True))
        times = rates[name] / rates[PLAIN]
        print(f"{name:16} {rates[name]:6.2f} explanations/s {times:5.1f}x  {equal}/{len(inputs)} texts equal")
    list_differences(exact, inputs, found[FP32], found[PLAIN])


def measure(
    ways: dict[str, Callable[[list[list[int]]], list[list[int]]]], inputs: list[list[int]]
) -> tuple[dict[str, list[list[int]]], dict[str, float]]:
    """Texts and explanations per second of every way, turn by turn, so that a busy minute hits all of them.

    The plain loop gets a part of the questions in each round, for it is slow; the others get all each time.
    """
    found: dict[str, list[list[int]]] = {name: [] for name in ways}
    seconds, written = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0)
    for name, way in ways.items():
        way(inputs[:1])
        print(f"warm: {name}")
    size = -(-len(inputs) // ROUNDS)
    for at in range(0, len(inputs), size):
        for name, way in ways.items():
            some = inputs[at : at + size] if name == PLAIN else inputs
            started = time.monotonic()
            texts = way(some)
            seconds[name] += time.monotonic() - started
            written[name] += len(some)
            found[name] = found[name] + texts if name == PLAIN else texts
            print(f"questions {at + 1} and on: {name}, {written[name] / seconds[name]:.2f}/s so far")
    return found, {name: written[name] / seconds[name] for name in ways}


def list_differences(
    model: Any, inputs: list[list[int]], found: list[list[int]], expected: list[list[int]]
) -> None:
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one != other:
            same = next(
                (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0
            )
            apart = gap(model, inputs[number], other[:same])
            verdict = "near-tie" if apart < NEAR_TIE else "NOT a near-tie"
            print(f"  question {number + 1} differs first at token {same + 1}: gap {apart:.2e}, {verdict}")


if __name__ == "__main__":
    main()
