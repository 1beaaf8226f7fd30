"""Links that leave their page lead where HONEYGLASS_PUBLIC_URL says, whatever a Host header says."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.web.db import Database
from tests.factories import PASSWORD, make_study
from tests.staff import become


@pytest.fixture
def web(settings: Settings, database: Database) -> Iterator[TestClient]:
    known = settings.model_copy(update={"public_url": "https://study.example.org"})
    with TestClient(create_app(known, database), follow_redirects=False) as client:
        yield client


def test_reset_and_study_links_are_those_of_the_public_address(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
    become(web, database, role="admin")
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    fields = {"email": "bo@example.org", "role": "viewer", "current": PASSWORD}
    added = web.post("/users", data=fields, headers=evil).text
    study = web.get("/studies/small", headers=evil).text
    assert 'id="link">https://study.example.org/reset/' in added
    assert ">https://study.example.org/s/small</a>" in study
    assert "evil.example" not in added + study
