"""What dealing one participant's items costs as a study grows: it must not grow with it.

`make bench` prints the median of 1,000 dealings with 100, 10,000 and 1,000,000 stored ratings and the
same 400 items, on SQLite. Each dealing is the whole transaction, rolled back so that all see one state.
"""

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.models import Assignment, Item, Participant, Rating, Response, StudyVersion
from app.participation import dealing, queries
from app.participation.queries import Visit
from app.web.db import Database
from app.web.migrations import upgrade
from tests.factories import make_condition, make_study

STORED_RATINGS = (100, 10_000, 1_000_000)
DEALINGS = 1_000
ITEMS_EACH, CONSTRUCTS = 12, 5
PARTICIPANTS_AT_ONCE = 1_000


def main() -> None:
    print(f"{'stored ratings':<20}{'median ms':>12}{'p99 ms':>10}{'ratio':>8}")
    first = 0.0
    for ratings in STORED_RATINGS:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'bench.db'}"
            upgrade(url)
            times = measure(Database(url), ratings)
        median = statistics.median(times)
        first = first or median
        p99 = sorted(times)[int(len(times) * 0.99)]
        print(f"{ratings:<20,}{median:>12.2f}{p99:>10.2f}{median / first:>8.2f}")


def measure(database: Database, ratings: int) -> list[float]:
    with database.transaction(writing=True) as session:
        conditions = [make_condition(key) for key in ("one", "two", "three", "four")]
        make_study(session, in_set=100, conditions=conditions, design={"items_per_condition": 3})
    people = -(-ratings // (ITEMS_EACH * CONSTRUCTS))
    for start in range(0, people, PARTICIPANTS_AT_ONCE):
        with database.transaction(writing=True) as session:
            fill(session, start, min(PARTICIPANTS_AT_ONCE, people - start))
    times = []
    for _ in range(DEALINGS):
        with database.transaction(writing=True) as session:
            visit = waiting_visit(session)
            started = time.perf_counter()
            dealing.deal(session, visit)
            times.append((time.perf_counter() - started) * 1000)
            session.rollback()
    database.engine.dispose()
    return times


def fill(session: Session, start: int, count: int) -> None:
    """Store completed participants with all their answers, as the product's own rows."""
    now = datetime.now(UTC)
    version = session.scalars(select(StudyVersion)).one()
    items = session.execute(
        select(Item.id, Item.question_id).order_by(Item.question_id, Item.condition_id)
    ).all()
    done = {"items_answered": ITEMS_EACH}
    people = [person(version, number, now) | done for number in range(start + 1, start + count + 1)]
    session.execute(insert(Participant), people)
    assignments, responses, ratings = [], [], []
    for one in range(start, start + count):
        for position in range(1, ITEMS_EACH + 1):
            key = one * ITEMS_EACH + position
            # Steps of five items are steps to another question and another condition.
            item_id, question_id = items[(one * ITEMS_EACH * 5 + position * 5) % len(items)]
            assignments.append(
                {
                    "id": key,
                    "participant_id": one + 1,
                    "item_id": item_id,
                    "question_id": question_id,
                    "position": position,
                    "state": "answered",
                }
            )
            responses.append({"id": key, "assignment_id": key, "submitted_at": now})
            ratings += [
                {
                    "response_id": key,
                    "construct": f"c{construct}",
                    "value": 1 + key * (construct + 7) // 3 % 5,
                }
                for construct in range(CONSTRUCTS)
            ]
    session.execute(insert(Assignment), assignments)
    session.execute(insert(Response), responses)
    session.execute(insert(Rating), ratings)
    session.execute(update(Item).values(answered=(start + count) * ITEMS_EACH // len(items)))


def person(version: StudyVersion, number: int, now: datetime) -> dict[str, object]:
    return {
        "id": number,
        "study_id": version.study_id,
        "version_id": version.id,
        "code": f"code-{number}",
        "pseudonym": f"p{number}",
        "mode": "people",
        "is_counted": True,
        "status": "completed",
        "parameters": {},
        "seed": number,
        "started_at": now,
        "last_step_at": now,
        "lapses_at": now + timedelta(minutes=45),
    }


def waiting_visit(session: Session) -> Visit:
    """A new participant, at the door of the first item."""
    version = session.scalars(select(StudyVersion)).one()
    now = datetime.now(UTC)
    new = person(version, 2**30, now) | {"status": "active", "consented_at": now, "instructed_at": now}
    session.execute(insert(Participant), new)
    return queries.visit(session, str(new["code"]), now)


if __name__ == "__main__":
    main()
