"""Generation runs as their workers see them: claims, leases, pauses, the end; on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.student import parse_student
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEvent, Checkpoint, GenerationBatch, GenerationRun
from app.runs import inspection, progress
from app.runs import service as runs
from app.runs.service import Plan, Written
from tests.factories import make_question_set
from tests.worker.manifests import make_manifest

LEASE_S = 60


def make_checkpoint(session: Session, name: str = "student", state: str = "ready") -> Checkpoint:
    manifest = parse_student(make_manifest().encode())
    made = Checkpoint(
        name=name,
        state=state,
        folder=name,
        source="/somewhere",
        manifest=manifest.model_dump(mode="json"),
        files={},
        left_behind=[],
        model_sha256="0" * 64,
        tokenizer_sha256="1" * 64,
        created_at=datetime.now(UTC),
    )
    session.add(made)
    session.flush()
    return made


def make_run(session: Session, count: int = 4, **plan: Any) -> GenerationRun:
    if session.scalar(select(Checkpoint)) is None:
        make_checkpoint(session)
        make_question_set(session, count)
    return runs.create_run(session, Plan("student", "set", **plan))


def written(question_id: int, **changes: Any) -> Written:
    fields: dict[str, Any] = {
        "answer": "yes",
        "explanation": "Yes, since it is so.",
        "is_truncated": False,
        "missing": (),
        "record": {"way": "one"},
    }
    return Written(question_id, **(fields | changes))


def claim(session: Session, run: GenerationRun, worker: str = "w") -> GenerationBatch | None:
    return runs.claim_batch(session, run.id, worker, LEASE_S)


def test_a_batch_is_one_workers_until_its_lease_is_over(session: Session) -> None:
    run = make_run(session)
    batch = claim(session, run)
    assert batch is not None
    assert claim(session, run, "other") is None
    assert runs.prolong(session, batch.id, "w", LEASE_S)
    assert not runs.prolong(session, batch.id, "other", LEASE_S)
    batch.leased_until = datetime.now(UTC) - timedelta(seconds=1)
    session.flush()
    assert claim(session, run, "other") is batch
    assert not runs.prolong(session, batch.id, "w", LEASE_S)
    told = [written(number) for number in batch.question_ids]
    assert not runs.store_batch(session, batch.id, "w", told, 1)
    assert runs.store_batch(session, batch.id, "other", told, 1)
    assert not runs.store_batch(session, batch.id, "other", told, 1)
    found = progress.progress(session, run.id)
    assert (found.state, found.done, found.total) == ("complete", 4, 4)


def test_a_failing_batch_is_tried_again_after_growing_pauses_and_then_given_up(session: Session) -> None:
    run = make_run(session)
    pauses = []
    for _ in range(runs.MOST_ATTEMPTS):
        batch = claim(session, run)
        assert batch is not None
        runs.fail_batch(session, batch.id, "w", "no memory left")
        session.flush()
        pauses.append(round((batch.not_before - datetime.now(UTC)).total_seconds()))
        if run.state == "running":
            assert claim(session, run) is None
            wait_s = progress.seconds_to_next(session, run.id)
            assert wait_s is not None
            assert round(wait_s) == pauses[-1]
        batch.not_before = datetime.now(UTC)
        session.flush()
    assert pauses[:4] == [5, 10, 20, 40]
    assert (run.state, run.reason) == ("failed", "Batch 1 failed 5 times: no memory left")
    assert progress.seconds_to_next(session, run.id) is None


TOO_LONG = f"Answering took longer than 1800 s, {runs.STOPPED}"


def test_a_student_that_was_stopped_twice_is_asked_no_more_in_that_run(session: Session) -> None:
    run = make_run(session, 100)
    first, second = claim(session, run, "one"), claim(session, run, "two")
    assert first is not None
    assert second is not None
    runs.fail_batch(session, first.id, "one", TOO_LONG, is_stopped=True)
    assert (run.state, first.state) == ("running", "waiting")
    runs.fail_batch(session, second.id, "two", TOO_LONG, is_stopped=True)
    assert (run.state, second.state) == ("failed", "failed")
    assert run.reason == f"Batch 2 failed once: {runs.TWICE} {TOO_LONG}"


def test_a_student_that_was_stopped_once_and_failed_otherwise_is_tried_on(session: Session) -> None:
    run = make_run(session)
    for error, is_stopped in (("no memory left", False), (TOO_LONG, True), ("no memory left", False)):
        batch = claim(session, run)
        assert batch is not None
        runs.fail_batch(session, batch.id, "w", error, is_stopped=is_stopped)
        batch.not_before = datetime.now(UTC)
        session.flush()
        assert run.state == "running"


def test_a_batch_whose_workers_die_every_time_fails_its_run(session: Session) -> None:
    run = make_run(session)
    for _ in range(runs.MOST_ATTEMPTS):
        batch = claim(session, run)
        assert batch is not None
        batch.leased_until = datetime.now(UTC) - timedelta(seconds=1)
        session.flush()
    assert claim(session, run) is None
    assert run.state == "failed"
    assert "is there enough memory?" in (run.reason or "")


def test_a_cancelled_run_is_claimed_and_stored_no_more(session: Session) -> None:
    run = make_run(session)
    batch = claim(session, run)
    assert batch is not None
    runs.cancel_run(session, run.id)
    assert not runs.prolong(session, batch.id, "w", LEASE_S)
    assert not runs.store_batch(session, batch.id, "w", [], 1)
    assert claim(session, run) is None
    with pytest.raises(Conflict, match="is cancelled"):
        runs.cancel_run(session, run.id)
    with pytest.raises(NotFound):
        runs.cancel_run(session, 99)
    session.flush()
    noted = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [action for action in noted if action.startswith("run.")] == ["run.created", "run.cancelled"]


def test_what_cannot_be_run_is_refused_with_what_there_is(session: Session) -> None:
    with pytest.raises(NotFound, match="Checkpoints: none yet"):
        runs.create_run(session, Plan("student", "set"))
    make_run(session)
    make_checkpoint(session, "old", "retired")
    make_checkpoint(session, "new", "registered")
    for plan, error, words in (
        (Plan("old", "set"), Conflict, "'old' is retired"),
        (Plan("new", "set"), Conflict, "has not been verified yet"),
        (Plan("student", "no"), NotFound, "Question sets: set"),
        (Plan("student", "set", way="no"), Invalid, "cannot be asked in the way 'no'"),
        (Plan("student", "set", question_keys=("q9",)), Invalid, "no question 'q9'"),
    ):
        with pytest.raises(error, match=words):
            runs.create_run(session, plan)


def finish(session: Session, run: GenerationRun, told: dict[str, dict[str, Any]]) -> None:
    """Have a run's only batch say, question by question, what a test wants it to."""
    batch = claim(session, run)
    assert batch is not None
    said = [
        written(number, **changes)
        for number, changes in zip(sorted(batch.question_ids), told.values(), strict=True)
    ]
    assert runs.store_batch(session, batch.id, "w", said, 1000)


def test_outputs_are_counted_filtered_and_set_side_by_side(session: Session) -> None:
    run = make_run(session, 5)
    assert inspection.summarize(session, run.id) is None
    finish(
        session,
        run,
        {
            "q1": {},
            "q2": {"answer": "no", "explanation": "Maybe yes. The answer is no."},
            "q3": {"answer": None, "explanation": None, "missing": ("answer: The answer is",)},
            "q4": {"explanation": "So it is so. So it is so.", "is_truncated": True},
            "q5": {"explanation": "The answer is no."},
        },
    )

    def keys(which: inspection.Filter, **part: int) -> list[str]:
        return [one.question_key for one in inspection.outputs(session, run.id, which, **part)]

    assert keys("right") == ["q1", "q4", "q5"]
    assert keys("wrong") == ["q2", "q3"]
    assert keys("empty") == keys("missing_marker") == ["q3"]
    assert keys("repetitive") == keys("truncated") == ["q4"]
    assert keys("contradicting") == ["q5"]
    assert keys("all", offset=1, limit=2) == ["q2", "q3"]
    summary = inspection.summarize(session, run.id)
    assert summary is not None
    assert (summary.total, summary.right, summary.accuracy) == (5, 3, 0.6)
    assert [round(end, 3) for end in summary.ci95] == [0.231, 0.882]
    assert summary.mean_distractor_mentions == 0.75
    assert summary.flags["contradicting"] == 1
    other = make_run(session, 5, question_keys=("q5", "q2"))
    finish(session, other, {"q2": {}, "q5": {}})
    pairs = inspection.side_by_side(session, run.id, other.id)
    assert [(one.question_key, one.is_right, two.is_right) for one, two in pairs.shown] == [
        ("q2", False, True),
        ("q5", True, True),
    ]
