"""Question sets: the questions students answer, read from the formats public data sets use.

`cqa` is the CoS-E style: one JSON object a line with id, question, choices and answer. Further keys,
such as a teacher's rationales, are ignored and counted.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.contract.base import InvalidFile, Text, sha256_of_file
from app.contract.json_lines import open_lines, parse_rows

Format = Literal["cqa"]


Filled = Annotated[Text, StringConstraints(pattern=r"\S")]
Key = Annotated[Filled, StringConstraints(max_length=200)]


class Question(BaseModel):
    """One question as it stands in the file; nothing is trimmed, so texts can be compared exactly."""

    model_config = ConfigDict(frozen=True)

    key: Key = Field(alias="id")
    question: Filled
    choices: tuple[Filled, ...] = Field(min_length=2)
    answer: Filled


@dataclass(frozen=True)
class QuestionSet:
    questions: tuple[Question, ...]
    unknown_keys: Counter[str]
    answer_not_a_choice: int
    sha256: str  # of the file as it lies there


def read_question_set(path: Path, file_format: Format) -> QuestionSet:
    """Read a whole question set.

    Raises: InvalidFile for an unknown format, or with line and reason at the first malformed row or
    repeated id; nothing of such a file is used.
    """
    if file_format != "cqa":
        raise InvalidFile(f"Format '{file_format}' is not known; use --format cqa.")
    unknown: Counter[str] = Counter()
    seen: dict[str, int] = {}
    questions = []
    with open_lines(path) as stream:
        for line, question in parse_rows(stream, path.name, Question, unknown):
            refuse_repetition(seen, question.key, line, path.name)
            questions.append(question)
    if not questions:
        raise InvalidFile(f"{path.name}: holds no questions.")
    odd = sum(question.answer not in question.choices for question in questions)
    return QuestionSet(tuple(questions), unknown, odd, sha256_of_file(path))


def refuse_repetition(seen: dict[str, int], key: str, line: int, name: str) -> None:
    if key in seen:
        raise InvalidFile(f"{name}, line {line}: id '{key}' stands in line {seen[key]} already.")
    seen[key] = line
