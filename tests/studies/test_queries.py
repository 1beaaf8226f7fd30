from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from app.errors import NotFound
from app.studies.queries import Overview, overviews, study_by_slug
from app.studies.service import save_draft
from app.web.db import Database
from tests.factories import make_definition, make_study
from tests.walker import Walker


def test_every_study_is_listed_with_its_state_and_what_was_answered(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
        save_draft(session, make_definition(slug="draft", audience="synthetic"))
    walker = Walker(web)
    walker.start()
    walker.finish()
    web.cookies.clear()
    Walker(web).start()
    now = datetime.now(UTC)
    with database.transaction() as session:
        assert overviews(session, now) == [
            Overview("draft", "draft", "synthetic", None, 0, 0, 0, {}, "A small study", None),
            Overview(
                "small", "live", "people", 1, 16, 0, 1, {"active": 1, "completed": 1}, "A small study", 2
            ),
        ]
        later = overviews(session, now + timedelta(hours=1))
        assert later[1].participants == {"dropped": 1, "completed": 1}


def test_an_unknown_study_names_those_there_are(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
        save_draft(session, make_definition(slug="other"))
    with database.transaction() as session:
        assert study_by_slug(session, "other").status == "draft"
        with pytest.raises(NotFound, match=r"There is no study 'x'\. Studies: other, small\."):
            study_by_slug(session, "x")
