"""The reading-time floor: who is marked as too fast, where it stands, and that it changes nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.models import Assignment, Item, Participant, Response
from app.participants.service import exclude
from app.participation.reading import is_too_fast, timed, too_fast
from app.web.db import Database
from tests.exports.walks import exported, set_up, take
from tests.staff import become, text_of

BEGUN = datetime(2026, 3, 1, 9, tzinfo=UTC)
LONG = " ".join(["word"] * 100)  # 6 s at the floor


def row(item_id: int, after_s: float, **known: Any) -> Any:
    submitted_at = BEGUN + timedelta(seconds=after_s)
    fields = {"dealt_at": BEGUN, "own_answer": None, "duration_ms": None, **known}
    return SimpleNamespace(item_id=item_id, submitted_at=submitted_at, **fields)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60_000)), max_size=64))
def test_more_than_half_of_the_items_below_60_ms_a_word_are_too_fast(items: list[tuple[int, float]]) -> None:
    below = sum(1 for words, milliseconds in items if milliseconds < 60 * words)
    assert is_too_fast(items) is (below > len(items) - below)


def test_time_the_browser_did_not_tell_is_the_time_since_the_answer_before() -> None:
    words = {1: (20, 80), 2: (20, 80), 3: (20, 80)}
    rows = [row(1, 5), row(2, 6, duration_ms=900), row(3, 8.5)]
    assert list(timed(rows, words)) == [(100, 5000), (100, 900), (100, 2500)]


def test_who_answered_the_question_before_need_not_read_it_twice() -> None:
    assert list(timed([row(1, 5, own_answer="yes", duration_ms=4800)], {1: (20, 80)})) == [(80, 4800)]


def give_times(database: Database, code: str, *durations: int | None) -> None:
    """Let long explanations have been shown, and somebody have taken these times for them, in order."""
    with database.transaction(writing=True) as session:
        session.execute(update(Item).values(explanation=LONG))
        mine = select(Assignment.id, Assignment.position).join(Participant).where(Participant.code == code)
        person = session.scalars(select(Participant).where(Participant.code == code)).one()
        for assignment_id, position in session.execute(mine).all():
            answered: dict[str, Any] = {"duration_ms": durations[position - 1]}
            if durations[position - 1] is None:
                answered["submitted_at"] = person.dealt_at
            session.execute(
                update(Response).where(Response.assignment_id == assignment_id).values(**answered)
            )


CASES = [
    ((5999, 5999, 5999, 6000), True),
    ((5999, 5999, 6000, 6000), False),
    ((5999, 5999, 5999, 9_000_000), True),  # one long pause hides nothing
    ((None, None, None, None), True),  # leaving the time out hides nothing
    ((6000, 6000, 6000, 6000), False),
]


@pytest.mark.parametrize("durations,is_marked", CASES)
def test_a_finished_visit_below_the_floor_is_marked_wherever_flags_stand(
    web: TestClient,
    database: Database,
    tmp_path: Path,
    durations: tuple[int | None, ...],
    *,
    is_marked: bool,
) -> None:
    set_up(database)
    give_times(database, take(web, external_id="a", passes_check=True).code, *durations)
    expected = {"too_fast"} if is_marked else {""}
    for export_format in ("long", "wide", "participants"):
        rows = exported(database, tmp_path, export_format)
        assert {one["flags"] for one in rows} == expected, export_format
        assert {one["counted"] for one in rows} == {"true"}
    become(web, database, "root@example.org", "admin")
    assert ("completed, too fast" in text_of(web.get("/studies/small/participants"))) is is_marked


def test_only_who_finished_is_marked_and_excluding_keeps_the_mark(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    halfway = take(web, external_id="a", items=2, passes_check=True)
    done = take(web, external_id="b", passes_check=True)
    give_times(database, halfway.code, 1, 1, 1, 1)
    give_times(database, done.code, 1, 1, 1, 1)
    with database.transaction(writing=True) as session:
        person = session.scalars(select(Participant).where(Participant.code == done.code)).one()
        assert too_fast(session, Participant.study_id == person.study_id) == {person.id}
        exclude(session, "small", person.pseudonym, "a test", datetime.now(UTC))
    rows = exported(database, tmp_path, "participants")
    assert {(one["status"], one["flags"]) for one in rows} == {("active", ""), ("excluded", "too_fast")}


def test_the_codebook_and_the_staffs_page_name_the_floor(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    (line, *_) = [one for one in exported(database, tmp_path, "codebook") if one["column"] == "flags"]
    become(web, database, "root@example.org", "admin")
    page = text_of(web.get("/studies/small/participants"))
    for told in (line["label"], page, Path("docs/exports.md").read_text(encoding="utf-8")):
        assert "1,000 words a minute" in told
