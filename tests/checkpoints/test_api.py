"""Checkpoints and runs for programs."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from fastapi.testclient import TestClient

from app.contract.bundle import read_bundle
from app.models import AuditEvent
from app.web.db import Database
from tests.checkpoints.folders import make_student, zipped
from tests.factories import make_checkpoint, make_question_set, make_run
from tests.staff import bearer

API = "/api/v1"


def test_a_checkpoint_is_added_and_listed(web: TestClient, database: Database, tmp_path: Path) -> None:
    headers = bearer(database, role="admin")
    files = {"file": ("s.zip", zipped(make_student(tmp_path / "s")))}
    made = web.post(f"{API}/checkpoints", files=files, data={"name": "student"}, headers=headers)
    assert (made.status_code, made.json()["state"]) == (201, "registered")
    assert made.json()["left_behind"] == ["optimizer.pt", "training_args.bin"]
    assert sorted(web.get(f"{API}/checkpoints/student", headers=headers).json()["files"]) == [
        "config.json",
        "model.safetensors",
        "student.json",
        "tokenizer.json",
    ]
    taken = web.post(f"{API}/checkpoints", files=files, data={"name": "student"}, headers=headers)
    assert (taken.status_code, "choose another name" in taken.json()["detail"]) == (409, True)
    assert web.post(f"{API}/checkpoints/student/retire", headers=headers).json()["state"] == "retired"
    [listed] = web.get(f"{API}/checkpoints", headers=headers).json()
    assert (listed["name"], listed["state"], listed["source"]) == ("student", "retired", "an upload")
    assert web.post(f"{API}/checkpoints/student/verify", headers=headers).status_code == 409


def test_a_run_is_planned_cancelled_read_and_exported(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
        make_checkpoint(session)
        make_run(session, told=["yes"] * 6 + ["no"] * 2)
    headers = bearer(database)
    plan = {"question_set": "set", "question_ids": ["q3", "q1"], "precision": "bf16"}
    made = web.post(f"{API}/checkpoints/student/runs", json=plan, headers=headers)
    assert (made.status_code, made.json()["total"], made.json()["state"]) == (201, 2, "running")
    number = made.json()["run_id"]
    assert web.get(f"{API}/runs/{number}/bundle", headers=headers).status_code == 409
    cancelled = web.post(f"{API}/runs/{number}/cancel", headers=headers)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    read = web.get(f"{API}/runs/1", headers=headers).json()
    assert (read["summary"]["right"], read["summary"]["total"]) == (6, 8)
    wrong = web.get(f"{API}/runs/1/outputs?which=wrong", headers=headers).json()
    assert [one["answer"] for one in wrong] == ["no", "no"]
    bundle = web.get(f"{API}/runs/1/bundle", headers=headers)
    assert bundle.headers["content-type"] == "application/zip"
    with ZipFile(BytesIO(bundle.content)) as archive:
        archive.extractall(tmp_path / "bundle")
    assert len(read_bundle(tmp_path / "bundle").rows) == 8
    with database.transaction() as session:
        assert session.query(AuditEvent).filter_by(action="run.exported").one().after == {"rows": 8}
    assert web.get(f"{API}/runs/99", headers=headers).status_code == 404


def test_a_question_is_tried(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_checkpoint(session)
    headers = bearer(database)
    asked = {"question": "Where?", "choices": ["here", "there"]}
    made = web.post(f"{API}/checkpoints/student/tries", json=asked, headers=headers)
    assert made.status_code == 202
    place = f"{API}/checkpoints/student/tries/{made.json()['id']}"
    assert web.get(place, headers=headers).json()["state"] == "waiting"
    queue = web.app.state.queue  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    queue.put_result(queue.dequeue().id, {"answer": "here", "explanation": "So.", "record": {}})
    assert web.get(place, headers=headers).json()["answer"] == "here"
    unknown = web.post(f"{API}/checkpoints/student/tries", json=asked | {"way": "none"}, headers=headers)
    assert (unknown.status_code, "in the way 'none'" in unknown.json()["detail"]) == (422, True)
