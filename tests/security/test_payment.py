"""What people are paid by must not be read by who may only look: nobody is paid twice, or for nothing."""

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.report.writing import analyze_study
from app.contract.base import sha256_of_text
from app.contract.study import StudyDefinition
from app.errors import Conflict
from app.exports.base import Format
from app.exports.package import package
from app.exports.service import export
from app.models import Participant, Study, StudyVersion
from app.studies.definition import write_definition
from app.web.db import Database
from tests.factories import make_study
from tests.security.access_table import TABLE
from tests.security.people import Someone, admit
from tests.walker import Walker

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RECRUITMENT = {
    "platform": "sona",
    "site": "sentinel-site",
    "experiment": "12",
    "token": "sentinel-token",
    "completion_url": "https://sentinel-host.org/credit?code={code}&for={external_id}",
    "codes": {"completed": "SENTINEL-1", "screened_out": "SENTINEL-2", "no_consent": "SENTINEL-3"},
}
PAGES = {
    "consent": "At the end: SENTINEL-3.",
    "instructions": "Read",
    "debrief": "Should nothing happen: SENTINEL-1.",
}


@pytest.fixture
def people(web: TestClient, database: Database) -> dict[str, Someone]:
    """A study somebody finished, and who may do what with it."""
    with database.transaction(writing=True) as session:
        study: Study = make_study(session, recruitment=RECRUITMENT, pages=PAGES)
        found = admit(session, study)
    walker = Walker(web, query={"survey_code": "7"})
    walker.start()
    walker.finish()
    web.cookies.clear()
    return found


def has_sentinel(content: bytes) -> bool:
    return b"sentinel" in content.lower()


SHORTEST_SHOWN = 12  # letters of a hash


def told_of_codes(session: Session) -> list[bytes]:
    """How the hashes begin from which a short code would be found by trying."""
    version = session.scalars(select(StudyVersion)).one()
    consent = sha256_of_text(version.definition["pages"]["consent"])
    hashes = (version.sha256, version.definition_sha256, consent)
    return [one[:SHORTEST_SHOWN].encode() for one in hashes]


def staff_pages(pseudonym: str) -> list[str]:
    """Every address of the staff's and the API's that can be looked at, of this study where it has one."""
    found = []
    for (method, path), rule in TABLE.items():
        if method == "GET" and rule.role != "anyone":
            values = {"slug": "small", "pseudonym": pseudonym, "name": "set", "export_format": "long"}
            for name, value in values.items():
                path = path.replace(f"{{{name}}}", value)  # noqa: PLW2901  # the next value goes into what is made
            found += [] if "{" in path else [path]
    formats = get_args(Format)
    found += [f"/studies/small/export?format={one}&include_synthetic=true" for one in formats]
    return found + [f"/api/v1/studies/small/exports/{one}" for one in formats]


def test_no_payment_code_is_in_any_page_or_answer_for_who_may_only_look(
    web: TestClient, database: Database, people: dict[str, Someone]
) -> None:
    with database.transaction() as session:
        pseudonym = session.scalars(select(Participant.pseudonym)).one()
        hashes = told_of_codes(session)
    looked = 0
    for name in ("viewer with view", "viewer with edit", "researcher with view"):
        for path in staff_pages(pseudonym):
            who = people[name]
            web.cookies.clear()
            headers = {"authorization": f"Bearer {who.token}"} if path.startswith("/api/") else {}
            answer = web.get(path, headers=headers or {"cookie": f"honeyglass={who.cookie}"})
            assert not has_sentinel(answer.content + str(answer.headers).encode()), (name, path)
            assert not [one for one in hashes if one in answer.content], (name, path)
            looked += answer.status_code == 200
    assert looked > 60


def test_who_may_edit_still_reads_the_codes(web: TestClient, people: dict[str, Someone]) -> None:
    for name in ("researcher with edit", "owner", "admin"):
        token = {"authorization": f"Bearer {people[name].token}"}
        assert "SENTINEL-1" in web.get("/api/v1/studies/small", headers=token).text
        cookie = {"cookie": f"honeyglass={people[name].cookie}"}
        assert "sentinel-token" in web.get("/studies/small", headers=cookie).text
        web.cookies.clear()


@pytest.mark.usefixtures("people")
def test_no_payment_code_is_in_the_data_package_the_report_or_an_export(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "exports").mkdir()
    with database.snapshot() as session:
        package(session, "small", tmp_path / "data.zip")
        analyze_study(session, "small", tmp_path / "report")
        for export_format in get_args(Format):
            with suppress(Conflict):  # the paper format asks for the published constructs
                export(session, "small", export_format, tmp_path / "exports" / export_format)
        hashes = told_of_codes(session)
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert any(name.endswith("definitions/1.json") for name in held)
    written = [one for folder in ("report", "exports") for one in (tmp_path / folder).rglob("*")]
    files = held | {str(one): one.read_bytes() for one in written if one.is_file()}
    assert any(name.endswith("report.html") for name in files)
    assert any(name.endswith("participants.manifest.json") for name in files)
    assert [name for name, content in files.items() if has_sentinel(content)] == []
    assert [name for name, content in files.items() for one in hashes if one in content] == []


def test_a_copied_definition_is_not_launched_with_placeholders(
    web: TestClient, people: dict[str, Someone]
) -> None:
    told = web.get(
        "/api/v1/studies/small", headers={"authorization": f"Bearer {people['viewer with view'].token}"}
    ).json()["definition"]
    owner = {"authorization": f"Bearer {people['owner'].token}"}
    copied = write_definition(StudyDefinition.model_validate(told | {"slug": "copy"}))
    stored = web.post("/api/v1/studies", content=copied.encode(), headers=owner)
    assert stored.status_code == 201, stored.text
    refused = web.post("/api/v1/studies/copy/launch", headers=owner)
    assert refused.status_code == 422
    assert "REDACTED" in refused.json()["detail"]


def test_a_code_that_the_definition_needs_as_a_word_still_leaves_a_page_that_can_be_read(
    web: TestClient, database: Database
) -> None:
    """Hidden, the check's statement lacks its {label}, and two labels are the same: not valid, but told."""
    with database.transaction(writing=True) as session:
        scales = {"agreement": ["A1", "B2"]}
        codes = {"completed": "label", "screened_out": "A1", "no_consent": "B2"}
        recruitment = {"platform": "prolific", "codes": codes}
        study: Study = make_study(session, scales=scales, attention={"count": 1}, recruitment=recruitment)
        viewer = admit(session, study)["viewer with view"]
    shown = web.get("/studies/small", headers={"cookie": f"honeyglass={viewer.cookie}"})
    assert shown.status_code == 200
    assert "choose &#39;{REDACTED}&#39; here" in shown.text
    told = web.get("/api/v1/studies/small", headers={"authorization": f"Bearer {viewer.token}"}).json()
    assert told["definition"]["scales"] == {"agreement": ["REDACTED", "REDACTED"]}
