"""Explanations per second: the worker's decoding beside the plain loop the field uses, in one run.

The plain loop asks one question at a time with `generate` and its defaults, in fp32, on a model as it comes
from the library; the worker writes batches as they are planned for a run. In fp32 the texts must be the same,
or differ first at a near-tie (the two likeliest tokens less than 1e-4 apart), which is listed.
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
from app.runs.planning import CHARACTERS_PER_TOKEN, Asked, plan_batches
from app.students.decoding import Limits, decode
from app.students.layers import pack_linears
from tests.worker.students import smollm2

NEAR_TIE = 1e-4
NEW_TOKENS = 100
ROUNDS = 2
PLAIN, FP32, BF16 = "plain loop fp32", "worker fp32", "worker bf16"
Ways = dict[str, Callable[[list[list[int]]], list[list[int]]]]
Found = dict[str, dict[int, list[int]]]  # the tokens of each text by its question's number, for each way
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


def worker(model: Any, inputs: list[list[int]], limits: Limits) -> list[list[int]]:
    """The texts, batch by batch as a run would have them written."""
    asked = [Asked(number, round(len(one) * CHARACTERS_PER_TOKEN)) for number, one in enumerate(inputs)]
    found: dict[int, list[int]] = {}
    for batch in plan_batches(asked, limits.max_new_tokens):
        texts = decode(model, [inputs[number] for number in batch], limits)
        found |= {number: text.tokens for number, text in zip(batch, texts, strict=True)}
    return [found[number] for number in range(len(inputs))]


def gap(model: Any, one: list[int], said: list[int]) -> float:
    """How far the two likeliest next tokens are apart."""
    with torch.inference_mode():
        best = model(torch.tensor([one + said])).logits[0, -1].topk(2).values
    return float(best[0] - best[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--plain", type=int, default=32, help="how many of them the plain loop is asked")
    parser.add_argument("--questions", type=Path, default=REAL if REAL.exists() else DEMO)
    arguments = parser.parse_args()
    path = smollm2()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    inputs = read_inputs(tokenizer, arguments.questions, arguments.count)
    end = tokenizer.eos_token_id
    limits = Limits(NEW_TOKENS, frozenset({end}))
    exact, full, half = load(torch.float32), load(torch.float32), load(torch.bfloat16)
    pack_linears(full)
    pack_linears(half)
    ways: Ways = {
        PLAIN: lambda some: plain(exact, some, end),
        FP32: lambda some: worker(full, some, limits),
        BF16: lambda some: worker(half, some, limits),
    }
    # Evenly spread, so that the plain loop is asked questions like all the others.
    few = [at * len(inputs) // arguments.plain for at in range(min(arguments.plain, len(inputs)))]
    print(
        f"{len(inputs)} questions, {len(few)} of them for the plain loop, {torch.get_num_threads()} threads"
    )
    print(f"at most {NEW_TOKENS} tokens, load {os.getloadavg()[0]:.1f}")
    found, rates = measure(ways, inputs, few)
    for name in ways:
        equal = sum(found[name][at] == found[PLAIN][at] for at in few)
        times = rates[name] / rates[PLAIN]
        print(f"{name:16} {rates[name]:6.2f} explanations/s {times:5.1f}x  {equal}/{len(few)} texts equal")
    print(f"load {os.getloadavg()[0]:.1f}")
    list_differences(exact, inputs, found[FP32], found[PLAIN])


def measure(ways: Ways, inputs: list[list[int]], few: list[int]) -> tuple[Found, dict[str, float]]:
    """Texts and explanations per second of every way, turn by turn, so that a busy minute hits all of them.

    The plain loop gets a part of its few questions in each round, for it is slow; the others get all of all.
    """
    found: Found = {name: {} for name in ways}
    seconds, written = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0)
    for name, way in ways.items():
        way(inputs[:1])
        print(f"warm: {name}")
    for turn in range(ROUNDS):
        for name, way in ways.items():
            numbers = few[turn::ROUNDS] if name == PLAIN else list(range(len(inputs)))
            started = time.monotonic()
            texts = way([inputs[number] for number in numbers])
            seconds[name] += time.monotonic() - started
            written[name] += len(numbers)
            found[name] |= dict(zip(numbers, texts, strict=True))
            print(f"round {turn + 1}: {name}, {written[name] / seconds[name]:.2f}/s so far", flush=True)
    return found, {name: written[name] / seconds[name] for name in ways}


def list_differences(
    model: Any, inputs: list[list[int]], found: dict[int, list[int]], expected: dict[int, list[int]]
) -> None:
    for number, other in sorted(expected.items()):
        one = found[number]
        if one != other:
            same = next(
                (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0
            )
            apart = gap(model, inputs[number], other[:same])
            verdict = "near-tie" if apart < NEAR_TIE else "NOT a near-tie"
            print(f"  question {number + 1} differs first at token {same + 1}: gap {apart:.2e}, {verdict}")


if __name__ == "__main__":
    main()
