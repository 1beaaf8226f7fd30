"""A preview: it says so on every page, is open whatever the study's state, and shows nothing that pays."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.models import Item, Participant
from app.studies.service import close, pause
from app.web.db import Database
from app.web.signing import mode_token
from tests.participation.paths import FULL, PROLIFIC, launch, signing_of
from tests.walker import Walker

NOTICE = "Preview: answers given here are not counted"
CODES = {"completed": "SENTINEL-1", "screened_out": "SENTINEL-2", "no_consent": "SENTINEL-3"}
TOLD = "If nothing happens, the code is SENTINEL-1, or SENTINEL-2."
PAYING: dict[str, Any] = {
    "title": "A study that pays with SENTINEL-1",
    "recruitment": {
        "platform": "prolific",
        "completion_url": "https://sentinel-host.org/done?cc={code}",
        "codes": CODES,
    },
    "pages": {"consent": TOLD, "instructions": TOLD, "debrief": TOLD},
    "comprehension": {"attempts": 1, "questions": [{"text": TOLD, "options": ["A", "B"], "correct": 0}]},
    "practice": [{"question": TOLD, "choices": ["a", "b"], "student_answer": 0, "explanation": TOLD}],
    "questionnaire": [{"key": "age", "text": TOLD, "options": ["young", "old"]}],
}


def previewing(web: TestClient) -> Walker:
    return Walker(web, query={"mode": mode_token(signing_of(web), "small", "preview")})


def test_every_page_that_a_preview_can_come_to_says_that_it_is_one(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC, **FULL)
    walker = previewing(web)
    assert NOTICE in walker.landing().text
    walker.start()
    while walker.place != "done":
        assert NOTICE in walker.look().text
        assert NOTICE in web.get(f"/p/{walker.code}/leave").text
        walker.send(question_1="2") if walker.place == "comprehension" else walker.answer()
    assert NOTICE in web.get(f"/p/{walker.code}/erase").text
    left = previewing(web)
    left.start()
    web.post(f"/p/{left.code}/leave", data={})
    assert NOTICE in left.look().text
    over = previewing(web)
    over.start()
    with database.transaction(writing=True) as session:
        long_ago = update(Participant).where(Participant.code == over.code)
        session.execute(long_ago.values(last_step_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert NOTICE in over.look().text
    assert over.place == "closed"


@pytest.mark.parametrize("change", [pause, close])
def test_a_preview_is_open_while_the_study_takes_nobody(
    web: TestClient, database: Database, change: Any
) -> None:
    launch(database)
    with database.transaction(writing=True) as session:
        change(session, "small")
    walker = previewing(web)
    walker.start()
    walker.finish()
    assert "takes no new participants" in web.get("/s/small").text


def test_a_preview_goes_through_a_study_that_is_full(web: TestClient, database: Database) -> None:
    launch(database, design={"when_full": "close"})
    early = previewing(web)
    early.start()
    with database.transaction(writing=True) as session:
        session.execute(update(Item).values(answered=2))
    for walker in (early, previewing(web)):
        if not walker.path:
            walker.start()
        walker.finish()
    assert "All places are taken" in web.get("/s/small").text
    with database.transaction() as session:
        assert set(session.scalars(select(Item.answered))) == {2}


def test_no_page_of_a_preview_shows_what_pays_even_if_it_stands_in_a_text(
    web: TestClient, database: Database
) -> None:
    launch(database, **PAYING)
    walker = previewing(web)
    seen = [walker.landing().text]
    walker.start()
    while walker.place != "done":
        seen.append(walker.look().text)
        walker.send(question_1="1") if walker.place == "comprehension" else walker.answer()
    seen += [walker.look().text, web.get(f"/p/{walker.code}/erase").text]
    for ending in ({"consent": "no"}, {"question_1": "2"}):
        other = previewing(web)
        other.start()
        while not (ending.keys() & {"consent"}) and other.place != "comprehension":
            other.answer()
        other.send(**ending)
        seen.append(other.look().text)
    assert not [page for page in seen if "sentinel" in page.lower()]
    person = Walker(web, query={"PROLIFIC_PID": "5f" * 12})
    person.start()
    assert "SENTINEL-1" in person.look().text


def test_a_preview_goes_on_whatever_hiding_a_code_leaves_of_the_definition(
    web: TestClient, database: Database
) -> None:
    codes = {"completed": "label", "screened_out": "A1", "no_consent": "B2"}
    launch(
        database,
        scales={"agreement": ["A1", "B2", "C3"]},
        attention={"count": 1},
        recruitment={"platform": "prolific", "codes": codes},
    )
    walker = previewing(web)
    walker.start()
    walker.finish()
    assert "PREVIEW-NO-CODE" in walker.look().text
