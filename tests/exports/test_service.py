"""The files: how cells are written, what must never be in them, and their manifest."""

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.contract.redaction import published_sha256
from app.errors import NotFound
from app.exports.base import Cell, Format, Table
from app.exports.escaping import cell_text
from app.exports.service import export, write_csv
from app.models import Participant, Study, StudyVersion
from app.published import published
from app.web.db import Database
from app.web.signing import Signing, mode_token
from tests.exports.walks import COMMENTS, exported, header, read_rows, set_up, take
from tests.staff import bearer, become, text_of

# The tables that any study has; paper and jsonl have files of tests of their own.
PID = "5f1a" * 6
FORMATS: tuple[Format, ...] = ("long", "wide", "participants", "items")

cells = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: text.replace("\0", ""))


STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_every_text_comes_back_from_the_file_and_none_can_start_a_formula(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    assert write_csv(path, Table(("a", "b"), iter(rows))) == len(rows)
    content = path.read_bytes()
    assert content.startswith(b"a,b\r\n")
    assert content.endswith(b"\r\n")
    with path.open(encoding="utf-8", newline="") as stream:
        found = list(csv.reader(stream, strict=True))[1:]
    for row, read in zip(rows, found, strict=True):
        for cell, text in zip(row, read, strict=True):
            assert text in {cell, f"'{cell}"}
            assert not text.startswith(STARTS)
            assert (text == cell) is not cell.startswith(STARTS)


@pytest.mark.parametrize(
    "cell,text",
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (datetime(2026, 3, 1, 9, 5, 7, 120_999, UTC), "2026-03-01T09:05:07.120Z"),
        (datetime(2026, 3, 1, 9, 5, 7, tzinfo=UTC), "2026-03-01T09:05:07.000Z"),
        (-5, -5),
        (0, 0),
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-2", "'-2"),
        ("@me", "'@me"),
        ("\tx", "'\tx"),
        ("\n=1+1", "'\n=1+1"),
        *((f"{sign}1+1", f"'{sign}1+1") for sign in "\uff1d\uff0b\uff0d\uff20"),
        ("1=1", "1=1"),
        ("", ""),
    ],
)
def test_a_cell_is_written_for_people_and_programs_alike(cell: Cell, text: str | int) -> None:
    assert cell_text(cell) == text


def test_comments_survive_whatever_they_hold(web: TestClient, database: Database, tmp_path: Path) -> None:
    set_up(database)
    take(web, external_id="a")
    rows = exported(database, tmp_path, "wide")
    assert [row["comment"] for row in rows] == [
        "'=1+1",
        'Yes, "so",\nit is – 😀',
        "",
        "'-2 is fine",
    ]
    assert len(COMMENTS) == 4


@pytest.mark.parametrize("export_format", FORMATS)
def test_the_manifest_says_what_the_file_is(
    web: TestClient, database: Database, tmp_path: Path, export_format: Format
) -> None:
    set_up(database)
    take(web, external_id="a")
    out = tmp_path / "out.csv"
    before = datetime.now(UTC)
    with database.snapshot() as session:
        manifest = export(session, "small", export_format, out)
        version = session.scalars(select(StudyVersion)).one()
        [shown] = published(session, [version])
    assert json.loads((tmp_path / "out.csv.manifest.json").read_text(encoding="utf-8")) == manifest
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert manifest["rows"] == len(read_rows(out)) > 0
    assert (manifest["study"], manifest["format"], manifest["file"]) == ("small", export_format, "out.csv")
    assert manifest["modes"] == ["people"]
    hashes = {"sha256": shown.sha256, "definition_sha256": published_sha256(version.definition)}
    assert manifest["versions"] == [{"number": 1, **hashes}]
    assert before <= datetime.fromisoformat(manifest["exported_at"]) <= datetime.now(UTC)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.csv", "out.csv.manifest.json"]


def test_no_file_holds_a_code_and_external_ids_only_where_they_were_asked_for(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    codes = [take(web, external_id=PID).code, take(web, external_id="b", items=1).code]
    with database.transaction(writing=True) as session:  # no platform's, but what if
        odd = session.scalars(select(Participant).where(Participant.code == codes[1])).one()
        odd.external_id = "=EXT()"

    def everything(*, with_external_ids: bool) -> str:
        for export_format in FORMATS:
            exported(database, tmp_path, export_format, with_external_ids=with_external_ids)
        files = [*tmp_path.glob("*.csv"), *tmp_path.glob("*.csv.manifest.json")]
        assert len(files) == 2 * len(FORMATS)
        return "".join(path.read_text(encoding="utf-8") for path in files)

    with database.transaction() as session:
        people = session.scalars(select(Participant)).all()
        assert sorted(person.code for person in people) == sorted(codes)
        assert not {person.code for person in people} & {person.pseudonym for person in people}
    plain = everything(with_external_ids=False)
    assert not [secret for secret in (*codes, PID, "EXT()", "se1") if secret in plain]
    named = everything(with_external_ids=True)
    assert not [code for code in codes if code in named]
    columns = header(tmp_path / "participants.csv")
    assert columns[18:21] == ["external_id", "external_study_id", "external_attempt_id"]
    rows = read_rows(tmp_path / "participants.csv")
    assert {row["external_id"] for row in rows} == {PID, "'=EXT()"}
    assert {(row["external_study_id"], row["external_attempt_id"]) for row in rows} == {("st1", "se1")}
    assert "external_id" not in header(tmp_path / "long.csv")


def test_synthetic_participants_of_a_study_for_people_are_exported_only_if_asked(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    signing: Signing = web.app.state.signing  # type: ignore[attr-defined]  # FastAPI's own
    take(web, external_id="a")
    for mode in ("synthetic", "preview", "pilot"):
        take(web, external_id="b", query={"mode": mode_token(signing, "small", mode)})
    for export_format, count in (("long", 8), ("wide", 4), ("participants", 1)):
        rows = exported(database, tmp_path, export_format)  # type: ignore[arg-type]  # from a tuple
        assert (len(rows), {row["mode"] for row in rows}) == (count, {"people"})
        both = exported(database, tmp_path, export_format, include_synthetic=True)  # type: ignore[arg-type]
        assert (len(both), {row["mode"] for row in both}) == (2 * count, {"people", "synthetic"})
    assert sum(int(row["times_rated"]) for row in exported(database, tmp_path, "items")) == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_a_dry_run_synthetic_participants_are_the_ones_that_count(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database, audience="synthetic")
    signing: Signing = web.app.state.signing  # type: ignore[attr-defined]  # FastAPI's own
    take(web, external_id="a", query={"mode": mode_token(signing, "small", "synthetic")})
    take(web, external_id="b", items=1, query={"mode": mode_token(signing, "small", "pilot")})
    rows = exported(database, tmp_path, "participants")
    assert [row["mode"] for row in rows] == ["synthetic"]
    assert len(exported(database, tmp_path, "long", include_synthetic=True)) == 8


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("export_format", FORMATS)
def test_a_study_nobody_took_or_that_was_never_launched_has_a_header_alone(
    database: Database, tmp_path: Path, export_format: Format
) -> None:
    set_up(database, launch=False)
    rows = exported(database, tmp_path, export_format)
    assert rows == []
    assert header(tmp_path / f"{export_format}.csv")[0] == "study"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_appears_whole_or_not_at_all(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(database)
    out = tmp_path / "out.csv"
    out.write_text("yesterday's", encoding="utf-8")

    def breaking(*_: object) -> Table:
        def rows() -> Iterator[tuple[Cell, ...]]:
            yield ("one",)
            raise OSError("the disk is full")

        return Table(("a",), rows())

    with database.snapshot() as session:
        with pytest.raises(NotFound, match="There is no study 'smal'"):
            export(session, "smal", "long", out)
        monkeypatch.setattr("app.exports.service.table", breaking)
        with pytest.raises(OSError, match="full"):
            export(session, "small", "long", out)
    assert out.read_text(encoding="utf-8") == "yesterday's"
    assert not (tmp_path / "out.csv.manifest.json").exists()


@pytest.mark.parametrize("export_format", ["long", "wide", "participants"])
def test_what_a_person_gave_is_exportable_whatever_the_studys_audience_was(
    web: TestClient, database: Database, tmp_path: Path, export_format: Format
) -> None:
    """Before dry runs refused visitors, paid people ended in studies that only count synthetic ones."""
    set_up(database)
    take(web, external_id="paid")
    with database.transaction(writing=True) as session:
        session.execute(update(Study).values(audience="synthetic"))
        session.execute(update(Participant).values(is_counted=False))
    assert exported(database, tmp_path, export_format) == []
    assert exported(database, tmp_path, export_format, include_synthetic=True) == []
    rows = exported(database, tmp_path, export_format, include_uncounted=True)
    assert len(rows) == {"long": 8, "wide": 4, "participants": 1}[export_format]
    assert {(row["mode"], row["counted"]) for row in rows} == {("people", "false")}


def test_the_page_and_the_api_give_uncounted_answers_and_the_page_says_that_there_are_some(
    web: TestClient, database: Database
) -> None:
    set_up(database)
    take(web, external_id="paid")
    with database.transaction(writing=True) as session:
        session.execute(update(Participant).values(is_counted=False))
    become(web, database, "root@example.org", "admin")
    assert "1 person answered and does not count" in text_of(web.get("/studies/small/results"))
    assert len(web.get("/studies/small/export?format=wide&include=").text.splitlines()) == 1
    assert "people,false" in web.get("/studies/small/export?format=wide&include=uncounted").text
    token = bearer(database, "api@example.org", "admin")
    address = "/api/v1/studies/small/exports/wide"
    assert "people,false" in web.get(f"{address}?include=uncounted", headers=token).text
    assert "people,false" not in web.get(address, headers=token).text
