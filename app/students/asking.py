"""Ask a loaded student questions in one of its ways: fill, decode, read, step by step."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.contract.base import InvalidFile
from app.contract.student import Step, Way, as_asked, fill, placeholders, question_values, read
from app.students.decoding import AT_EASE, Limits, Pace, decode
from app.students.loading import Student
from app.students.told import Posed, Told, Turn

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
    turns: list[Turn] = field(default_factory=list)


def ask(student: Student, way_name: str, questions: Sequence[Posed], pace: Pace = AT_EASE) -> list[Told]:
    """What the student answers and explains, in the order of the questions. Raises: InvalidFile."""
    way = student.manifest.ask.ways[way_name]
    if RESERVED & set(way.chat_template_args):
        raise InvalidFile(f"chat_template_args: {min(RESERVED & set(way.chat_template_args))} cannot be set.")
    started = time.monotonic()
    tellings = [
        Telling(question.id, question_values(way, question.text, question.choices, question.premise))
        for question in questions
    ]
    for step in way.steps:
        take_step(student, way, step, [one for one in tellings if can_be_asked(step, one)], pace)
    seconds = (time.monotonic() - started) / max(1, len(questions))
    return [as_told(student, way_name, telling, seconds) for telling in tellings]


def take_step(student: Student, way: Way, step: Step, asked: Sequence[Telling], pace: Pace) -> None:
    texts = [
        as_asked(way, fill(step.input, telling.values), student.tokenizer.apply_chat_template)
        for telling in asked
    ]
    inputs = [input_tokens(student.tokenizer, way, text) for text in texts]
    limits = Limits(step.max_new_tokens, student.end_tokens, stopper(student, way.stop))
    decoded = decode(student.model, inputs, limits, pace)
    for telling, text, tokens, found in zip(asked, texts, inputs, decoded, strict=True):
        text_out = student.tokenizer.decode(found.tokens, skip_special_tokens=True)
        turn = Turn(
            name=step.name,
            input=text,
            output=before_stop(text_out.replace("\0", "\ufffd"), way.stop),  # PostgreSQL stores no U+0000
            input_tokens=len(tokens),
            tokens=len(found.tokens),
            is_truncated=found.is_truncated,
        )
        telling.turns.append(turn)
        note(telling, step, turn.output)


def input_tokens(tokenizer: Any, way: Way, text: str) -> list[int]:  # noqa: ANN401  # untyped library
    """The tokens of a whole input, when a student is asked and when it is trained."""
    special = way.add_special_tokens and way.format == "plain"  # a chat template writes them itself
    return list(tokenizer(text, add_special_tokens=special).input_ids)


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
    return "answer" not in placeholders(step.input) or "answer" in telling.values


def stopper(student: Student, stops: Sequence[str]) -> Callable[[list[int]], bool]:
    def is_stopped(tokens: list[int]) -> bool:
        tail = student.tokenizer.decode(tokens[-TAIL_TOKENS:], skip_special_tokens=True)
        return any(stop in tail for stop in stops)

    return is_stopped if stops else lambda _tokens: False


def before_stop(text: str, stops: Sequence[str]) -> str:
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def as_told(student: Student, way: str, telling: Telling, seconds: float) -> Told:
    """`seconds` is the question's share of its batch's time."""
    return Told(
        question_id=telling.question_id,
        answer=telling.outputs.get("answer"),
        explanation=telling.outputs.get("explanation"),
        missing=tuple(telling.missing),
        turns=tuple(telling.turns),
        record={
            "way": way,
            "precision": student.precision,
            "decoding": {"do_sample": False, "end_tokens": sorted(student.end_tokens)},
            "seed": student.manifest.generation.seed,
            "seconds": round(seconds, 4),
            "tokens": sum(turn.tokens for turn in telling.turns),
            **student.provenance,
        },
    )
