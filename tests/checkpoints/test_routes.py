"""Checkpoints in the browser: taken in, looked at, asked, retired."""

import html
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from huey.utils import Error
from redis.exceptions import RedisError

from app.checkpoints.intake import checkpoints_folder
from app.checkpoints.queries import checkpoint_by_name
from app.contract.described import Evaluation, Explanations, Method
from app.main import create_app
from app.models import AuditEvent, Checkpoint, GenerationRun
from app.queue import beat
from app.settings import Settings
from app.web.db import Database
from tests.checkpoints.folders import make_student, zipped
from tests.factories import make_checkpoint, make_question_set, make_run
from tests.staff import become, text_of
from tests.worker.manifests import make_manifest


def upload(web: TestClient, content: bytes, name: str = "student", **fields: str) -> Any:
    return web.post("/checkpoints", files={"file": ("my.zip", content)}, data={"name": name, **fields})


def files_of(settings: Settings) -> list[Path]:
    return [path for path in checkpoints_folder(settings).rglob("*") if path.is_file()]


def state_of(database: Database, name: str = "student") -> str:
    with database.transaction() as session:
        return checkpoint_by_name(session, name).state


@pytest.mark.usefixtures("apart")
def test_an_admin_uploads_a_student_and_a_worker_is_asked_to_verify_it(
    web: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    become(web, database, role="admin")
    done = upload(web, zipped(make_student(tmp_path / "s")))
    assert (done.status_code, done.headers["location"]) == (303, "/checkpoints/student")
    page = text_of(web.get("/checkpoints/student"))
    assert "Left behind, unopened: optimizer.pt, training_args.bin" in page
    assert "registered The next free worker loads it" in page
    assert "an upload" in page
    assert str(tmp_path) not in page
    assert web.app.state.queue.pending_count() == 1  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    assert len(files_of(settings)) == 4
    assert list((settings.home / "uploads").iterdir()) == []
    assert "student" in text_of(web.get("/checkpoints"))
    with database.transaction() as session:
        assert session.query(AuditEvent).filter_by(action="checkpoint.created", subject="student").one()


def test_what_is_refused_leaves_nothing_behind_and_keeps_what_was_typed(
    web: TestClient, database: Database, settings: Settings, tmp_path: Path
) -> None:
    become(web, database, role="admin")
    without = make_student(tmp_path / "without")
    typed = (without / "student.json").read_text()
    (without / "student.json").unlink()
    refused = upload(web, zipped(without), "kept-name")
    assert refused.status_code == 422
    assert "Nothing was added. There is no student.json beside the weights." in text_of(refused)
    assert 'value="kept-name"' in refused.text
    broken = upload(web, zipped(without), manifest='{"schema_version": 7}')
    assert "written as version 7; this release reads version 1" in text_of(broken)
    assert "schema_version" in broken.text.split("<textarea")[1]
    assert "my.zip: cannot be unpacked" in text_of(upload(web, b"PK\x05\x06 no archive"))
    assert files_of(settings) == []
    assert upload(web, zipped(without), manifest=typed).status_code == 303
    again = upload(web, zipped(make_student(tmp_path / "again")))
    assert "There is a checkpoint named 'student' already" in text_of(again)
    assert len(files_of(settings)) == 3
    with database.transaction() as session:
        assert session.query(Checkpoint).count() == 1


def test_the_example_beside_the_form_is_a_manifest_that_works(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    become(web, database, role="admin")
    page = html.unescape(web.get("/checkpoints").text)
    example = page.partition('aria-label="Example">')[2].partition("</pre>")[0]
    folder = make_student(tmp_path / "s")
    (folder / "student.json").unlink()
    assert upload(web, zipped(folder), manifest=example).status_code == 303


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bomb_and_a_way_out_are_refused_in_a_sentence(
    web: TestClient, database: Database, settings: Settings
) -> None:
    become(web, database, role="admin")
    bomb, outside = BytesIO(), BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.safetensors", bytes(2**21))
        archive.filelist[0].file_size = 10 * 2**30
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr("../evil.json", "{}")
    assert "would unpack to more than the 8,192 MB" in text_of(upload(web, bomb.getvalue()))
    assert "leads out of the archive" in text_of(upload(web, outside.getvalue()))
    assert files_of(settings) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_uploads_stay_under_the_quota(database: Database, settings: Settings, tmp_path: Path) -> None:
    tight = settings.model_copy(update={"checkpoint_quota_mb": 1})
    filler = checkpoints_folder(tight) / "older" / "model.safetensors"
    filler.parent.mkdir(parents=True)
    filler.write_bytes(bytes(2**20 - 10))
    with TestClient(create_app(tight, database), follow_redirects=False) as web:
        become(web, database, role="admin")
        refused = text_of(upload(web, zipped(make_student(tmp_path / "s"))))
        assert "more than the 0 MB that HONEYGLASS_CHECKPOINT_QUOTA_MB leaves" in refused
        filler.write_bytes(bytes(2**20))
        full = text_of(upload(web, zipped(tmp_path / "s")))
        assert "fill the 1 MB that HONEYGLASS_CHECKPOINT_QUOTA_MB allows. Raise it, or delete" in full
        large = text_of(upload(web, bytes(2**20 * 3)))
        assert "fill the 1 MB" in large
    assert files_of(tight) == [filler]


def test_a_student_on_the_server_is_taken_in_from_below_the_root_only(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    make_student(root / "a")
    made = settings.model_copy(update={"checkpoint_root": root})
    with TestClient(create_app(made, database), follow_redirects=False) as web:
        become(web, database, role="admin")
        assert '<option value="a">' in web.get("/checkpoints").text
        out = web.post("/checkpoints/from-folder", data={"path": "../elsewhere", "name": "b"})
        assert "leads out of the folder" in text_of(out)
        assert 'value="../elsewhere"' in out.text
        done = web.post("/checkpoints/from-folder", data={"path": "a", "name": "b"})
        assert done.headers["location"] == "/checkpoints/b"
        assert str(tmp_path) not in web.get("/checkpoints/b").text
    assert state_of(database, "b") == "registered"


def test_failed_verified_again_retired_purged(
    web: TestClient, database: Database, settings: Settings
) -> None:
    with database.transaction(writing=True) as session:
        make_checkpoint(session, state="failed", reason="It has no legs.", attempts=1)
        make_checkpoint(session, "base", files={"model.gguf": {"sha256": "b" * 64, "bytes": 1}})
        base = {"source": "gguf", "id": "a/b", "sha256": "b" * 64}
        make_checkpoint(session, "adapter", manifest=json.loads(make_manifest(base=base)))
    become(web, database, role="admin")
    assert "It has no legs." in text_of(web.get("/checkpoints/student"))
    assert web.post("/checkpoints/student/verify").status_code == 303
    assert state_of(database) == "registered"
    early = web.post("/checkpoints/student/purge")
    assert (early.status_code, "only a retired one" in text_of(early)) == (409, True)
    folder = checkpoints_folder(settings) / "base"
    folder.mkdir(parents=True)
    for name in ("student", "base"):
        assert web.post(f"/checkpoints/{name}/retire").status_code == 303
    assert "'adapter' is an adapter on these files" in text_of(web.post("/checkpoints/base/purge"))
    assert folder.exists()
    assert web.post("/checkpoints/adapter/retire").status_code == 303
    assert web.post("/checkpoints/base/purge").status_code == 303
    assert not folder.exists()
    assert "only a failed one is verified again" in text_of(web.post("/checkpoints/student/verify"))


def test_a_researcher_has_a_set_answered_and_sees_what_is_wrong_with_a_plan(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
        make_checkpoint(session)
    become(web, database)
    asked = {"question_set": "set", "limit": "5", "precision": "bf16", "way": ""}
    done = web.post("/checkpoints/student/runs", data=asked)
    assert done.headers["location"] == "/checkpoints/student"
    assert "0 of 5" in text_of(web.get("/checkpoints/student/progress"))
    assert 'hx-get="/checkpoints/student/progress"' in web.get("/checkpoints/student").text
    with database.transaction() as session:
        run = session.query(GenerationRun).one()
        assert (run.total, run.precision, run.way) == (5, "bf16", "one")
    wrong = web.post("/checkpoints/student/runs", data=asked | {"limit": "-1"})
    assert (wrong.status_code, "Must be at least 1" in text_of(wrong)) == (422, True)
    other = web.post("/checkpoints/student/runs", data=asked | {"way": "none"})
    assert "cannot be asked in the way 'none'" in text_of(other)
    assert web.post("/checkpoints/student/runs", data=asked | {"question_set": "x"}).status_code == 404


def test_a_checkpoints_page_sums_up_its_newest_complete_run(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
        make_checkpoint(session)
        make_run(session, told=["yes"] * 6 + ["no"] * 2)
        make_run(session)
    become(web, database)
    page = text_of(web.get("/checkpoints/student"))
    assert "75.0 % 6 of 8; 95 % interval 40.9–92.9 %" in page
    assert "Run 2 " in page


def test_a_question_is_tried_through_the_queue_and_its_answer_shown_once(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_checkpoint(session)
        make_checkpoint(session, "failed", state="failed")
    become(web, database)
    asked = {"question": "Where?", "choices": "here\r\n\r\nthere", "way": "one"}
    few = web.post("/checkpoints/student/tries", data=asked | {"choices": "here"})
    assert "2 to 26 choices, one in a line" in text_of(few)
    assert 'value="Where?"' in few.text
    assert "only a ready one can be asked" in text_of(web.post("/checkpoints/failed/tries", data=asked))
    place = web.post("/checkpoints/student/tries", data=asked).headers["location"]
    queue = web.app.state.queue  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    task = queue.dequeue()
    assert task.args == (1, "one", "Where?", ["here", "there"], None)
    beat(queue)
    waiting = web.get(place)
    assert "It is being asked" in text_of(waiting)
    assert f'hx-get="{place}?looks=1"' in waiting.text
    step = {"name": "both", "input": "in", "output": "out", "tokens": 3, "is_truncated": False}
    record = {"missing": ["answer: X"], "steps": [step], "precision": "fp32", "seconds": 1.0}
    queue.put_result(task.id, {"answer": None, "explanation": "<b>so</b>", "record": record})
    told = web.get(place)
    assert "<b>so</b>" in text_of(told)
    assert "&lt;b&gt;so" in told.text
    assert "Not found in its output: answer: X." in text_of(told)
    assert "An answer is shown once".lower() in text_of(web.get(f"{place}?looks=150")).lower()
    queue.put_result(task.id, Error({"error": "lost"}))
    assert "The worker could not answer" in text_of(web.get(place))


NO_WORKER = "No worker is running."


def test_whatever_waits_for_a_worker_says_when_none_is_running_and_how_to_start_one(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
        make_checkpoint(session)
        make_checkpoint(session, "new", state="registered")
        make_run(session)
    become(web, database)
    asked = {"question": "Where?", "choices": "here\r\nthere", "way": "one"}
    trial = web.post("/checkpoints/student/tries", data=asked).headers["location"]
    places = (
        "/checkpoints",
        "/checkpoints/new",
        "/checkpoints/new/progress",
        "/checkpoints/student",
        "/runs/1",
    )
    for place in (*places, trial, f"{trial}?looks=150"):
        page = text_of(web.get(place))
        assert NO_WORKER in page, place
        assert "Start one on the server with honeyglass worker" in page, place
    assert f'hx-get="{trial}?looks=1"' in web.get(trial).text  # and goes on looking
    beat(web.app.state.queue)  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    for place in (*places, trial):
        assert NO_WORKER not in text_of(web.get(place)), place


def test_a_checkpoint_with_nothing_to_wait_for_names_a_missing_worker_beside_the_question_form_alone(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_checkpoint(session)
    become(web, database)
    page = text_of(web.get("/checkpoints/student"))
    assert page.count(NO_WORKER) == 1
    assert page.index("Try it") < page.index(NO_WORKER)
    assert NO_WORKER not in text_of(web.get("/checkpoints"))


def test_a_queue_out_of_reach_is_said_and_loses_nothing(
    web: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(web, database, role="admin")
    with database.transaction(writing=True) as session:
        make_checkpoint(session, "ready")

    def broken(*_: object) -> None:
        raise RedisError("no such host")

    monkeypatch.setattr(web.app.state.queue, "enqueue", broken)  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    assert upload(web, zipped(make_student(tmp_path / "s"))).status_code == 303
    assert state_of(database) == "registered"
    asked = {"question": "Where?", "choices": "here\nthere", "way": "one"}
    tried = web.post("/checkpoints/ready/tries", data=asked)
    assert (tried.status_code, "does not answer" in text_of(tried)) == (503, True)


def test_pages_show_the_method_and_what_was_measured_as_training_writes_them(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    become(web, database, role="admin")
    evaluation = Evaluation(
        n=1000, accuracy=0.33, ci95=(0.301, 0.359), explanations=Explanations(words=43.25)
    )
    added = {**evaluation.model_dump(mode="json"), "temperature_of_the_room": 21}
    method = Method(training="combined", data="revised").model_dump(mode="json")
    upload(web, zipped(make_student(tmp_path / "s", method=method, evaluation=added)))
    assert "<td>combined</td>" in web.get("/checkpoints").text
    page = text_of(web.get("/checkpoints/student"))
    assert "decoder-only student, combined, made from" in page
    assert "Accuracy 0.33 (95 %: 0.301 to 0.359)" in page
    assert "Explanations: words 43.25" in page
    assert "temperature_of_the_room 21" in page
    assert "Chance" not in page  # which was not measured


def test_what_a_manifest_says_of_itself_in_another_kind_shows_as_it_is_written(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    become(web, database, role="admin")
    upload(web, zipped(make_student(tmp_path / "s", evaluation={"accuracy": "very good"})))
    assert "accuracy very good" in text_of(web.get("/checkpoints/student"))


def test_a_student_of_an_earlier_release_shows_though_its_measures_are_written_otherwise(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        fields = json.loads(make_manifest())
        fields["evaluation"] = {"accuracy": "about one half", "split": ["test"]}
        make_checkpoint(session, manifest=fields)
    become(web, database, role="admin")
    assert "student" in text_of(web.get("/checkpoints"))
    page = web.get("/checkpoints/student")
    assert page.status_code == 200
    assert "about one half" in page.text
