"""What a study's tables hold, counted in plain SQL: independent of `study check` and of all product code."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, text

ANSWERS = """
    WITH counting AS (
        SELECT a.id, a.item_id, a.state FROM assignment a JOIN participant p ON p.id = a.participant_id
        WHERE p.is_counted AND p.status NOT IN ('withdrawn', 'excluded')
    )
    SELECT i.answered, i.reserved,
        (SELECT count(*) FROM response r JOIN counting c ON c.id = r.assignment_id WHERE c.item_id = i.id),
        (SELECT count(*) FROM counting c WHERE c.state = 'reserved' AND c.item_id = i.id)
    FROM item i
"""
QUESTIONS_TWICE = """
    SELECT a.participant_id FROM assignment a JOIN item i ON i.id = a.item_id
    GROUP BY a.participant_id, i.question_id HAVING count(*) > 1
"""
RESPONSES_TWICE = "SELECT assignment_id FROM response GROUP BY assignment_id HAVING count(*) > 1"
RATINGS_TWICE = "SELECT response_id FROM rating GROUP BY response_id, construct HAVING count(*) > 1"
COMPLETED = "SELECT id FROM participant WHERE status = 'completed'"
LATE = f"{COMPLETED} AND is_late"
PARTICIPANTS, RESPONSES, RATINGS = (
    "SELECT 1 FROM participant",
    "SELECT 1 FROM response",
    "SELECT 1 FROM rating",
)


@dataclass(frozen=True)
class Recount:
    participants: int
    responses: int
    ratings: int
    completed: int
    late: int
    questions_twice: int
    stored_twice: int
    answers: Sequence[int]  # per item, counted from the responses
    wrong_counters: int  # items whose kept counters are not the count

    @property
    def least(self) -> int:
        return min(self.answers)

    @property
    def most(self) -> int:
        return max(self.answers)


def recount(url: str) -> Recount:
    engine = create_engine(url)
    with engine.connect() as connection:
        items = connection.execute(text(ANSWERS)).all()
        found = Recount(
            participants=number(connection, PARTICIPANTS),
            responses=number(connection, RESPONSES),
            ratings=number(connection, RATINGS),
            completed=number(connection, COMPLETED),
            late=number(connection, LATE),
            questions_twice=number(connection, QUESTIONS_TWICE),
            stored_twice=number(connection, RESPONSES_TWICE) + number(connection, RATINGS_TWICE),
            answers=[counted for _, _, counted, _ in items],
            wrong_counters=sum(
                (answered, reserved) != (counted, held) for answered, reserved, counted, held in items
            ),
        )
    engine.dispose()
    return found


def number(connection: Connection, query: str) -> int:
    """How many rows a query has."""
    return len(connection.execute(text(query)).all())
