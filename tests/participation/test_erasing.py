"""Erasing: what somebody gave goes, everywhere; that they were there, and their pay, stay."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli import cli
from app.jobs import service
from app.models import (
    Assignment,
    AuditEvent,
    CheckAnswer,
    Item,
    Job,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
)
from app.participation.queries import status_counts
from app.settings import Settings
from app.studies.check import check
from app.web.db import BUSY_MS, Database
from tests.exports.walks import COMMENTS, exported, set_up, take
from tests.factories import make_user, sign_in
from tests.jobs.made import make_files, make_job
from tests.participation.paths import other_browser
from tests.staff import become
from tests.walker import Walker

ROWS = (Rating, Response, Assignment, CheckAnswer, QuestionnaireAnswer)
SONA = {"platform": "sona", "site": "uni", "experiment": "12", "token": "credit"}


def rows_left(database: Database) -> int:
    with database.transaction() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in ROWS)


def only(database: Database) -> Participant:
    with database.transaction() as session:
        return session.scalars(select(Participant)).one()


def is_erased(database: Database, before: Participant) -> None:
    """Nothing but mode, pseudonym, code and the id's hash is left; every count agrees with the rows."""
    person = only(database)
    assert rows_left(database) == 0
    assert (person.external_id, person.parameters, person.consent_sha256) == (None, {}, None)
    assert person.external_hash is not None
    assert person.exclusion_reason is None
    assert (person.pseudonym, person.code) == (before.pseudonym, before.code)
    names = [name for name in Participant.__mapper__.columns.keys() if name.endswith("_at")]  # noqa: SIM118  # a column collection
    times = {getattr(before, name) for name in names} - {None}
    assert not times & {getattr(person, name) for name in names}
    with database.transaction() as session:
        assert check(session, "small").problems == []
        assert set(session.execute(select(Item.answered, Item.reserved)).all()) == {(0, 0)}
        assert status_counts(session, person.study_id, before.started_at) == {"erased": 1}


def test_who_finished_erases_everything_from_the_last_page_and_still_gets_the_code(
    web: TestClient, database: Database
) -> None:
    set_up(database)
    code = take(web, external_id="a").code
    before = only(database)
    done = web.get(f"/p/{code}/done").text
    assert before.pseudonym in done
    assert f"/p/{code}/erase" in done
    assert "Delete your answers?" in web.get(f"/p/{code}/erase").text
    assert web.post(f"/p/{code}/erase", data={}).headers["location"].endswith("/erase")
    assert rows_left(database) > 0
    assert web.post(f"/p/{code}/erase", data={"erase": "true"}).headers["location"].endswith("/done")
    is_erased(database, before)
    after = web.get(f"/p/{code}/done").text
    assert "cc=DONE" in after
    assert "were deleted" in after
    assert web.get(f"/p/{code}/erase").headers["location"].endswith("/done")
    assert web.post(f"/p/{code}/erase", data={"erase": "true"}).status_code == 303


def test_the_way_back_with_an_erased_id_is_kept_by_the_browser_alone(
    web: TestClient, database: Database
) -> None:
    set_up(database, recruitment=SONA)
    code = take(web, query={"survey_code": "777"}).code
    web.post(f"/p/{code}/erase", data={"erase": "true"})
    assert "survey_code=777" in web.get(f"/p/{code}/done").text
    web.cookies.clear()
    assert "survey_code=" not in web.get(f"/p/{code}/done").text


def test_an_erased_person_is_not_dealt_a_second_set(web: TestClient, database: Database) -> None:
    set_up(database)
    code = take(web, external_id="a").code
    web.post(f"/p/{code}/erase", data={"erase": "true"})
    web.cookies.clear()
    with pytest.raises(AssertionError):
        take(web, external_id="a")
    assert only(database).code == code


def test_staff_erase_by_the_quoted_id_after_saying_so_and_the_log_holds_no_answer(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    before = only(database)
    become(web, database, "root@example.org", "admin")
    address = f"/studies/small/participants/{before.pseudonym}"
    assert web.post(f"{address}/exclude", data={"reason": "Ada herself"}).status_code == 303
    web.post(f"{address}/erase", data={})
    assert rows_left(database) > 0
    web.post(f"{address}/erase", data={"confirm": "yes"})
    is_erased(database, before)
    with database.transaction() as session:
        subject = AuditEvent.subject == f"small {before.pseudonym}"
        noted = [
            (one.action, one.before, one.after) for one in session.scalars(select(AuditEvent).where(subject))
        ]
    assert noted == [("participant.excluded", {}, {}), ("participant.erased", {}, {})]
    assert exported(database, tmp_path, "wide") == []
    (row,) = exported(database, tmp_path, "participants")
    given = {name: value for name, value in row.items() if value}
    assert given.pop("participant") == before.pseudonym
    assert given == {
        "study": "small",
        "version": "1",
        "mode": "people",
        "counted": "false",
        "status": "erased",
    }
    assert web.post("/studies/small/participants/nobody/erase", data={"confirm": "yes"}).status_code == 404


def test_the_command_erases_and_asks_first(
    web: TestClient, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(database)
    take(web, external_id="a")
    before = only(database)
    monkeypatch.setenv("HONEYGLASS_HOME", str(settings.home))
    monkeypatch.setenv("HONEYGLASS_DATABASE_URL", settings.database_url)
    command = ["study", "erase", "small", before.pseudonym]
    assert CliRunner().invoke(cli, command, input="n\n").exit_code == 1
    assert rows_left(database) > 0
    done = CliRunner().invoke(cli, [*command, "--yes", "--json"])
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "erased"
    is_erased(database, before)


def test_files_made_before_are_gone_and_what_is_under_way_is_thrown_away(
    web: TestClient, database: Database, settings: Settings
) -> None:
    set_up(database)
    code = take(web, external_id="a").code
    make_files(database, settings.home)
    assert len(list((settings.home / "jobs").iterdir())) == 3
    with database.transaction(writing=True) as session:
        job = make_job(session, "package")
        assert service.claim(session, "test", 60) == job
    (settings.home / "jobs" / str(job.folder)).mkdir()
    web.post(f"/p/{code}/erase", data={"erase": "true"})
    assert list((settings.home / "jobs").iterdir()) == []
    with database.transaction(writing=True) as session:
        assert not service.is_wanted(session, job.id, "test")
        assert not service.finish(session, job.id, "test", {"ok": True})
        assert session.get_one(Job, job.id).reason == service.ERASED


def test_the_leave_page_of_another_tab_erases_who_has_finished_and_the_browser_keeps_the_way_back(
    web: TestClient, database: Database
) -> None:
    set_up(database, recruitment=SONA)
    code = take(web, query={"survey_code": "777"}).code
    before = only(database)
    answer = web.post(f"/p/{code}/leave", data={"erase": "true"})
    assert answer.headers["location"].endswith("/done")
    is_erased(database, before)
    assert "survey_code=777" in web.get(f"/p/{code}/done").text


def test_asking_to_erase_what_is_gone_already_leaves_package_and_report_alone(
    web: TestClient, database: Database, settings: Settings
) -> None:
    set_up(database)
    code = take(web, external_id="a").code
    web.post(f"/p/{code}/erase", data={"erase": "true"})
    make_files(database, settings.home)
    with database.transaction(writing=True) as session:
        job = make_job(session, "package")
        assert service.claim(session, "test", 60) == job
    newcomer = Walker(other_browser(web), query={"PROLIFIC_PID": "5f" * 12}).start()
    for visit in (code, newcomer):  # the second declines by leaving before consent
        for page in ("leave", "erase", "leave"):
            assert web.post(f"/p/{visit}/{page}", data={"erase": "true"}).status_code == 303
    assert len(list((settings.home / "jobs").iterdir())) == 3
    with database.transaction() as session:
        assert service.is_wanted(session, job.id, "test")


def by_their_own_wish(web: TestClient, person: Participant) -> None:
    web.post(f"/p/{person.code}/erase", data={"erase": "true"})


def by_staff(web: TestClient, person: Participant) -> None:
    sign_in(web, "root@example.org")
    web.post(f"/studies/small/participants/{person.pseudonym}/erase", data={"confirm": "yes"})


def by_command(_: TestClient, person: Participant) -> None:
    assert CliRunner().invoke(cli, ["study", "erase", "small", person.pseudonym, "--yes"]).exit_code == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("erase", [by_their_own_wish, by_staff, by_command])
def test_what_was_erased_is_in_no_file_of_sqlite(
    web: TestClient,
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    erase: Callable[[TestClient, Participant], None],
) -> None:
    monkeypatch.setenv("HONEYGLASS_HOME", str(settings.home))
    monkeypatch.setenv("HONEYGLASS_DATABASE_URL", settings.database_url)
    become(web, database, "root@example.org", "admin")
    set_up(database)
    take(web, external_id="5f" * 12)
    assert {"5f" * 12, COMMENTS[3]} <= found_in_files(settings)
    erase(web, only(database))
    assert found_in_files(settings) == set()


def found_in_files(settings: Settings) -> set[str]:
    """Which of somebody's id and comments can be read from the database's files."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    held = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    return {text for text in ("5f" * 12, *COMMENTS) if len(text) > 4 and text.encode() in held}


def test_somebody_who_reads_keeps_sqlites_log_and_holds_nobody_up(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, "a@example.org")
    with database.snapshot() as session:
        session.scalars(select(Participant)).all()
        with database.transaction(writing=True) as writing:
            make_user(writing, "b@example.org")
        begun = time.monotonic()
        assert database.empty_log() is not database.is_sqlite
        assert time.monotonic() - begun < BUSY_MS / 1000 / 2
    assert database.empty_log()
