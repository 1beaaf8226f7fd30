"""Training data: questions with a teacher's explanations, and the seeded tenth of them that is held out.

Two kinds of file are read. The consolidated teacher files that accompany arXiv 2504.16056 load as they are:
the question set's own keys (`cqa`, `esnli`, `strategyqa`) beside `few_shot_positive_rationale`,
`few_shot_revision` and `counterfactual_prompt_answer_1_rationale` and so on, one for each choice. The other
kind (`teacher`) is what the teacher stage writes, one JSON object a line:

    {"id": "q1", "question": "…", "choices": ["…", "…"], "answer": "…", "context": null,
     "explanation": "…", "revised_explanation": "…", "counterfactuals": {"a wrong choice": "…"}}

Other keys, such as provenance, are ignored. The test set is no training data: training.test_set reads it, and
nothing that trains may import that.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.contract.answers import wrong_choices
from app.contract.base import InvalidFile, sha256_of_text
from app.contract.json_lines import open_lines, parse_rows
from app.contract.lesson import TeacherRow
from app.contract.question_set import read_question_set, refuse_repetition
from app.contract.text_measures import SENTENCE_END, count_words

DataFormat = Literal["cqa", "commonsenseqa", "esnli", "strategyqa", "teacher"]
Kind = Literal["unrevised", "revised"]
PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n")
# What a language model writes when it goes on with its few-shot prompt.
RUNS_ON = re.compile(r"\n\s*(?:Question|Choices|Critique|RevisionRequest|Revision|Premise|Answer): ")


@dataclass(frozen=True)
class Example:
    """One question; with a `context`, `question` is what is judged by it (a hypothesis by its premise)."""

    id: str
    question: str
    choices: tuple[str, ...]
    answer: str
    context: str | None = None

    @property
    def wrong_choices(self) -> tuple[str, ...]:
        return wrong_choices(self.answer, self.choices)

    @property
    def fingerprint(self) -> str:
        """What makes it the same question in any file: its words, whatever their case and spacing."""
        return sha256_of_text(normalised(f"{self.context or ''} | {self.question}"))


@dataclass(frozen=True)
class Lesson:
    """An example with what the teacher said: for its answer, and for each wrong choice."""

    example: Example
    explanation: str
    revised_explanation: str
    counterfactuals: Mapping[str, str]

    def explained(self, kind: Kind) -> str:
        return self.revised_explanation if kind == "revised" else self.explanation


def normalised(text: str) -> str:
    return " ".join(text.casefold().split())


# Reading


class RationaleRow(BaseModel):
    """The explanations in a line of a consolidated teacher file, numbered as its choices are."""

    model_config = ConfigDict(frozen=True, extra="allow")

    few_shot_positive_rationale: str | None = None
    few_shot_revision: str | None = None

    def argued_for(self, number: int) -> str:
        said = (self.model_extra or {}).get(f"counterfactual_prompt_answer_{number}_rationale")
        return said if isinstance(said, str) else ""


def read_examples(path: Path, data_format: DataFormat) -> list[Example]:
    """The questions alone. Raises: InvalidFile."""
    if data_format == "teacher":
        return [lesson.example for lesson in read_own(path)]
    questions = read_question_set(path, data_format).questions
    return [
        Example(
            id=one.key, question=one.question, choices=one.choices, answer=one.answer, context=one.premise
        )
        for one in questions
    ]


def read_lessons(path: Path, data_format: DataFormat) -> list[Lesson]:
    """Questions with explanations, cleaned; an empty text is what was not said. Raises: InvalidFile."""
    if data_format == "teacher":
        return [cleaned(lesson) for lesson in read_own(path)]
    with open_lines(path) as stream:
        rows = [row for _, row in parse_rows(stream, path.name, RationaleRow, Counter())]
    pairs = zip(read_examples(path, data_format), rows, strict=True)
    return [cleaned(from_rationales(example, row)) for example, row in pairs]


def read_own(path: Path) -> Iterator[Lesson]:
    seen: dict[str, int] = {}
    with open_lines(path) as stream:
        for line, row in parse_rows(stream, path.name, TeacherRow, Counter()):
            refuse_repetition(seen, row.key, line, path.name)
            example = Example(
                id=row.key, question=row.question, choices=row.choices, answer=row.answer, context=row.context
            )
            argued = {choice: row.argued_for(choice) for choice in example.wrong_choices}
            yield Lesson(example, row.explanation or "", row.revised_explanation or "", argued)


def from_rationales(example: Example, row: RationaleRow) -> Lesson:
    counterfactuals = {
        choice: row.argued_for(example.choices.index(choice) + 1) for choice in example.wrong_choices
    }
    return Lesson(
        example, row.few_shot_positive_rationale or "", row.few_shot_revision or "", counterfactuals
    )


# Cleaning


def cleaned(lesson: Lesson) -> Lesson:
    wrong = {choice: lesson.counterfactuals.get(choice, "") for choice in lesson.example.wrong_choices}
    return replace(
        lesson,
        explanation=clean(lesson.explanation),
        revised_explanation=clean(lesson.revised_explanation),
        counterfactuals={choice: clean(text) for choice, text in wrong.items()},
    )


def clean(text: str) -> str:
    """The first paragraph in one line, up to its last full sentence.

    A text cut off by a token limit ends at a full sentence; one without any stays as it is.
    """
    first = PARAGRAPH_END.split(RUNS_ON.split("\n" + text.strip(), maxsplit=1)[0].strip(), maxsplit=1)[0]
    line = " ".join(first.split())
    ends = [found.end() for found in SENTENCE_END.finditer(line)]
    return line[: ends[-1]] if ends else line


def shortened(text: str, most_words: int) -> str:
    """The first sentences that have at most so many words together; at least one."""
    ends = [found.end() for found in SENTENCE_END.finditer(text)] or [len(text)]
    fitting = [end for end in ends if count_words(text[:end]) <= most_words]
    return text[: fitting[-1] if fitting else ends[0]]


# Splitting


def hold_out(lessons: Sequence[Lesson], share: float, seed: int) -> tuple[list[Lesson], list[Lesson]]:
    """Split into training and held-out lessons by question: the same question never lies on both sides.

    The split depends on the questions and the seed, not on the order of the rows.
    """
    questions = sorted({normalised(lesson.example.question) for lesson in lessons})
    Random(f"held out {seed}").shuffle(questions)
    chosen = set(questions[: round(share * len(questions))])
    train = [one for one in lessons if normalised(one.example.question) not in chosen]
    return train, [one for one in lessons if normalised(one.example.question) in chosen]


def refuse_overlap(lessons: Sequence[Lesson], tested: frozenset[str]) -> None:
    """Refuse data that hold a question of the test set, by id or by its words. Raises: InvalidFile."""
    for lesson in lessons:
        if {lesson.example.id, lesson.example.fingerprint} & tested:
            raise InvalidFile(
                f"Question '{lesson.example.id}' is in the test set; train on other questions, "
                "or test on others."
            )
