"""Uploads of question sets and bundles, from a page and by the API."""

import gzip
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.main import create_app
from app.models import AuditEvent, Bundle, Question, QuestionSet
from app.settings import Settings
from app.web.db import Database
from tests.cli.conftest import write_questions, write_rows
from tests.staff import ADA, bearer, become, text_of

ROWS = [
    {"id": f"q{n}", "question": f"Why {n}?", "choices": ["yes", "no"], "answer": "yes"} for n in range(1, 9)
]
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


@pytest.mark.usefixtures("apart")
def test_a_question_set_and_a_bundle_come_in_by_a_page(
    web: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    become(web, database)
    page = web.post(
        "/question-sets",
        files={"file": ("../../Questions.JSONL.gz", gzip.compress(LINES))},
        data={"name": "set", "format": "cqa"},
    )
    assert page.headers["location"] == "/question-sets"
    assert "Imported 8 questions as 'set'" in text_of(web.get("/question-sets"))
    assert "Why 8?" in web.get("/question-sets/set").text
    rows = write_rows(tmp_path, question_id="q99").read_bytes()
    done = web.post("/bundles", files={"file": ("rows.jsonl", rows)}, data={"name": "one"})
    assert done.status_code == 200
    assert "Imported 7 explanations of 'set' as 'one'; 1 set aside" in text_of(done)
    assert "line 8: question 'q99' is not in the question set" in text_of(done)
    assert "So it is." in web.get("/bundles/one").text
    with database.transaction() as session:
        assert len(session.scalars(select(Question)).all()) == 8
        events = session.scalars(select(AuditEvent).where(AuditEvent.actor == ADA)).all()
    assert [event.action for event in events] == ["sign_in", "question_set.created", "bundle.created"]
    assert list((settings.home / "uploads").iterdir()) == []


def test_the_same_by_the_api(web: TestClient, database: Database, tmp_path: Path) -> None:
    headers = bearer(database)
    made = web.post(
        "/api/v1/question-sets",
        files={"file": ("q.jsonl", write_questions(tmp_path).read_bytes())},
        data={"name": "set", "format": "cqa"},
        headers=headers,
    )
    assert (made.status_code, made.json()["counts"]["questions"]) == (201, 8)
    rows = write_rows(tmp_path, question_id="q99").read_bytes()
    imported = web.post(
        "/api/v1/bundles",
        files={"file": ("r.jsonl", rows)},
        data={"name": "one", "questions": "set"},
        headers=headers,
    )
    assert (imported.status_code, [row["line"] for row in imported.json()["set_aside"]]) == (201, [8])
    strict = {"name": "two", "questions": "set", "strict": "yes"}
    refused = web.post("/api/v1/bundles", files={"file": ("r.jsonl", rows)}, data=strict, headers=headers)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert "q99" in refused.json()["detail"]
    listed = web.get("/api/v1/bundles/one?limit=2&offset=1", headers=headers).json()
    assert [row["question_id"] for row in listed["explanations"]] == ["q2", "q3"]
    asked = web.get("/api/v1/question-sets/set?limit=1", headers=headers).json()
    assert asked["questions"][0]["id"] == "q1"
    with database.transaction() as session:
        assert session.scalars(select(Bundle.name)).all() == ["one"]
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "bundle.created")).one()
    assert event.actor == f"{ADA} (token test)"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its kind does not matter to the refusal
@pytest.mark.parametrize(
    "name,content,fields,complaint",
    [
        ("q.jsonl", b'{"id": "a"}\n', {"name": "set"}, "line 1: question: required, but missing"),
        ("q.csv", LINES, {"name": "set"}, "Please choose a file that ends in"),
        ("", LINES, {"name": "set"}, "Please choose a file."),
        ("q.jsonl", LINES, {"name": "no name"}, "is no name that a study could refer to"),
        ("q.jsonl", LINES, {"name": "taken"}, "There is a question set named 'taken' already"),
        ("q.jsonl", LINES, {"name": "set", "format": "xml"}, "Please choose how the file is written"),
        ("q.jsonl", b"\xff\xfe", {"name": "set"}, "save it as UTF-8"),
        ("q.jsonl.gz", b"no gzip", {"name": "set"}, "damaged"),
        (
            "q.zip",
            EMPTY_ZIP,
            {"name": "set"},
            "Please choose a file that ends in .jsonl, .jsonl.xz, .jsonl.gz.",
        ),
        ("my questions.jsonl", EMPTY_ZIP, {"name": "set"}, "my_questions.jsonl, line 1: this is a .zip"),
        ("q.jsonl", gzip.compress(LINES), {"name": "set"}, "this is packed with gzip; give it a name that"),
        ("q.jsonl", b"", {"name": "set"}, "holds no questions"),
    ],
)
def test_a_file_that_is_refused_says_why_and_leaves_nothing(
    web: TestClient,
    database: Database,
    settings: Settings,
    name: str,
    content: bytes,
    fields: dict[str, str],
    complaint: str,
) -> None:
    become(web, database)
    good = {"file": ("q.jsonl", LINES)}
    web.post("/question-sets", files=good, data={"name": "taken", "format": "cqa"})
    answer = web.post("/question-sets", files={"file": (name, content)}, data={"format": "cqa"} | fields)
    assert answer.status_code == 422
    assert complaint in text_of(answer)
    assert "Nothing was imported." in answer.text
    assert f'value="{fields["name"]}"' in answer.text  # what was typed comes back
    with database.transaction() as session:
        assert session.scalars(select(QuestionSet.name)).all() == ["taken"]
    assert list((settings.home / "uploads").iterdir()) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    app = create_app(Settings(home=home, database_url=database_url, upload_mb=1), database)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as web:
        become(web, database)
        for size in (1024 * 1024 + 1, 3 * 1024 * 1024):
            file = {"file": ("q.jsonl", b"x" * size)}
            answer = web.post("/question-sets", files=file, data={"name": "set", "format": "cqa"})
            assert answer.status_code == 422
            assert "larger than the 1 MB this server takes" in text_of(answer)
        assert list((home / "uploads").iterdir()) == []


def test_whoever_may_not_import_is_told_before_the_file_is_stored(
    web: TestClient, database: Database, settings: Settings
) -> None:
    file = {"file": ("q.jsonl", LINES)}
    assert web.post("/question-sets", files=file, data={"name": "set"}).status_code == 401
    become(web, database, role="viewer")
    assert web.post("/question-sets", files=file, data={"name": "set"}).status_code == 403
    assert not (settings.home / "uploads").exists()


def test_a_body_that_is_no_form_is_refused(web: TestClient, database: Database) -> None:
    become(web, database)
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x"):
        answer = web.post("/bundles", content=b"{}", headers={"content-type": kind})
        assert answer.status_code in {400, 422}, kind


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "content,complaint", [(b"no zip", "not a readable .zip"), (EMPTY_ZIP, "expected one manifest")]
)
def test_a_refusal_names_no_folder_of_the_server(
    web: TestClient, database: Database, settings: Settings, content: bytes, complaint: str
) -> None:
    file = {"file": ("x.zip", content)}
    answer = web.post("/api/v1/bundles", files=file, data={"name": "one"}, headers=bearer(database))
    become(web, database, "bo@example.org")
    page = web.post("/bundles", files=file, data={"name": "one"})
    assert answer.json()["detail"].startswith("x.zip: ")
    for refused in (answer, page):
        assert refused.status_code == 422
        assert complaint in refused.text
        assert str(settings.home) not in refused.text
