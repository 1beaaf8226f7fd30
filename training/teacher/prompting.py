"""The teacher's prompts: files in training/prompts, filled in and laid out as chat messages."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from app.contract.base import Contract, InvalidFile, Text, sha256_of_file
from app.contract.complaints import validated
from app.contract.question import Question
from app.contract.words import Words
from training.toml_files import read_toml

FOLDER = Path(__file__).parents[1] / "prompts"
STAGES = ("explanation", "counterfactual", "critique", "revision")
# What each stage's request must say; more would stay in braces, less would ask for nothing in particular.
PLACEHOLDERS = {
    "explanation": {"context", "question", "choices", "answer"},
    "counterfactual": {"context", "question", "choices", "answer"},
    "critique": {"context", "question", "choices", "answer", "explanation"},
    "revision": {"context", "question", "choices", "answer", "explanation", "critique"},
}
Message = dict[str, str]


class Example(Contract):
    context: Text | None = None
    question: Words
    choices: tuple[Words, ...] = Field(min_length=2)
    answer: Words
    explanation: Text = ""
    critique: Text = ""
    reply: Words


class PromptFile(Contract):
    system: Words
    request: Words
    example: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Prompt:
    file: PromptFile
    sha256: str

    def messages(self, values: Mapping[str, str]) -> list[Message]:
        """The system's words, each example as a request and its reply, then the request itself."""
        shown = [{"role": "system", "content": self.file.system}]
        for example in self.file.example:
            shown.append({"role": "user", "content": fill(self.file.request, example_values(example))})
            shown.append({"role": "assistant", "content": example.reply})
        return [*shown, {"role": "user", "content": fill(self.file.request, values)}]


def read_prompts(folder: Path = FOLDER) -> dict[str, Prompt]:
    """Read a prompt for each stage. Raises: InvalidFile."""
    return {stage: read_prompt(folder / f"{stage}.toml", PLACEHOLDERS[stage]) for stage in STAGES}


def read_prompt(path: Path, placeholders: set[str]) -> Prompt:
    file = validated(PromptFile, read_toml(path), str(path))
    found = set(re.findall(r"\{(\w+)\}", file.request))
    if found != placeholders:
        listed = ", ".join(f"{{{name}}}" for name in sorted(placeholders))
        raise InvalidFile(f"{path}: request must have each of {listed} and nothing else in braces.")
    return Prompt(file, sha256_of_file(path))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace each {name} by its value, once: braces inside a value stay."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def example_values(example: Example) -> dict[str, str]:
    shown = {"explanation": example.explanation, "critique": example.critique}
    return question_values(example.question, example.choices, example.answer, example.context) | shown


def values_of(question: Question, answer: str) -> dict[str, str]:
    """What a request says of a question when this choice is explained."""
    return question_values(question.question, question.choices, answer, question.premise)


def question_values(
    question: str, choices: Sequence[str], answer: str, context: str | None
) -> dict[str, str]:
    return {
        "context": f"Context: {context}\n" if context else "",
        "question": question,
        "choices": " ".join(f"({letter(number)}) {choice}" for number, choice in enumerate(choices)),
        "answer": answer,
    }


def letter(number: int) -> str:
    """A to z, then numbers."""
    return string.ascii_lowercase[number] if number < len(string.ascii_lowercase) else str(number + 1)
