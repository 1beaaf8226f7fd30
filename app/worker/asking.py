"""Ask a loaded student questions in one of its ways: fill, decode, read, step by step."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.contract.student import Step, Way, as_asked, fill, question_values, read
from app.errors import Invalid
from app.runs.service import Written
from app.worker.decoding import Limits, decode
from app.worker.loading import Student
from app.worker.talk import Posed

# What a manifest may not say to the tokenizer's chat template.
RESERVED = {
    "chat_template",
    "tokenize",
    "add_generation_prompt",
    "conversation",
    "tokenizer_kwargs",
    "return_dict",
}
TAIL_TOKENS = 24  # in which a stop string must show up; a token is at least a character


@dataclass
class Telling:
    """One question under way."""

    question_id: int
    values: dict[str, str]
    outputs: dict[str, str | None] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)


def ask(
    student: Student,
    way_name: str,
    questions: Sequence[Posed],
    keep_going: Callable[[], None] = lambda: None,
) -> list[Written]:
    """What the student answers and explains, in the order of the questions."""
    way = student.manifest.ask.ways[way_name]
    if RESERVED & set(way.chat_template_args):
        raise Invalid(f"chat_template_args: {min(RESERVED & set(way.chat_template_args))} cannot be set.")
    started = time.monotonic()
    tellings = [
        Telling(question.id, question_values(way, question.text, question.choices, question.premise))
        for question in questions
    ]
    for step in way.steps:
        take_step(student, way, step, tellings, keep_going)
    seconds = (time.monotonic() - started) / max(1, len(questions))
    return [written(student, way_name, telling, seconds) for telling in tellings]


def take_step(
    student: Student, way: Way, step: Step, tellings: Sequence[Telling], keep_going: Callable[[], None]
) -> None:
    asked = [telling for telling in tellings if can_be_asked(step, telling)]
    texts = [
        as_asked(way, fill(step.input, telling.values), student.tokenizer.apply_chat_template)
        for telling in asked
    ]
    special = way.add_special_tokens and way.format == "plain"  # a chat template writes them itself
    inputs = [list(student.tokenizer(text, add_special_tokens=special).input_ids) for text in texts]
    limits = Limits(step.max_new_tokens, end_tokens(student), stopper(student, way.stop), keep_going)
    decoded = decode(student.model, inputs, limits)
    for telling, text, tokens, found in zip(asked, texts, inputs, decoded, strict=True):
        text_out = student.tokenizer.decode(found.tokens, skip_special_tokens=True)
        output = before_stop(text_out.replace("\0", "\ufffd"), way.stop)  # PostgreSQL stores no U+0000
        telling.steps.append(
            {
                "name": step.name,
                "input": text,
                "output": output,
                "input_tokens": len(tokens),
                "tokens": len(found.tokens),
                "is_truncated": found.is_truncated,
            }
        )
        note(telling, step, output)


def note(telling: Telling, step: Step, output: str) -> None:
    for name, reader in step.read.items():
        reading = read(reader, output)
        telling.outputs[name] = reading.text
        if reading.missing is not None:
            telling.missing.append(f"{name}: {reading.missing}")
        if name == "answer" and reading.text is not None:
            telling.values["answer"] = reading.text


def can_be_asked(step: Step, telling: Telling) -> bool:
    """Whether the answer that a later step is asked with was read at all."""
    return "{answer}" not in step.input or "answer" in telling.values


def end_tokens(student: Student) -> frozenset[int]:
    configured = student.model.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*several, student.tokenizer.eos_token_id] if token is not None)


def stopper(student: Student, stops: Sequence[str]) -> Callable[[list[int]], bool]:
    def is_stopped(tokens: list[int]) -> bool:
        tail = student.tokenizer.decode(tokens[-TAIL_TOKENS:], skip_special_tokens=True)
        return any(stop in tail for stop in stops)

    return is_stopped if stops else lambda _tokens: False


def before_stop(text: str, stops: Sequence[str]) -> str:
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def written(student: Student, way: str, telling: Telling, seconds: float) -> Written:
    """`seconds` is the question's share of its batch's time."""
    record = {
        "way": way,
        "precision": student.precision,
        "decoding": {"do_sample": False},
        "seed": student.manifest.generation.seed,
        "seconds": round(seconds, 4),
        "tokens": sum(step["tokens"] for step in telling.steps),
        "missing": telling.missing,
        "steps": telling.steps,
        **student.provenance,
    }
    return Written(
        telling.question_id,
        telling.outputs.get("answer"),
        telling.outputs.get("explanation"),
        any(step["is_truncated"] for step in telling.steps),
        tuple(telling.missing),
        record,
    )
