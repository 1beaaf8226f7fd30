"""JSON lines: the long table for programs, with every value in its own type."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.exports.base import Table
from app.exports.service import export, write_json_lines
from app.web.db import Database
from tests.exports.walks import exported, set_up, take

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(TEXTS, st.integers() | st.booleans() | st.none()), max_size=5))
def test_every_value_comes_back_as_it_was_with_one_line_for_each_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int | bool | None]]
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "out.jsonl"
    assert write_json_lines(path, Table(("a", "b"), iter(rows))) == len(rows)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"a": text, "b": value} for text, value in rows]


def test_the_lines_hold_what_long_holds_as_numbers_booleans_null_and_undefused_text(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    codes = [take(web, external_id="a").code, take(web, external_id="b", items=2, shift=1).code]
    out = tmp_path / "out.jsonl"
    with database.snapshot() as session:
        manifest = export(session, "small", "jsonl", out)
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    rows = exported(database, tmp_path, "long")
    assert [list(line) for line in found] == [list(row) for row in rows]
    assert [{key: as_in_csv(value) for key, value in line.items()} for line in found] == rows
    for line in found:
        assert [type(line[key]) for key in ("version", "item", "position", "value")] == [int] * 4
        assert line["answer_correct"] is True
        assert isinstance(line["duration_ms"], int)
        assert datetime.fromisoformat(line["submitted_at"]).tzinfo is not None
    comments = {line["position"]: line["comment"] for line in found}
    assert comments == {1: "=1+1", 2: 'Yes, "so",\nit is – 😀', 3: None, 4: "-2 is fine"}
    assert (manifest["format"], manifest["rows"], manifest["file"]) == ("jsonl", len(found), "out.jsonl")
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert json.loads((tmp_path / "out.jsonl.manifest.json").read_text()) == manifest
    assert not [code for code in codes if code in out.read_text(encoding="utf-8")]


def as_in_csv(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if str(value).startswith(("=", "-")) else str(value)
