"""A researcher's studies in the browser: written, launched, watched, shared, closed."""

import html
import sys

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import AuditEvent, Study, StudyAccess, StudyVersion
from app.studies import reading
from app.studies.definition import parse_definition, write_definition
from app.web.db import Database
from tests.factories import make_bundle, make_definition, make_question_set, make_user
from tests.staff import ADA, bearer, become, become_owner, text_of
from tests.walker import Walker

YAML = write_definition(make_definition())


def add_material(database: Database) -> None:
    with database.transaction(writing=True) as session:
        question_set = make_question_set(session)
        make_bundle(session, question_set, "bundle-one")
        make_bundle(session, question_set, "bundle-two")


def study(database: Database, slug: str = "small") -> Study:
    with database.transaction() as session:
        return session.scalars(select(Study).where(Study.slug == slug)).one()


def test_a_study_is_written_launched_paused_and_closed(web: TestClient, database: Database) -> None:
    become(web, database)
    assert "No studies yet" in text_of(web.get("/studies"))
    stored = web.post("/studies/new", data={"definition": YAML.replace("\n", "\r\n"), "then": "store"})
    assert stored.headers["location"] == "/studies/small"
    assert "no question set 'set'" in text_of(web.get("/studies/small"))
    refused = web.post("/studies/small/launch")
    assert (refused.status_code, "cannot be launched yet" in refused.text) == (422, True)
    assert study(database).status == "draft"
    add_material(database)
    assert web.post("/studies/small/launch").status_code == 303
    assert "The study is live: version 1, 8 questions, 16 items" in text_of(web.get("/studies/small"))
    assert web.post("/studies/small/launch").status_code == 409
    web.post("/studies/small/pause")
    assert study(database).status == "paused"
    web.post("/studies/small/launch")
    web.post("/studies/small/close")
    assert study(database).status == "closed"
    assert web.post("/studies/small/launch").status_code == 409
    with database.transaction() as session:
        granted = session.scalars(select(StudyAccess)).one()
        events = session.scalars(select(AuditEvent).where(AuditEvent.subject == "small")).all()
    assert granted.level == "own"
    assert [event.action for event in events] == [
        "study.created",
        *("study.frozen", "study.changed"),
        *("study.changed", "study.changed", "study.changed"),
    ]
    assert (events[2].actor, events[2].before, events[2].after) == (
        ADA,
        {"status": "draft"},
        {"status": "live"},
    )


def test_a_new_study_begins_with_an_example_that_is_valid_and_for_people(
    web: TestClient, database: Database
) -> None:
    become(web, database)
    page = html.unescape(web.get("/studies/new").text)
    shown = page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    assert parse_definition(shown, "shown").audience == "people"  # nobody asks for a dry run unawares
    answer = web.post("/studies/new", data={"definition": shown, "then": "check"})
    assert "The definition is valid." in text_of(answer)


def test_the_study_page_shows_the_link_for_prolific_and_how_many_people_before_launch(
    web: TestClient, database: Database
) -> None:
    recruitment = {"platform": "prolific", "codes": {"completed": "DONE"}}
    become_owner(web, database, launch=False, recruitment=recruitment)
    page = text_of(web.get("/studies/small"))
    ids = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    assert f"http://testserver/s/small?{ids}" in page
    assert "8 people reach the target" in page  # 8 questions × 2 conditions × 2 ratings, 4 items each


def test_what_is_wrong_with_a_definition_comes_back_above_it(web: TestClient, database: Database) -> None:
    become(web, database)
    text = YAML.replace("title:", "titel:")
    answer = web.post("/studies/new", data={"definition": text, "then": "store"})
    assert answer.status_code == 422
    assert "titel: unknown key; did you mean 'title'?" in text_of(answer)
    assert "titel: A small study" in answer.text  # nothing that was typed is lost
    for text in (
        "",
        "- a",
        "a: [",
        "\ufeffslug: x",
        "pages: {consent: /etc/passwd.md}",
        "a: &a [*a]",
        "💥" * 1000,
    ):
        assert web.post("/studies/new", data={"definition": text}).status_code == 422, text
    with database.transaction() as session:
        assert session.scalars(select(Study)).all() == []


def test_a_definition_from_the_browser_reads_no_file_of_the_server(
    web: TestClient, database: Database
) -> None:
    become(web, database)
    for name in ("README.md", "../README.md", "/etc/motd.md"):
        text = YAML.replace("consent: Consent text", f"consent: {name}")
        answer = web.post("/studies/new", data={"definition": text})
        assert "put the text here in place of its name" in text_of(answer)


def test_checking_stores_nothing_and_says_what_is_missing(web: TestClient, database: Database) -> None:
    become(web, database)
    answer = web.post("/studies/new", data={"definition": YAML, "then": "check"})
    assert answer.status_code == 200
    assert "no bundle 'bundle-one' has been imported" in text_of(answer)
    with database.transaction() as session:
        assert session.scalars(select(Study)).all() == []


@pytest.mark.usefixtures("apart")
def test_a_definition_that_takes_too_long_is_given_up_and_kept(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "COMMAND", [sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(reading, "MOST_S", 1)
    become(web, database)
    answer = web.post("/studies/new", data={"definition": YAML, "then": "check"})
    assert answer.status_code == 422
    assert "The definition: it takes too long to read, so it was given up." in text_of(answer)
    assert "title: A small study" in answer.text
    told = web.post(
        "/api/v1/studies/validate", content=YAML, headers=bearer(database, "bo@example.org")
    ).json()
    assert (told["valid"], len(told["problems"])) == (False, 1)


@pytest.mark.usefixtures("apart")
def test_no_definition_is_read_in_the_web_process(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.studies.definition.YAML.load", None)
    become(web, database)
    assert web.post("/studies/new", data={"definition": YAML}).status_code == 303
    other = YAML.replace("slug: small", "slug: other")
    made = web.post("/api/v1/studies", content=other, headers=bearer(database, "bo@example.org"))
    assert made.json()["slug"] == "other"


def test_a_changed_draft_is_launched_as_the_next_version(web: TestClient, database: Database) -> None:
    become_owner(web, database)
    shown = web.get("/studies/small/draft")
    assert "title: A small study" in shown.text
    changed = YAML.replace("A small study", "A better study")
    assert web.post("/studies/small/draft", data={"definition": changed}).status_code == 303
    page = text_of(web.get("/studies/small"))
    assert "Draft, changed since version 1" in page
    other = web.post("/studies/small/draft", data={"definition": YAML.replace("slug: small", "slug: other")})
    assert "must stay 'small'" in text_of(other)
    web.post("/studies/small/launch")
    with database.transaction() as session:
        assert session.scalars(select(StudyVersion.number).order_by(StudyVersion.number)).all() == [1, 2]


def test_numbers_items_and_the_recount_follow_the_participants(web: TestClient, database: Database) -> None:
    become_owner(web, database)
    cookie = dict(web.cookies)
    walker = Walker(web)
    walker.start()
    walker.finish()
    web.cookies.update(cookie)
    numbers = web.get("/studies/small/numbers")
    assert 'id="completed">1<' in numbers.text
    assert 'hx-get="/studies/small/numbers"' in numbers.text
    items = web.get("/studies/small/items")
    assert items.text.count("bundle-one says why") == 8
    assert web.get("/studies/small/items?page=2").status_code == 200
    assert "All right" in text_of(web.get("/studies/small/check"))
    preview = web.get("/studies/small/preview").headers["location"]
    assert "Preview: answers given here are not counted." in web.get(preview).text


def test_a_study_that_was_never_launched_has_no_items_and_no_preview(
    web: TestClient, database: Database
) -> None:
    become_owner(web, database, launch=False)
    for page in ("items", "preview", "check"):
        assert web.get(f"/studies/small/{page}").status_code == 409


def test_a_study_is_shared_and_taken_back_and_keeps_an_owner(web: TestClient, database: Database) -> None:
    become_owner(web, database)
    with database.transaction(writing=True) as session:
        bo = make_user(session, "bo@example.org", "viewer").id
    web.post("/studies/small/shares", data={"email": " Bo@example.org", "level": "view"})
    assert "bo@example.org" in web.get("/studies/small").text
    nobody = web.post("/studies/small/shares", data={"email": "cy@example.org", "level": "view"})
    assert "Nobody signs in as 'cy@example.org'" in text_of(nobody)
    web.post("/studies/small/shares", data={"email": "bo@example.org", "level": "king"})
    with database.transaction() as session:
        levels = {one.user_id: one.level for one in session.scalars(select(StudyAccess))}
    assert levels.pop(bo) == "view"
    [ada] = levels
    assert web.post(f"/studies/small/shares/{ada}/remove").status_code == 409
    assert web.post("/studies/small/shares", data={"email": ADA, "level": "view"}).status_code == 409
    web.post(f"/studies/small/shares/{bo}/remove")
    with database.transaction() as session:
        assert [one.user_id for one in session.scalars(select(StudyAccess))] == [ada]
        shared = session.scalars(select(AuditEvent).where(AuditEvent.action.like("study.%shared"))).all()
    assert [(one.before, one.after) for one in shared] == [
        ({"level": None}, {"level": "view", "with": "bo@example.org"}),
        ({"level": "view", "with": "bo@example.org"}, {}),
    ]


@pytest.mark.parametrize("page", ["0", "x", "99999999999"])
def test_an_odd_page_number_is_no_page(web: TestClient, database: Database, page: str) -> None:
    become_owner(web, database)
    assert web.get(f"/studies/small/items?page={page}").status_code == 404
