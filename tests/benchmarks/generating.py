"""Explanations per second: the worker's decoding beside the plain loop the field uses, in one run.

The plain loop asks one question at a time with `generate` and its defaults, in fp32. There the texts must be
the same, or differ first at a near-tie (the two likeliest tokens less than 1e-4 apart), which is listed.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker has it; the plain loop gets the same

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from app.contract.question_set import read_question_set
from app.worker.decoding import Limits, decode
from tests.worker.students import smollm2

NEAR_TIE = 1e-4
NEW_TOKENS = 100
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
    return AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype).eval()


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
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--questions", type=Path, default=REAL if REAL.exists() else DEMO)
    arguments = parser.parse_args()
    path = smollm2()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    inputs = read_inputs(tokenizer, arguments.questions, arguments.count)
    end = tokenizer.eos_token_id
    limits = Limits(NEW_TOKENS, frozenset({end}))
    model = load(torch.float32)
    plain(model, inputs[:1], end)  # warm
    started = time.monotonic()
    expected = plain(model, inputs, end)
    plain_rate = len(inputs) / (time.monotonic() - started)
    print(f"{len(inputs)} questions, {torch.get_num_threads()} threads, at most {NEW_TOKENS} tokens")
    print(f"plain loop fp32   {plain_rate:6.2f} explanations/s    1.0x")
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        fast = model if dtype is torch.float32 else load(dtype)
        started = time.monotonic()
        found = [one.tokens for one in decode(fast, inputs, limits)]
        rate = len(inputs) / (time.monotonic() - started)
        equal = sum(one == other for one, other in zip(found, expected, strict=True))
        print(
            f"worker {name}       {rate:6.2f} explanations/s  {rate / plain_rate:5.1f}x  "
            f"{equal}/{len(inputs)} equal"
        )
        if dtype is torch.float32:
            list_differences(model, inputs, found, expected)


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
