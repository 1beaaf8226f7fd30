"""The results page: ratings so far, and what commands make in processes of their own."""

import time
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.analysis.live import Cell, LiveCounts, gathered
from app.jobs import service
from app.jobs.service import Progress
from app.models import AuditEvent, Job, Study
from app.participants.service import exclude
from app.web.db import Database
from tests.exports.walks import CHANGES, exported, take
from tests.staff import become_owner, text_of

PAGE = "/studies/small/results"


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40))
def test_means_and_deviations_are_those_of_the_ratings(values: list[int]) -> None:
    counted = [("c", "one", value, values.count(value)) for value in sorted(set(values))]
    [cell] = gathered(counted).cells
    mean = sum(values) / len(values)
    assert cell.n == len(values)
    assert cell.mean == pytest.approx(mean)
    if len(values) == 1:
        assert cell.se is None
    else:
        variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        assert cell.sd == pytest.approx(variance**0.5)
        assert cell.se == pytest.approx((variance / len(values)) ** 0.5)


def test_ratings_so_far_are_shown_on_request_with_a_warning_while_people_take_part(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    become_owner(web, database, **CHANGES)
    signed_in = dict(web.cookies)
    for name in "ab":
        take(web, external_id=name, shift=ord(name))
    rows = exported(database, tmp_path, "long")
    web.cookies.clear()
    web.cookies.update(signed_in)
    page = text_of(web.get(PAGE))
    assert "Think before you look" in page
    assert "Mean" not in page.split("Means by construct")[1]
    shown = text_of(web.get(f"{PAGE}/live"))
    assert "16 ratings" in shown
    values = [
        int(row["value"])
        for row in rows
        if (row["construct"], row["condition_label"]) == ("plausibility", "One")
    ]
    assert f"plausibility One {len(values)} {sum(values) / len(values):.2f}" in shown
    with database.transaction(writing=True) as session:
        exclude(session, "small", rows[0]["participant"], "a test", datetime.now(UTC))
        counts = LiveCounts().of(session, session.query(Study).one())
    assert counts.ratings == 8
    web.post("/studies/small/close")
    assert "Think before you look" not in text_of(web.get(PAGE))


def test_counts_are_remembered_for_a_while(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def slow(_session: object, study: object) -> object:
        asked.append(study)
        time.sleep(0.05)
        return gathered([("c", "one", 1, len(asked))])

    monkeypatch.setattr("app.analysis.live.count", slow)
    counts = LiveCounts()
    with database.transaction() as session:
        study = Study(id=1)
        first = counts.of(session, study)
        assert counts.of(session, study) is first
    assert len(asked) == 1
    assert first.cells == (Cell(construct="c", condition="one", counts=(1,)),)


def test_a_package_is_waited_for_on_the_page_and_can_be_cancelled(
    web: TestClient, database: Database
) -> None:
    become_owner(web, database)
    assert web.get(f"{PAGE}/package").status_code == 404
    assert web.post(f"{PAGE}/package").headers["location"] == PAGE
    again = web.post(f"{PAGE}/package")
    assert (again.status_code, "is being made already" in text_of(again)) == (409, True)
    page = web.get(PAGE)
    assert 'hx-trigger="every 2s"' in page.text
    assert "The package waits for its turn." in text_of(page)
    assert "No background process is running." in text_of(page)
    with database.transaction(writing=True) as session:
        job = service.claim(session, "test", 60)
        assert job is not None
        service.prolong(session, job.id, "test", 60, Progress(1, 4))
    page = web.get(PAGE)
    assert "The package is being made, begun 20" in text_of(page)
    assert 'value="0.250"' in page.text
    assert web.post(f"/studies/small/jobs/{job.id}/cancel").headers["location"] == PAGE
    page = web.get(PAGE)
    assert "It was cancelled." in text_of(page)
    assert "hx-trigger" not in page.text
    with database.transaction() as session:
        assert session.scalars(select(Job.state)).all() == ["cancelled"]
        noted = select(AuditEvent.action).where(AuditEvent.action.in_(["study.packaged", "job.cancelled"]))
        assert session.scalars(noted).all() == ["study.packaged", "job.cancelled"]
    assert web.post(f"/studies/small/jobs/{job.id}/cancel").status_code == 409


@pytest.mark.usefixtures("background")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_data_package_is_made_and_downloaded(web: TestClient, database: Database) -> None:
    become_owner(web, database, **CHANGES)
    web.post(f"{PAGE}/package")
    assert "Make it anew" in text_of(web.get(PAGE))
    answer = web.get(f"{PAGE}/package")
    assert "small-data.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert "small-data/README.txt" in archive.namelist()


@pytest.mark.usefixtures("background")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_report_is_written_read_and_downloaded_and_a_refusal_is_a_sentence(
    web: TestClient, database: Database
) -> None:
    become_owner(web, database, **CHANGES)
    signed_in = dict(web.cookies)
    web.post(f"{PAGE}/report")
    page = text_of(web.get(PAGE))
    assert "Nobody has rated anything" in page or "no ratings" in page.lower()
    assert web.get(f"{PAGE}/report").status_code == 404
    for name in "ab":
        take(web, external_id=name, shift=ord(name))
    web.cookies.clear()
    web.cookies.update(signed_in)
    web.post(f"{PAGE}/report")
    assert "Read the report" in text_of(web.get(PAGE))
    report = web.get(f"{PAGE}/report")
    assert report.headers["content-security-policy"].startswith("default-src 'none'")
    assert "SHA-256 of the data" in report.text
    with zipfile.ZipFile(BytesIO(web.get(f"{PAGE}/report.zip").content)) as archive:
        assert {"report.html", "statistics.csv"} <= set(archive.namelist())


@pytest.mark.usefixtures("background")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_parquet_and_the_codebook_come_from_the_export_form(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    become_owner(web, database, **CHANGES)
    signed_in = dict(web.cookies)
    take(web, external_id="a")
    web.cookies.clear()
    web.cookies.update(signed_in)
    answer = web.get("/studies/small/export?format=parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    (tmp_path / "a.parquet").write_bytes(answer.content)
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 8
    assert "plausibility" in web.get("/studies/small/export?format=codebook").text
    with database.transaction() as session:
        events = session.query(AuditEvent).filter_by(action="study.exported").all()
        assert [(event.after or {})["format"] for event in events] == ["parquet", "codebook"]
