"""Answers that are no ratings: own answers, also to items that were not rated, and checks."""

from collections.abc import Iterator

from app.contract.answers import is_same_answer
from app.exports import queries
from app.exports.base import Cell, Source, Table
from app.exports.person import PERSON_COLUMNS, person_cells

GIVEN_COLUMNS = (
    *PERSON_COLUMNS,
    *("kind", "attempt", "number", "item", "question_id", "given", "expected", "is_expected", "submitted_at"),
)


def answers(source: Source) -> Table:
    """One row per answer: all own answers, then all comprehension and attention checks."""

    def lines() -> Iterator[tuple[Cell, ...]]:
        for row in queries.own_answers(source.session, source.who, source.now):
            is_expected = is_same_answer(row.own_answer, row.correct_answer)
            place = ("own_answer", None, row.position, row.item, row.question_id)
            yield (
                *(*person_cells(source, row), *place),
                *(row.own_answer, row.correct_answer, is_expected, None),
            )
        for row in queries.check_answers(source.session, source.who, source.now):
            place = (row.kind, row.attempt, row.number, None, None)
            yield (
                *(*person_cells(source, row), *place),
                *(row.given, row.asked, row.is_correct, row.submitted_at),
            )

    return Table(GIVEN_COLUMNS, lines())
