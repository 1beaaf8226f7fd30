"""Which tables are small."""

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.exports.queries import has_at_most
from app.models import Study
from app.web.db import Database
from tests.factories import make_study
from tests.walker import Walker


def test_a_study_of_many_visits_is_large_though_nobody_has_rated_anything_and_so_is_one_of_many_responses(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
    for _ in range(2):
        web.cookies.clear()
        Walker(web).start()
    with database.transaction() as session:
        study_id = session.scalars(select(Study.id)).one()
        assert has_at_most(session, study_id, 2)
        assert not has_at_most(session, study_id, 1)
        assert has_at_most(session, study_id + 1, 0)
    web.cookies.clear()
    walker = Walker(web)
    walker.start()
    walker.finish()
    with database.transaction() as session:
        assert not has_at_most(session, study_id, 3)  # participants, but four responses
        assert has_at_most(session, study_id, 4)
