"""The tables: which columns and rows, and that their values are those that were sent."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.contract.base import sha256_of, sha256_of_text
from app.exports import queries
from app.exports.base import Format
from app.exports.person import flags
from app.exports.service import open_source
from app.exports.tables import table
from app.models import Item, Participant
from app.participants.service import exclude
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.exports.walks import CHANGES, exported, header, set_up, take
from tests.factories import make_definition

RESPONSE = [
    "study",
    "version",
    "participant",
    "participant_status",
    "flags",
    "mode",
    "counted",
    "condition",
    "condition_label",
    "item",
    "question_id",
    "position",
]
ANSWER = ["answer_correct", "started_at", "submitted_at", "duration_ms", "own_answer", "comment"]
PARTICIPANT = [
    "study",
    "version",
    "participant",
    "mode",
    "counted",
    "status",
    "flags",
    "seed",
    "consent_sha256",
    "consented_at",
    "started_at",
    "finished_at",
    "last_step_at",
    "comprehension_attempts",
    "attention_passed",
    "attention_shown",
    "items_answered",
    "exclusion_reason",
]
ITEM = [
    "study",
    "version",
    "item",
    "condition",
    "condition_label",
    "source",
    "question_id",
    "premise",
    "question",
    "choices",
    "answer",
    "correct_answer",
    "answer_correct",
    "explanation",
    "explanation_length",
    "is_cut_off",
    "explanation_sha256",
    "item_sha256",
    "times_rated",
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def defused(text: str) -> str:
    return f"'{text}" if text[:1] in set("=-+@") else text


def noted(row: dict[str, str]) -> str:
    """The flags but for too_fast: how fast these people are depends on the machine."""
    return ";".join(flag for flag in row["flags"].split(";") if flag != "too_fast")


def test_long_has_a_row_for_each_rating_with_what_was_sent(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    walks = [take(web, external_id="a"), take(web, external_id="b", shift=1, passes_check=True)]
    rows = exported(database, tmp_path, "long")
    assert header(tmp_path / "long.csv") == [*RESPONSE, "construct", "value", *ANSWER]
    assert len(rows) == 16
    with database.transaction() as session:
        people = {person.code: person.pseudonym for person in session.scalars(select(Participant))}
        items = {str(item.id): item for item in session.scalars(select(Item))}
    for walk in walks:
        mine = [row for row in rows if row["participant"] == people[walk.code]]
        sent = [
            (str(position), construct, str(value), defused(walk.comments[position]))
            for position, given in sorted(walk.ratings.items())
            for construct, value in zip(("plausibility", "completeness"), given, strict=True)
        ]
        assert [(row["position"], row["construct"], row["value"], row["comment"]) for row in mine] == sent
    for row in rows:
        assert items[row["item"]].question_key == row["question_id"]
        assert (row["study"], row["version"], row["mode"]) == ("small", "1", "people")
        assert (row["participant_status"], row["answer_correct"]) == ("completed", "true")
        assert (row["own_answer"], row["condition_label"]) == ("no", row["condition"].title())
        assert TIME.fullmatch(row["started_at"])
        assert TIME.fullmatch(row["submitted_at"])
        started, submitted = (datetime.fromisoformat(row[key]) for key in ("started_at", "submitted_at"))
        elapsed_ms = (submitted - started).total_seconds() * 1000
        assert abs(int(row["duration_ms"]) - elapsed_ms) <= 2
    assert {(row["participant"], noted(row)) for row in rows} == {
        (people[walks[0].code], "attention_failed:1"),
        (people[walks[1].code], ""),
    }
    assert [row["participant"] for row in rows] == sorted(row["participant"] for row in rows)


def test_wide_has_a_row_for_each_response_with_the_same_values(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    take(web, external_id="b", shift=3, items=3)
    rows = exported(database, tmp_path, "wide")
    assert header(tmp_path / "wide.csv") == [*RESPONSE, "plausibility", "completeness", *ANSWER]
    assert len(rows) == 7
    melted = [
        {
            **{key: row[key] for key in (*RESPONSE, *ANSWER)},
            "construct": construct,
            "value": row[construct],
        }
        for row in rows
        for construct in ("plausibility", "completeness")
    ]
    assert melted == exported(database, tmp_path, "long")


def test_participants_have_a_row_each_with_progress_checks_and_questionnaire(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    walks = [take(web, external_id="a", passes_check=True), take(web, external_id="b", items=1)]
    rows = exported(database, tmp_path, "participants")
    assert header(tmp_path / "participants.csv") == [*PARTICIPANT, "q_age", "q_feedback"]
    assert len(rows) == 2
    with database.transaction() as session:
        people = {person.code: person for person in session.scalars(select(Participant))}
    done, active = (
        next(row for row in rows if row["participant"] == people[walk.code].pseudonym) for walk in walks
    )
    assert (done["status"], done["items_answered"], noted(done)) == ("completed", "4", "")
    assert (done["attention_passed"], done["attention_shown"]) == ("1", "1")
    assert (done["q_age"], done["q_feedback"]) == ("old", "'@me; +1")
    assert (active["status"], active["items_answered"], active["q_age"]) == ("active", "1", "")
    assert (active["finished_at"], active["q_feedback"]) == ("", "")
    for walk, row in zip(walks, (done, active), strict=True):
        assert row["consent_sha256"] == sha256_of_text("Consent text")
        assert int(row["seed"]) == people[walk.code].seed
        times = [row[key] for key in ("started_at", "consented_at", "last_step_at")]
        assert all(TIME.fullmatch(time) for time in times)
        assert times == sorted(times)
    assert TIME.fullmatch(done["finished_at"])


def test_items_have_a_row_each_with_every_text_as_it_was_shown(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    rows = exported(database, tmp_path, "items")
    assert header(tmp_path / "items.csv") == ITEM
    assert len(rows) == 16
    for row in rows:
        shown = {key: row[key] for key in ("question", "answer", "explanation")}
        assert sha256_of(shown | {"choices": json.loads(row["choices"])}) == row["item_sha256"]
        assert sha256_of_text(row["explanation"]) == row["explanation_sha256"]
        assert int(row["explanation_length"]) == len(row["explanation"])
        assert row["source"] == f"bundle:bundle-{row['condition']}"
        assert (row["answer_correct"], row["is_cut_off"]) == ("true", "false")
    rated = {row["item"] for row in exported(database, tmp_path, "long")}
    assert {row["item"] for row in rows if row["times_rated"] == "1"} == rated
    assert sum(int(row["times_rated"]) for row in rows) == 4


def test_who_left_is_there_with_status_and_answers_unless_they_were_to_be_deleted(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    kept, erased, dropped, excluded = (take(web, external_id=name, items=2) for name in "abcd")
    assert web.post(f"/p/{kept.code}/leave", data={}).status_code == 303
    assert web.post(f"/p/{erased.code}/leave", data={"erase": "true"}).status_code == 303
    with database.transaction(writing=True) as session:
        people = {person.code: person for person in session.scalars(select(Participant))}
        people[dropped.code].lapses_at = datetime(2020, 1, 1, tzinfo=UTC)
        exclude(session, "small", people[excluded.code].pseudonym, "a test", datetime.now(UTC))
    names = {
        people[walk.code].pseudonym: status
        for walk, status in (
            (kept, "withdrawn"),
            (erased, "erased"),
            (dropped, "dropped"),
            (excluded, "excluded"),
        )
    }
    rows = exported(database, tmp_path, "wide")
    del_me = people[erased.code].pseudonym
    assert {(row["participant"], row["participant_status"], row["position"]) for row in rows} == {
        (name, status, position) for name, status in names.items() if name != del_me for position in "12"
    }
    found = exported(database, tmp_path, "participants", with_external_ids=True)
    assert {row["participant"]: row["status"] for row in found} == names
    reasons = {row["status"]: row["exclusion_reason"] for row in found}
    assert reasons == {"withdrawn": "", "erased": "", "dropped": "", "excluded": "a test"}
    gone = next(row for row in found if row["participant"] == del_me)
    assert (gone["external_id"], gone["external_study_id"], gone["q_age"]) == ("", "", "")


def test_versions_with_other_constructs_and_questions_share_one_table(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    constructs = [
        {"key": "trust", "statement": "I trust it.", "scale": "agreement"},
        {"key": "plausibility", "statement": "It is plausible.", "scale": "agreement"},
    ]
    questionnaire = [{"key": "country", "text": "Country", "options": ["A", "=B"]}]
    with database.transaction(writing=True) as session:
        changes = {**CHANGES, "constructs": constructs, "questionnaire": questionnaire, "attention": None}
        save_draft(session, make_definition(**changes))
        launch(session, "small")
    take(web, external_id="b")
    rows = exported(database, tmp_path, "wide")
    assert header(tmp_path / "wide.csv")[12:15] == ["plausibility", "completeness", "trust"]
    assert {(row["version"], bool(row["completeness"]), bool(row["trust"])) for row in rows} == {
        ("1", True, False),
        ("2", False, True),
    }
    assert len(exported(database, tmp_path, "long")) == 16
    people = exported(database, tmp_path, "participants")
    assert header(tmp_path / "participants.csv")[-3:] == ["q_age", "q_feedback", "q_country"]
    assert {(row["version"], row["q_age"], row["q_country"]) for row in people} == {
        ("1", "old", ""),
        ("2", "", "'=B"),
    }
    items = exported(database, tmp_path, "items")
    assert [row["version"] for row in items] == ["1"] * 16 + ["2"] * 16


def test_flags_are_separated_by_semicolons() -> None:
    assert flags(is_late=True, failed_checks=2) == "late;attention_failed:2"
    assert flags(is_late=False, failed_checks=0) == ""
    assert flags(is_late=True, failed_checks=0, is_same_id=True) == "late;same_id"
    assert flags(is_late=False, failed_checks=1, is_too_fast=True) == "attention_failed:1;too_fast"


def test_an_export_reads_one_snapshot_whatever_is_committed_meanwhile(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CHUNK", 1)
    set_up(database)
    take(web, external_id="a")
    with database.snapshot() as session:
        source = open_source(session, "small")
        reading = table(source, "long").rows
        first = next(reading)
        for name in "bcdefgh":  # so many that one of their pseudonyms comes after what was read
            take(web, external_id=name)
        everything = [first, *reading]
        assert len(everything) == 8
        assert {row[2] for row in everything} == {first[2]}

        def counted(export_format: Format) -> int:
            return len(list(table(source, export_format).rows))

        assert (counted("participants"), counted("wide")) == (1, 4)
        assert sum(row[-1] for row in table(source, "items").rows if isinstance(row[-1], int)) == 4
    with database.snapshot() as session:
        later = open_source(session, "small")
        assert len(list(table(later, "long").rows)) == 64
