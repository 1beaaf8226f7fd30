"""A walk through every door with everybody, along the table of who may use which route."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.access import LEVELS, ROLES, Level
from app.main import create_app
from app.models import Participant, Study
from app.settings import Settings
from app.studies.definition import write_definition
from app.web.auth import SCOPES
from app.web.db import Database
from tests.factories import make_api_token, make_checkpoint, make_definition, make_run, make_study
from tests.jobs.made import make_files, make_job
from tests.security.access_table import SEES, TABLE, Rule
from tests.security.people import PEOPLE, Someone, admit, routes_of
from tests.walker import Walker

DATABASE = "honeyglass.db"
DOORS = list(TABLE)
EXPORT_JOB, UNDER_WAY_JOB = "3", "4"
REHEARSAL = b'{"participants": 1, "concurrency": 1}'
NAMED = {"bundles": "bundle-one", "checkpoints": "student"}
BODIES = {
    **{f"/api/v1/studies/{slug}/rehearsals": REHEARSAL for slug in ("small", "nothing")},
    "/api/v1/studies": b"slug: x",
    "/api/v1/checkpoints/student/runs": b'{"question_set": "set"}',
    "/api/v1/checkpoints/student/tries": b'{"question": "Why?", "choices": ["a", "b"]}',
}


@dataclass(frozen=True)
class Built:
    """A home and a database: a launched study with one participant, and everybody who might knock."""

    folder: Path
    people: Mapping[str, Someone]
    code: str
    pseudonym: str


@pytest.fixture(scope="module")
def built(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    shutil.copy(sqlite_template, folder / DATABASE)
    settings = Settings(home=folder / "home", database_url=f"sqlite:///{folder / DATABASE}")
    database = Database(settings.url)
    with TestClient(create_app(settings, database), follow_redirects=False) as web:
        with database.transaction(writing=True) as session:
            study: Study = make_study(session)
            people = admit(session, study)
            make_checkpoint(session)
            for _ in range(2):
                make_run(session, told=["yes"] * 8)
        make_files(database, settings.home)
        with database.transaction(writing=True) as session:
            make_job(session, "package", actor="somebody@example.org")
        code = Walker(web).start()
        with database.transaction() as session:
            pseudonym = session.query(Participant).one().pseudonym
    return Built(folder=folder, people=people, code=code, pseudonym=pseudonym)


@pytest.fixture
def database_url(built: Built, tmp_path: Path) -> str:
    """A copy of what is built, with its home, for each test: every door is knocked at in the same house."""
    shutil.copytree(built.folder, tmp_path, dirs_exist_ok=True)
    return f"sqlite:///{tmp_path / DATABASE}"


class House:
    def __init__(self, web: TestClient, database: Database, built: Built) -> None:
        self.web, self.database = web, database
        self.people, self.code, self.pseudonym = built.people, built.code, built.pseudonym

    def address(self, path: str, caller: Someone | None) -> str:
        mine = caller or self.people["viewer"]
        values = {
            "slug": "small",
            "code": self.code,
            "pseudonym": self.pseudonym,
            "name": next((name for part, name in NAMED.items() if part in path), "set"),
            "run_id": "1",
            "task_id": "00000000-0000-0000-0000-000000000000",
            "token": "none",
            "number": "1",
            "place:path": "rate/1",
            "path:path": "none",
            "export_format": "long",
            "job_id": UNDER_WAY_JOB if path.endswith("/cancel") else EXPORT_JOB,
            "session_id": str(mine.session_id),
            "token_id": str(mine.token_id),
            "user_id": str(self.people["viewer"].user.id),
        }
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"no value for {path}"
        return path

    def knock(self, method: str, path: str, caller: Someone | None, token: str | None = None) -> Response:
        headers = {}
        if path.startswith("/api/") and (token or caller):
            headers["authorization"] = f"Bearer {token or (caller.token if caller else '')}"
        elif caller:
            headers["cookie"] = f"honeyglass={caller.cookie}"
        self.web.cookies.clear()
        address = self.address(path, caller)
        content = next((body for start, body in BODIES.items() if address.startswith(start)), None)
        if path == "/runs/{run_id}/beside":
            address += "?other=2"
        if content and content.startswith(b"{"):
            headers["content-type"] = "application/json"
        return self.web.request(
            method, address, headers=headers, content=content if method == "POST" else None
        )


@pytest.fixture
def house(web: TestClient, database: Database, built: Built) -> House:
    return House(web, database, built)


def is_refused(answer: Response) -> bool:
    """Led to the door, or told that there is no such thing or that it is not for them."""
    to_door = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next=")
    return to_door or answer.status_code in {401, 403, 404}


def may(name: str, rule: Rule) -> bool:
    role, shared = PEOPLE[name]
    if rule.role == "anyone" or role == "admin":
        return True
    level: Level | None = "view" if role == "viewer" and shared else shared
    has_level = rule.level is None or (level is not None and LEVELS.index(level) >= LEVELS.index(rule.level))
    return ROLES.index(role) >= ROLES.index(rule.role) and has_level


def test_every_route_is_in_the_table_and_the_table_names_no_other(web: TestClient) -> None:
    assert routes_of(web.app) == set(TABLE)  # type: ignore[arg-type]  # TestClient calls any ASGI app its app


@pytest.mark.parametrize("method,path", DOORS, ids=str)
def test_a_route_lets_in_whom_the_table_says_and_nobody_else(house: House, method: str, path: str) -> None:
    rule = TABLE[method, path]
    if rule.role == "anyone":
        assert house.knock(method, path, None).status_code < 500
        return
    assert is_refused(house.knock(method, path, None)), "anonymous"
    for name, caller in house.people.items():
        answer = house.knock(method, path, caller)
        assert answer.status_code < 500, name
        assert is_refused(answer) != may(name, rule), f"{name}: {answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize("method,path", [door for door, rule in TABLE.items() if rule.scope])
def test_a_token_without_the_scope_is_refused(house: House, method: str, path: str) -> None:
    scope = TABLE[method, path].scope
    admin = house.people["admin"]
    with house.database.transaction(writing=True) as session:
        lacking = make_api_token(session, admin.user, [one for one in SCOPES if one != scope])
    answer = house.knock(method, path, admin, lacking)
    assert answer.status_code == 403
    assert str(scope) in answer.json()["detail"]


def test_a_cookie_opens_no_api_and_a_token_no_page(house: House) -> None:
    admin = house.people["admin"]
    cookie = {"cookie": f"honeyglass={admin.cookie}"}
    assert house.web.get("/api/v1/studies", headers=cookie).status_code == 401
    bearer = {"authorization": f"Bearer {admin.token}"}
    assert house.web.get("/studies", headers=bearer).status_code == 303


STUDY_DOORS = [
    (method, path) for method, path in TABLE if path.startswith(("/studies/{", "/api/v1/studies/{"))
]


@pytest.mark.parametrize("method,path", STUDY_DOORS)
def test_somebody_elses_study_and_none_at_all_look_the_same(house: House, method: str, path: str) -> None:
    stranger = house.people["researcher"]
    theirs = house.knock(method, path, stranger)
    none = house.knock(method, path.replace("{slug}", "nothing"), stranger)
    assert theirs.status_code == none.status_code == 404
    assert theirs.text.replace("small", "nothing") == none.text


def test_a_list_holds_only_what_one_may_see(house: House) -> None:
    for name in PEOPLE:
        caller = house.people[name]
        listed = house.knock("GET", "/studies", caller).text
        by_api = house.knock("GET", "/api/v1/studies", caller).json()
        sees = may(name, SEES)
        assert ("A small study" in listed, len(by_api)) == (sees, int(sees)), name


def test_a_taken_slug_is_refused_and_changes_nothing(house: House) -> None:
    stranger = house.people["researcher"]
    text = write_definition(make_definition(title="Mine now"))
    house.web.cookies.clear()
    answer = house.web.post(
        "/api/v1/studies", content=text, headers={"authorization": f"Bearer {stranger.token}"}
    )
    assert answer.status_code == 409
    page = house.web.post(
        "/studies/new", data={"definition": text}, headers={"cookie": f"honeyglass={stranger.cookie}"}
    )
    assert page.status_code == 422
    assert "is taken" in page.text
    with house.database.transaction() as session:
        assert session.query(Study).one().draft["title"] == "A small study"
