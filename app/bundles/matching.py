"""Which question a bundle's row is about: by id with equal texts, or by exact question and choices."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.contract.bundle import BundleRow
from app.models import Question

# By premise, text and choices; None where there is no premise.
ByText = dict[tuple[str | None, ...], list[Question]]


@dataclass(frozen=True)
class SetAside:
    """A row that is not imported: its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Matched:
    line: int
    row: BundleRow
    question: Question


def match_rows(
    rows: Iterable[tuple[int, BundleRow]], questions: Iterable[Question]
) -> tuple[list[Matched], list[SetAside]]:
    """Match every row to a question of one set, or set it aside with the reason."""
    listed = list(questions)
    by_key = {question.key: question for question in listed}
    by_text: ByText = {}
    for question in listed:
        by_text.setdefault((question.premise, question.text, *question.choices), []).append(question)
    matched: list[Matched] = []
    aside: list[SetAside] = []
    lines: dict[int, int] = {}
    for line, row in rows:
        found = match(row, by_key, by_text)
        if isinstance(found, Question) and found.id in lines:
            found = f"question '{found.key}' has an explanation already, from line {lines[found.id]}"
        if isinstance(found, str):
            aside.append(SetAside(line, found))
        else:
            lines[found.id] = line
            matched.append(Matched(line, row, found))
    return matched, aside


def match(row: BundleRow, by_key: dict[str, Question], by_text: ByText) -> Question | str:
    """The question, or the reason why there is none."""
    if row.question_id is None:
        equal = by_text.get((row.premise, row.question, *row.choices), [])
        if len(equal) == 1:
            return equal[0] if row.correct_answer == equal[0].correct_answer else "its correct answer differs"
        return f"no question_id, and {len(equal) or 'no'} questions have exactly its text and choices"
    question = by_key.get(row.question_id)
    if question is None:
        return f"question '{row.question_id}' is not in the question set"
    differing = [
        name
        for name, here, there in (
            ("premise", row.premise, question.premise),
            ("question", row.question, question.text),
            ("choices", list(row.choices), question.choices),
            ("correct_answer", row.correct_answer, question.correct_answer),
        )
        if here != there
    ]
    return f"its {' and '.join(differing)} differ from the question set's" if differing else question
