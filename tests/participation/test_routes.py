from fastapi.testclient import TestClient

from app.web.db import Database
from tests.factories import make_study
from tests.walker import Walker


def test_smoke(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
    walker = Walker(web)
    walker.start()
    walker.finish()
