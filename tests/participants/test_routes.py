"""Participants as researchers see them."""

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import AuditEvent, Participant
from app.web.db import Database
from tests.participation.paths import PROLIFIC, other_browser, problems
from tests.staff import become_owner
from tests.walker import Walker


def test_a_participant_is_listed_by_pseudonym_and_excluded_for_a_reason(
    web: TestClient, database: Database
) -> None:
    become_owner(web, database)
    cookie = dict(web.cookies)
    walker = Walker(web)
    code = walker.start()
    walker.finish()
    web.cookies.update(cookie)
    with database.transaction() as session:
        pseudonym = session.scalars(select(Participant.pseudonym)).one()
    page = web.get("/studies/small/participants").text
    assert pseudonym in page
    assert code not in page
    path, why = "/studies/small/participants/{}/exclude", {"reason": " wrote that\r\nthey guessed "}
    for nothing in ("", " \n ", "x" * 301):
        assert web.post(path.format(pseudonym), data={"reason": nothing}).status_code == 422
    assert "wrote that they guessed" not in web.get("/studies/small/participants").text
    assert web.post(path.format(pseudonym), data=why).status_code == 303
    assert web.post(path.format(pseudonym), data=why).status_code == 409
    assert web.post(path.format("nobody"), data=why).status_code == 404
    assert "wrote that they guessed" in web.get("/studies/small/participants").text
    with database.transaction() as session:
        excluded = session.scalars(select(Participant)).one()
        assert (excluded.status, excluded.exclusion_reason) == ("excluded", "wrote that they guessed")
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "participant.excluded")).one()
    assert (event.subject, event.before) == (f"small {pseudonym}", {"status": "completed"})
    assert event.after == {"reason": "wrote that they guessed"}


def test_a_study_nobody_came_to_says_where_they_enter(web: TestClient, database: Database) -> None:
    become_owner(web, database)
    assert "/s/small" in web.get("/studies/small/participants").text


def test_staff_choose_which_of_two_visits_of_one_id_counts_and_every_load_follows(
    web: TestClient, database: Database
) -> None:
    become_owner(web, database, recruitment=PROLIFIC)
    for session_id in ("a1", "a2"):
        walker = Walker(other_browser(web), query={"PROLIFIC_PID": "5f" * 12, "SESSION_ID": session_id})
        walker.start()
        walker.finish()
    with database.transaction() as session:
        first, second = session.scalars(select(Participant.pseudonym).order_by(Participant.id))
    assert "Count this visit instead" in web.get("/studies/small/participants").text
    path = "/studies/small/participants/{}/count"
    assert web.post(path.format(first)).status_code == 409  # it counts already
    assert web.post(path.format("nobody")).status_code == 404
    for chosen in (second, first):  # and back again
        assert web.post(path.format(chosen)).status_code == 303
        with database.transaction() as session:
            counted = select(Participant.pseudonym).where(Participant.is_counted)
            assert session.scalars(counted).all() == [chosen]
            event = session.scalars(
                select(AuditEvent)
                .where(AuditEvent.action == "participant.counted_instead")
                .order_by(AuditEvent.id.desc())
            ).first()
        assert event is not None
        assert event.after == {"counted": [chosen]}
        assert problems(database) == []
