"""What a run comes to: what was acknowledged, compared with what is stored."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from app.simulation import queries
from app.simulation.queries import Stored
from app.simulation.walk import Taken
from app.web.db import Database


@dataclass(frozen=True)
class Summary:
    """`acknowledged` and `ratings` count values: those the server led on from, and those it stored.
    `dropped` vanished and stayed away; `late` completed with the late flag.
    """

    participants: int
    completed: int
    dropped: int
    late: int
    acknowledged: int
    responses: int
    ratings: int
    lost: int
    differing: int
    twice: int
    errors: list[str]
    double_submits: int
    backs: int
    stale_tabs: int
    reloads: int
    retries: int
    seconds: float
    ratings_per_s: float
    submit_p50_ms: float
    submit_p99_ms: float

    @property
    def is_right(self) -> bool:
        is_clean = not (self.errors or self.lost or self.differing or self.twice)
        return is_clean and self.completed == self.participants - self.dropped

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"ok": self.is_right}

    def sentence(self) -> str:
        main = (
            f"{self.completed} of {self.participants} completed; {self.responses} responses, {self.ratings} "
            f"ratings, {self.lost} lost, {self.differing} differing, {len(self.errors)} errors; "
            f"{self.seconds} s, submit p50 {self.submit_p50_ms} ms, p99 {self.submit_p99_ms} ms"
        )
        names = ("twice", "dropped", "late", "double_submits", "backs", "stale_tabs", "reloads", "retries")
        seen = [f"{count} {name.replace('_', ' ')}" for name in names if (count := getattr(self, name))]
        return f"{main}; {', '.join(seen)}." if seen else f"{main}."


def summarise(database: Database, taken: list[Taken], seconds: float) -> Summary:
    with database.transaction() as session:
        found = [found_of(session, one) for one in taken]
    pairs = list(zip(taken, found, strict=True))
    ratings = sum(len(values) for one in found for values in one.ratings.values())
    times = sorted(ms for one in taken for ms in one.submit_ms) or [0.0]
    completed = [held for one, held in pairs if held.status == "completed" and one.ended == "done"]
    return Summary(
        participants=len(taken),
        completed=len(completed),
        dropped=sum(one.has_vanished for one in taken),
        late=sum(held.is_late for held in completed),
        acknowledged=sum(len(values) for one in taken for values in one.sent.values()),
        responses=sum(len(held.ratings) for held in found),
        ratings=ratings,
        lost=sum(position not in held.ratings for one, held in pairs for position in one.sent),
        differing=sum(
            values != one.sent.get(position)
            for one, held in pairs
            for position, values in held.ratings.items()
        ),
        twice=sum(held.twice for held in found),
        errors=[line for one, held in pairs for line in mistakes(one, held)],
        double_submits=sum(one.double_submits for one in taken),
        backs=sum(one.backs for one in taken),
        stale_tabs=sum(one.stale_tabs for one in taken),
        reloads=sum(one.reloads for one in taken),
        retries=sum(one.retries for one in taken),
        seconds=round(seconds, 2),
        ratings_per_s=round(ratings / seconds, 1),
        submit_p50_ms=round(times[len(times) // 2], 1),
        submit_p99_ms=round(times[min(int(len(times) * 0.99), len(times) - 1)], 1),
    )


def found_of(session: Session, one: Taken) -> Stored:
    found = queries.stored(session, one.code) if one.code else None
    return found or Stored("unknown", is_late=False, ratings={}, twice=0)


def mistakes(one: Taken, held: Stored) -> Iterator[str]:
    if one.error:
        yield one.error
    if one.has_vanished and held.status not in {"active", "dropped"}:
        yield f"participant {one.number} vanished, and yet is {held.status}"
    if one.is_surely_late and not held.is_late:
        yield f"participant {one.number} came back after its reservation and is not flagged late"
