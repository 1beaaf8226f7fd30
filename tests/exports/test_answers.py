"""Answers that are no ratings can be had, too: own answers, rated after or not, and checks."""

from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.exports.answers import GIVEN_COLUMNS
from app.exports.package import FILES
from app.models import CheckAnswer, Participant
from app.web.db import Database
from tests.exports.walks import exported, header, set_up, take
from tests.participation.paths import COMPREHENSION, FULL, launch
from tests.walker import Walker


def test_an_own_answer_before_an_item_that_was_never_rated_is_exported(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    walk = take(web, external_id="a", items=2, passes_check=True)
    walker = Walker(web, path=f"/p/{walk.code}")
    walker.look()
    while not walker.place.startswith("answer/"):
        walker.answer()
    walker.send(choice="3")
    with database.transaction(writing=True) as session:
        session.execute(update(Participant).values(is_counted=False))
    assert exported(database, tmp_path, "answers") == []
    rows = exported(database, tmp_path, "answers", include_uncounted=True)
    assert tuple(header(tmp_path / "answers.csv")) == GIVEN_COLUMNS
    own = [one for one in rows if one["kind"] == "own_answer"]
    assert [(one["number"], one["given"], one["expected"], one["is_expected"]) for one in own] == [
        ("1", "no", "yes", "false"),
        ("2", "no", "yes", "false"),
        ("3", "maybe", "yes", "false"),
    ]
    assert len(exported(database, tmp_path, "wide", include_uncounted=True)) == 2
    assert {(one["mode"], one["counted"]) for one in rows} == {("people", "false")}


def test_every_answer_to_a_check_is_exported(web: TestClient, database: Database, tmp_path: Path) -> None:
    launch(database, comprehension=COMPREHENSION, attention=FULL["attention"])
    walker = Walker(web)
    walker.start()
    while walker.place != "comprehension":
        walker.answer()
    walker.send(question_1="1")
    walker.send(question_1="2")
    walker.finish()
    rows = exported(database, tmp_path, "answers")
    assert [(one["kind"], one["attempt"], one["number"]) for one in rows] == [
        *(("attention", "1", number) for number in "12"),
        *(("comprehension", attempt, "1") for attempt in "12"),
    ]
    assert [(one["given"], one["is_expected"]) for one in rows[2:]] == [("A", "false"), ("B", "true")]
    with database.transaction() as session:
        stored = session.execute(
            select(CheckAnswer.given, CheckAnswer.asked).where(CheckAnswer.kind == "attention")
        )
        assert sorted(stored.all()) == sorted((one["given"], one["expected"]) for one in rows[:2])


def test_a_package_has_them_and_the_codebook_describes_them(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    assert ("answers.csv", "answers") in FILES
    lines = exported(database, tmp_path, "codebook")
    assert tuple(one["column"] for one in lines if one["table"] == "answers") == GIVEN_COLUMNS
