"""The data package, the codebook and Parquet: what a colleague gets, and can read without asking."""

import csv
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli import cli
from app.contract.base import sha256_of, sha256_of_text
from app.contract.redaction import PLACEHOLDER
from app.contract.study import EXPORT_COLUMNS
from app.exports import counting
from app.exports.columns import COLUMNS
from app.exports.package import FILES, package
from app.exports.service import export
from app.settings import Settings
from app.web.db import Database
from tests.exports.walks import exported, set_up, take
from tests.factories import LABELS


def test_parquet_holds_what_json_lines_hold_with_types(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    take(web, external_id="b", items=2, shift=1)
    with database.snapshot() as session:
        manifest = export(session, "small", "parquet", tmp_path / "long.parquet")
        export(session, "small", "jsonl", tmp_path / "long.jsonl")
    found = pq.read_table(tmp_path / "long.parquet").to_pylist()
    expected = [json.loads(line) for line in (tmp_path / "long.jsonl").read_text().splitlines()]
    assert manifest["rows"] == len(found) == len(expected) == 12
    assert [type(found[0][name]) for name in ("version", "value", "answer_correct", "submitted_at")] == [
        *(int, int, bool, datetime)
    ]
    for one in found:
        for name in ("started_at", "submitted_at"):
            time = one[name]
            one[name] = time and time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert found == expected


def test_the_codebook_says_of_every_column_what_it_holds(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    lines = exported(database, tmp_path, "codebook")
    for name in ("long", "wide", "participants", "items", "answers"):
        header = list(exported(database, tmp_path, name)[0])
        assert [line["column"] for line in lines if line["table"] == name] == header
    assert all(line["label"] and line["type"] for line in lines)
    by_name = {(line["table"], line["column"]): line for line in lines}
    scale = "; ".join(f"{number} = {label}" for number, label in enumerate(LABELS, 1))
    assert by_name["wide", "plausibility"]["label"] == "The explanation is plausible."
    assert by_name["wide", "plausibility"]["values"] == by_name["long", "value"]["values"] == scale
    assert by_name["long", "condition"]["values"] == "one = One; two = Two"
    assert by_name["participants", "q_age"]["values"] == "young | old"
    assert by_name["participants", "q_age"]["missing"] == "not answered"
    assert by_name["long", "duration_ms"]["missing"] == "the browser did not tell"


def test_every_column_that_a_construct_may_not_be_called_is_described() -> None:
    assert set(COLUMNS) >= EXPORT_COLUMNS


def test_a_package_holds_every_table_and_says_what_is_missing_and_why(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web, external_id="a")
    told: list[tuple[int, int]] = []
    with database.snapshot() as session:
        manifest = package(session, "small", tmp_path / "data.zip", lambda *how_far: told.append(how_far))
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        content = {name.removeprefix("small-data/"): archive.read(name) for name in archive.namelist()}
    tables = {name for name, _ in FILES} - {"paper.csv"}
    assert content.keys() == tables | {"README.txt", "manifest.json", "definitions/1.json"}
    assert json.loads(content["manifest.json"])["files"] == manifest["files"]
    assert set(manifest["left_out"]) == {"paper.csv"}
    readme = content["README.txt"].decode()
    assert "A small study" in readme
    assert "paper.csv  is not here: " in readme
    assert json.loads(content["definitions/1.json"])["slug"] == "small"
    rows = list(csv.DictReader(io.StringIO(content["long.csv"].decode())))
    assert len(rows) == manifest["files"]["long.csv"]["rows"] == 8
    digest = manifest["files"]["codebook.csv"]["sha256"]
    assert sha256_of_text(content["codebook.csv"].decode()) == digest
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    assert told == []  # eight rows are not worth telling


def test_the_hashes_of_a_version_are_of_what_the_package_holds(database: Database, tmp_path: Path) -> None:
    set_up(database)
    with database.snapshot() as session:
        package(session, "small", tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        [version] = json.loads(archive.read("small-data/manifest.json"))["versions"]
        definition = json.loads(archive.read("small-data/definitions/1.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("small-data/items.csv").decode())))
    items: dict[str, list[str]] = {}
    for row in rows:
        items.setdefault(row["condition"], []).append(row["item_sha256"])
    assert definition["recruitment"]["codes"]["completed"] == PLACEHOLDER
    assert version["definition_sha256"] == sha256_of(definition)
    whole = {"definition": version["definition_sha256"], "items": list(items.values()), "number": 1}
    assert version["sha256"] == sha256_of(whole)


def test_the_commands_write_a_package_and_a_table_and_print_how_far_they_are_for_a_program(
    web: TestClient,
    database: Database,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "TOLD_EVERY", 8)
    set_up(database)
    take(web, external_id="a")
    env = {"HONEYGLASS_HOME": str(settings.home), "HONEYGLASS_DATABASE_URL": settings.database_url}
    out = tmp_path / "p.zip"
    for command, total in (("package", 32), ("export", 8)):
        done = CliRunner().invoke(cli, [command, "small", "--out", str(out), "--tell", "--json"], env=env)
        assert done.exit_code == 0, done.output
        first, *_, last = map(json.loads, done.stdout.splitlines())
        assert first == {"done": 8, "total": total}
        assert last["files"]["long.csv"]["rows"] == 8 if command == "package" else last["rows"] == 8
        assert zipfile.is_zipfile(out) == (command == "package")
