"""The API of studies: what a program does, read back from the database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import Role, own
from app.contract.study import StudyDefinition
from app.models import Study, StudyAccess, StudyVersion, User
from app.studies import service
from app.studies.definition import write_definition
from app.studies.queries import latest_version
from app.web.auth import Scope, person_of
from app.web.db import Database, sqlite_writer
from tests.factories import make_api_token, make_definition, make_study, make_user
from tests.staff import bearer

YAML = write_definition(make_definition(slug="mine"))


@pytest.fixture
def owner(database: Database) -> dict[str, str]:
    """The header of someone who owns the small study, which is live."""
    with database.transaction(writing=True) as session:
        user = make_user(session, "owner@example.org")
        own(session, person_of(user), make_study(session))
        return {"authorization": f"Bearer {make_api_token(session, user)}"}


def limited(database: Database, scopes: list[Scope], role: Role = "researcher") -> dict[str, str]:
    with database.transaction(writing=True) as session:
        user = make_user(session, "limited@example.org", role)
        return {"authorization": f"Bearer {make_api_token(session, user, scopes)}"}


def status_of(session: Session, slug: str) -> str:
    return session.scalars(select(Study.status).where(Study.slug == slug)).one()


def test_a_definition_becomes_a_draft_of_its_sender(
    web: TestClient, database: Database, owner: dict[str, str]
) -> None:
    answer = web.post("/api/v1/studies", content=YAML, headers=owner)
    assert (answer.status_code, answer.json()["status"]) == (201, "draft")
    with database.transaction() as session:
        study = session.scalars(select(Study).where(Study.slug == "mine")).one()
        user = session.scalars(select(User).where(User.email == "owner@example.org")).one()
        access = session.get_one(StudyAccess, (study.id, user.id))
        assert (study.draft["title"], access.level) == ("A small study", "own")
    changed = write_definition(make_definition(slug="mine", title="Another title"))
    assert web.post("/api/v1/studies", content=changed, headers=owner).status_code == 201
    assert web.get("/api/v1/studies/mine", headers=owner).json()["definition"]["title"] == "Another title"


def test_a_study_is_launched_paused_and_closed(
    web: TestClient, database: Database, owner: dict[str, str]
) -> None:
    for action, status in (("pause", "paused"), ("launch", "live"), ("close", "closed")):
        assert web.post(f"/api/v1/studies/small/{action}", headers=owner).status_code == 200
        with database.transaction() as session:
            assert status_of(session, "small") == status
    answer = web.post("/api/v1/studies/small/launch", headers=owner)
    assert (answer.status_code, "closing is final" in answer.json()["detail"]) == (409, True)


def test_lists_are_bounded(web: TestClient, owner: dict[str, str]) -> None:
    web.post("/api/v1/studies", content=YAML, headers=owner)
    listed = [
        [study["slug"] for study in web.get(f"/api/v1/studies?{query}", headers=owner).json()]
        for query in ("", "limit=1", "limit=1&offset=1", "offset=2")
    ]
    assert listed == [["mine", "small"], ["mine"], ["small"], []]


@pytest.mark.parametrize(
    "scopes,role,path,status",
    [
        (["exports:read"], "researcher", "/api/v1/studies", 403),
        (["studies:read"], "researcher", "/api/v1/studies", 403),
        (["studies:write"], "viewer", "/api/v1/studies", 403),
        (["studies:read"], "researcher", "/api/v1/studies/small/close", 403),
        (["studies:write"], "researcher", "/api/v1/studies/small/close", 404),
    ],
)
@pytest.mark.usefixtures("owner")
def test_without_scope_role_or_right_nothing_changes(
    web: TestClient, database: Database, scopes: list[Scope], role: Role, path: str, status: int
) -> None:
    headers = limited(database, scopes, role)
    assert web.post(path, content=YAML, headers=headers).status_code == status
    with database.transaction() as session:
        assert session.execute(select(Study.slug, Study.status)).all() == [("small", "live")]


@pytest.mark.usefixtures("owner")
def test_another_researchers_study_is_as_if_there_were_none(web: TestClient, database: Database) -> None:
    other = bearer(database, "other@example.org")
    for method, rest in (("GET", ""), ("POST", "/launch"), ("POST", "/close"), ("GET", "/exports/long")):
        theirs = web.request(method, f"/api/v1/studies/small{rest}", headers=other)
        none = web.request(method, f"/api/v1/studies/nothing{rest}", headers=other)
        assert theirs.status_code == none.status_code == 404
        assert theirs.text.replace("small", "nothing") == none.text
    taken = web.post("/api/v1/studies", content=write_definition(make_definition()), headers=other)
    assert taken.status_code == 409
    assert taken.json()["detail"] == "The slug 'small' is taken; give the study another one."


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # its kind does not matter to the refusal
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff", b"\x00", b"*a", b"&a [*a]", b"{[a]: b}", b'"\\ud800": 1', b"a: !!int x"),
        *(b"a: &x {<<: *x}", b"%YAML 3.0\n---\na: b", b"--- a\n--- b", b"version: " + b"9" * 5000),
    ],
)
def test_no_bytes_break_the_reader(web: TestClient, owner: dict[str, str], body: bytes) -> None:
    checked = web.post("/api/v1/studies/validate", content=body, headers=owner)
    assert checked.status_code in {200, 422}
    assert not checked.json().get("valid")
    assert web.post("/api/v1/studies", content=body, headers=owner).status_code == 422


def test_no_file_of_the_server_is_read(web: TestClient, owner: dict[str, str]) -> None:
    text = YAML.replace("consent: Consent text", "consent: README.md")
    answer = web.post("/api/v1/studies", content=text, headers=owner)
    assert answer.status_code == 422
    assert "put the text here in place of its name" in answer.json()["detail"]


def test_two_who_create_one_study_at_once_get_one_study(
    web: TestClient, database: Database, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find the slug free before either has stored it; SQLite lets in one after the other."""
    both = threading.Barrier(2, timeout=1 if database.is_sqlite else 5)
    real = service.save_draft

    def late(*args: object) -> Study:
        if not database.is_sqlite:
            both.wait()
        return real(*args)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(service, "save_draft", late)
    cast("FastAPI", web.app).state.aside = CapacityLimiter(2)  # as two web processes have it
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(web.post, "/api/v1/studies", content=YAML, headers=headers)
            for headers in (owner, bearer(database, "other@example.org"))
        ]
    assert sorted(one.result().status_code for one in sent) == [201, 409]
    with database.transaction() as session:
        study = session.scalars(select(Study).where(Study.slug == "mine")).one()
        owners = session.scalars(select(StudyAccess).where(StudyAccess.study_id == study.id)).all()
    assert len(owners) == 1


def test_closing_stays_final_whatever_else_happens_at_once(
    web: TestClient, database: Database, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launch that began before the close, and would end after it, must not open the study again."""
    assert web.post("/api/v1/studies/small/pause", headers=owner).status_code == 200
    reached, go_on = threading.Event(), threading.Event()
    real = latest_version

    def slow(session: Session, study_id: int) -> StudyVersion | None:
        reached.set()
        go_on.wait(5)
        return real(session, study_id)

    monkeypatch.setattr(service, "latest_version", slow)
    with ThreadPoolExecutor(2) as pool:
        launched = pool.submit(web.post, "/api/v1/studies/small/launch", headers=owner)
        assert reached.wait(5)
        closed = pool.submit(web.post, "/api/v1/studies/small/close", headers=owner)
        go_on.wait(0.5)
        go_on.set()
    assert (launched.result().status_code, closed.result().status_code) == (200, 200)
    with database.transaction() as session:
        assert status_of(session, "small") == "closed"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("by_page", [False, True])
def test_nobody_waits_while_a_definition_is_read(
    web: TestClient, owner: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, by_page: bool
) -> None:
    """SQLite has one writer, and a long definition takes seconds to read."""
    locked: list[bool] = []
    module = "app.studies.routes" if by_page else "app.studies.api"

    def parse(*_: object) -> StudyDefinition:
        locked.append(sqlite_writer.locked())
        return make_definition(slug="mine")

    monkeypatch.setattr(f"{module}.read_apart", parse)
    if by_page:
        web.post("/sign-in", data={"email": "owner@example.org", "password": "seven bees in a jar"})
        assert web.post("/studies/new", data={"definition": YAML}).status_code == 303
    else:
        assert web.post("/api/v1/studies", content=YAML, headers=owner).status_code == 201
    assert locked == [False]
