"""A run's page, its filters, its bundle, and two runs beside each other."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import Explanation, GenerationRun
from app.web.db import Database
from tests.factories import make_checkpoint, make_question_set, make_run
from tests.staff import become, text_of


@pytest.fixture
def read(web: TestClient, database: Database) -> TestClient:
    """A viewer, and two students that answered the same questions; the first one's last text is empty."""
    with database.transaction(writing=True) as session:
        make_question_set(session, 30)
        make_question_set(session, 8, "other")
        for name in ("one", "two"):
            make_checkpoint(session, name)
        make_run(session, "one", told=["yes"] * 29 + ["no"])
        make_run(session, "two", told=["no"] * 29 + ["no"])
        make_run(session, "two", "other", told=["yes"] * 8)
        last = session.scalars(select(Explanation).where(Explanation.run_id == 1)).all()[-1]
        last.shown_text, last.is_empty, last.is_truncated = "", True, True
        make_run(session, "one")
    become(web, database, role="viewer")
    return web


def test_outputs_are_filtered_and_paged(read: TestClient) -> None:
    page = text_of(read.get("/runs/1"))
    assert "96.7 % 29 of 30; 95 % interval 83.3–99.4 %" in page
    assert "1 without a text" in page
    assert "1 cut off at the token limit" in page
    assert "Page 1" in page
    assert "Question 26?" in text_of(read.get("/runs/1?page=2"))
    empty = text_of(read.get("/runs/1?which=empty"))
    assert "1 of 30" in empty
    assert "(empty)" in empty
    assert "None of this kind" in text_of(read.get("/runs/1?which=repetitive"))
    assert read.get("/runs/1?which=nonsense").status_code == 404
    assert "Nothing is written yet" in text_of(read.get("/runs/4"))
    assert read.get("/runs/99").status_code == 404


def test_two_runs_stand_beside_each_other(read: TestClient) -> None:
    assert '<option value="2"> two, run 2' in " ".join(read.get("/runs/1").text.split())
    page = text_of(read.get("/runs/1/beside?other=2"))
    assert "30 questions" in page
    assert "Because yes, says one." in page
    assert "Because no, says two." in page
    assert "29 questions" in text_of(read.get("/runs/1/beside?other=2&which=correctness"))
    assert "29 questions" in text_of(read.get("/runs/1/beside?other=2&which=answers"))
    assert "different question sets" in text_of(read.get("/runs/1/beside?other=3"))
    assert "has written nothing yet" in text_of(read.get("/runs/1/beside?other=4"))


def test_a_complete_run_is_downloaded_as_a_bundle(read: TestClient) -> None:
    answer = read.get("/runs/2/bundle")
    assert 'filename="two-run-2.zip"' in answer.headers["content-disposition"]
    with ZipFile(BytesIO(answer.content)) as archive:
        assert len(archive.read("explanations.jsonl").splitlines()) == 30
    assert "only a complete one is exported" in text_of(read.get("/runs/4/bundle"))


def test_a_running_run_is_cancelled_once(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
        make_checkpoint(session)
        make_run(session)
    become(web, database)
    assert "Cancel" in text_of(web.get("/runs/1"))
    assert web.post("/runs/1/cancel").headers["location"] == "/checkpoints/student"
    with database.transaction() as session:
        assert session.query(GenerationRun).one().state == "cancelled"
    assert web.post("/runs/1/cancel").status_code == 409
