"""simulate and export, with the product's own server running as its users run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.models import Item
from app.web.db import Database
from tests.cli.conftest import Honeyglass, write_study
from tests.factories import make_study
from tests.servers import WebServer

HABITS = ("--dropout", "0.4", "--latecomers", "0.5", "--two-tabs", "0.5", "--double-submit", "0.3")
MORE_HABITS = ("--back", "0.3", "--reload", "0.3", "--paced", "--speed-up", "1000")


@pytest.fixture
def server(honeyglass: Honeyglass, tmp_path: Path) -> Iterator[WebServer]:
    """A dry run of the small study, served from the home that the commands use."""
    assert honeyglass("study", "list").status == 0
    home = tmp_path / "home"
    database = Database(f"sqlite:///{home}/honeyglass.db")
    with database.transaction(writing=True) as session:
        make_study(session, audience="synthetic", comment="required")
    database.engine.dispose()
    with WebServer(home, str(database.engine.url)) as server:
        yield server


def test_a_simulated_study_is_checked_exported_and_caught_when_tampered_with(
    server: WebServer, honeyglass: Honeyglass, tmp_path: Path
) -> None:
    effects = tmp_path / "effects.yaml"
    effects.write_text("{one: 5, two: {plausibility: 1}}", encoding="utf-8")
    command = ("simulate", "small", "--url", server.address, "--participants", "4", "--concurrency", "2")
    done = honeyglass(*command, "--effects", effects, "--json")
    assert (done.status, done.json["ok"], done.json["errors"]) == (0, True, [])
    counts = [done.json[key] for key in ("completed", "responses", "ratings", "lost", "differing")]
    assert counts == [4, 16, 32, 0, 0]
    text = honeyglass(*command).out
    assert text.startswith("4 of 4 completed; 16 responses, 32 ratings, 0 lost, 0 differing, 0 errors; ")

    out = tmp_path / "long.csv"
    manifest = honeyglass("export", "small", "--format", "long", "--out", out, "--json")
    assert (manifest.status, manifest.json["rows"], manifest.json["modes"]) == (0, 64, ["synthetic"])
    assert out.read_bytes().count(b"\r\n") == 65
    assert honeyglass("export", "small", "--out", out).out == f"Wrote 64 rows to {out}.\n"

    pseudonym = out.read_text(encoding="utf-8").splitlines()[1].split(",")[2]
    exclude = ("study", "exclude", "small", pseudonym, "--reason", "a test")
    excluded = honeyglass(*exclude, "--json")
    assert (excluded.status, excluded.json["status"]) == (0, "excluded")
    assert honeyglass(*exclude).complaint.endswith("counts no more.\n")
    found = honeyglass("study", "check", "small", "--json")
    assert (found.status, found.json["ok"]) == (0, True)
    assert (found.json["participants"], found.json["completed"]) == (8, 7)

    database = Database(f"sqlite:///{server.home}/honeyglass.db")
    with database.transaction(writing=True) as session:
        session.execute(update(Item).where(Item.id == 1).values(answered=7))
    database.engine.dispose()
    found = honeyglass("study", "check", "small", "--json")
    assert (found.status, found.json["ok"], len(found.json["problems"])) == (1, False, 1)
    assert "1 problems:\nitem 1: 7 answered kept" in honeyglass("study", "check", "small").out


def test_where_no_server_answers_simulating_says_how_to_start_one(
    launched: Honeyglass, tmp_path: Path
) -> None:
    command = ("simulate", "small", "--url", "http://127.0.0.1:1", "--participants", "2", "--json")
    refused = launched(*command)
    assert refused.status == 1
    assert "Study 'small' is for people." in refused.json["error"]
    forced = launched(*command, "--force")
    assert forced.status == 1
    assert forced.json["error"] == (
        "No server answers at http://127.0.0.1:1. Start one in another terminal with: honeyglass serve. "
        "If it runs elsewhere, say where with --url."
    )
    launched("study", "pause", "small")
    assert launched(*command, "--force").json["error"] == "Study 'small' is paused; launch it first."
    launched("study", "create", write_study(tmp_path, slug="draft"))
    assert launched("simulate", "draft", "--json").status == 1


@pytest.mark.parametrize("content", [b"one: high", b"one: [", b"\xff", b"", b"one: .nan"])
def test_effects_that_cannot_be_read_are_refused(
    launched: Honeyglass, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "effects.yaml").write_bytes(content)
    answer = launched("simulate", "small", "--effects", tmp_path / "effects.yaml", "--json")
    assert answer.status == 1
    assert "effects.yaml: " in answer.json["error"]


def test_an_export_into_a_folder_that_is_not_there_is_a_sentence(
    launched: Honeyglass, tmp_path: Path
) -> None:
    for out in (tmp_path / "none/out.csv", tmp_path):
        answer = launched("export", "small", "--out", out, "--json")
        assert answer.status == 1
        assert str(out) in answer.json["error"]


def test_every_format_is_exported_with_its_manifest(launched: Honeyglass, tmp_path: Path) -> None:
    for export_format, rows in (("long", 0), ("wide", 0), ("participants", 0), ("items", 16)):
        out = tmp_path / f"{export_format}.csv"
        answer = launched("export", "small", "--format", export_format, "--out", out, "--json")
        beside = json.loads((tmp_path / f"{export_format}.csv.manifest.json").read_text(encoding="utf-8"))
        assert answer.json == {"ok": True, **beside}
        assert (answer.json["rows"], answer.json["format"]) == (rows, export_format)


def test_misbehaving_people_are_counted_and_change_no_count(
    server: WebServer, honeyglass: Honeyglass
) -> None:
    command = ("simulate", "small", "--url", server.address, "--participants", "20", "--seed", "5")
    done = honeyglass(*command, *HABITS, *MORE_HABITS, "--json")
    told = done.json
    assert (done.status, told["ok"], told["errors"]) == (0, True, [])
    assert (told["completed"], told["dropped"]) == (16, 4)  # 8 vanish, 4 of them come back
    assert told["acknowledged"] == told["ratings"] == told["responses"] * 2
    assert (told["lost"], told["differing"], told["twice"]) == (0, 0, 0)
    for deed in ("double_submits", "backs", "stale_tabs", "reloads"):
        assert told[deed] > 0
    sentence = honeyglass(*command, "--dropout", "1").out
    assert sentence.startswith("0 of 20 completed; ")
    assert sentence.endswith("; 20 dropped.\n")
    assert honeyglass("study", "check", "small").status == 0
    refused = honeyglass(*command, "--dropout", "1.5")
    assert refused.status == 2
