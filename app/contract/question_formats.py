"""The formats question sets come in: for each, what a row is and which common question it becomes."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from app.contract.base import sha256_of
from app.contract.question import MOST_CHOICES, Filled, Key, Question

Format = Literal["cqa", "commonsenseqa", "esnli", "strategyqa"]
Numbered = Iterator[tuple[int, Any]]  # line number, row
Questions = Iterator[tuple[int, Question]]
RELATIONS = ("entailment", "neutral", "contradiction")


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)


def from_cqa(rows: Numbered) -> Questions:
    """CoS-E's style is the common question already."""
    yield from rows


class LabelledChoice(Row):
    label: Filled
    text: Filled


class Stem(Row):
    stem: Filled
    choices: tuple[LabelledChoice, ...] = Field(min_length=2, max_length=MOST_CHOICES)


class CommonsenseQaRow(Row):
    """A line of the official CommonsenseQA files."""

    key: Key = Field(alias="id")
    question: Stem
    answer_key: Filled | None = Field(None, alias="answerKey")

    @model_validator(mode="after")
    def agrees_with_itself(self) -> Self:
        labels = [choice.label for choice in self.question.choices]
        if self.answer_key is None:
            raise ValueError(
                "there is no answerKey, as in the test split, whose answers are not published; "
                "import the training or the validation split"
            )
        if len(set(labels)) < len(labels):
            raise ValueError(f"two choices have the same label ({', '.join(labels)})")
        if self.answer_key not in labels:
            raise ValueError(f"answerKey '{self.answer_key}' is none of the labels {', '.join(labels)}")
        return self


def from_commonsenseqa(rows: Numbered) -> Questions:
    for line, row in rows:
        texts = {choice.label: choice.text for choice in row.question.choices}
        yield (
            line,
            Question(
                id=row.key,
                question=row.question.stem,
                choices=tuple(texts.values()),
                answer=texts[row.answer_key],
            ),
        )


class EsnliRow(Row):
    """A line of e-SNLI: how a hypothesis relates to a premise, as a number or a word."""

    key: Key | None = Field(None, alias="pairID")
    premise: Filled
    hypothesis: Filled
    label: Annotated[StrictInt, Field(ge=0, le=2)] | Literal["entailment", "neutral", "contradiction"]


def from_esnli(rows: Numbered) -> Questions:
    """Pairs without an id are named after their texts, so that the same pair has the same id in any file."""
    repeated: Counter[str] = Counter()
    for line, row in rows:
        key = row.key
        if key is None:
            key = f"esnli-{sha256_of([row.premise, row.hypothesis])[:16]}"
            repeated[key] += 1
            key += f"-{repeated[key]}" if repeated[key] > 1 else ""
        answer = RELATIONS[row.label] if isinstance(row.label, int) else row.label
        yield (
            line,
            Question(id=key, premise=row.premise, question=row.hypothesis, choices=RELATIONS, answer=answer),
        )


class StrategyQaRow(Row):
    """A line of StrategyQA; term, description and facts are for whoever made the question."""

    key: Key = Field(alias="qid")
    question: Filled
    answer: StrictBool


def from_strategyqa(rows: Numbered) -> Questions:
    for line, row in rows:
        answer = "yes" if row.answer else "no"
        yield line, Question(id=row.key, question=row.question, choices=("yes", "no"), answer=answer)


@dataclass(frozen=True)
class Parser:
    row: type[BaseModel]
    to_questions: Callable[[Numbered], Questions]


PARSERS: dict[Format, Parser] = {
    "cqa": Parser(Question, from_cqa),
    "commonsenseqa": Parser(CommonsenseQaRow, from_commonsenseqa),
    "esnli": Parser(EsnliRow, from_esnli),
    "strategyqa": Parser(StrategyQaRow, from_strategyqa),
}
