"""Question sets: the questions students answer, read from the formats public data sets use.

Keys that a format does not know, such as a teacher's rationales, are ignored and counted.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from app.contract.answers import chosen_index, distinct
from app.contract.base import InvalidFile, sha256_of_file
from app.contract.json_lines import MOST_LINES, open_lines, parse_rows
from app.contract.question import Question
from app.contract.question_formats import PARSERS, Format


@dataclass(frozen=True)
class QuestionSet:
    format: Format
    questions: tuple[Question, ...]
    unknown_keys: Counter[str]
    answer_not_a_choice: int
    repeated_choices: int  # questions with the same choice twice
    sha256: str  # of the file as it lies there


def read_question_set(path: Path, file_format: Format, most_lines: int = MOST_LINES) -> QuestionSet:
    """Read a whole question set.

    Raises: InvalidFile for an unknown format, or with line and reason at the first malformed row or
    repeated id; nothing of such a file is used.
    """
    if file_format not in PARSERS:
        raise InvalidFile(f"Format '{file_format}' is not known; use --format {', '.join(PARSERS)}.")
    parser = PARSERS[file_format]
    unknown: Counter[str] = Counter()
    seen: dict[str, int] = {}
    questions = []
    with open_lines(path) as stream:
        rows = parse_rows(stream, path.name, parser.row, unknown, most_lines)
        for line, question in parser.to_questions(rows):
            refuse_repetition(seen, question.key, line, path.name)
            questions.append(question)
    if not questions:
        raise InvalidFile(f"{path.name}: holds no questions.")
    odd = sum(chosen_index(question.answer, question.choices) is None for question in questions)
    repeated = sum(len(distinct(question.choices)) < len(question.choices) for question in questions)
    return QuestionSet(
        format=file_format,
        questions=tuple(questions),
        unknown_keys=unknown,
        answer_not_a_choice=odd,
        repeated_choices=repeated,
        sha256=sha256_of_file(path),
    )


def refuse_repetition(seen: dict[str, int], key: str, line: int, name: str) -> None:
    if key in seen:
        raise InvalidFile(f"{name}, line {line}: id '{key}' stands in line {seen[key]} already.")
    seen[key] = line
