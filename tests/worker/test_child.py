"""What a student's process says of an error, and what is stored of what it told."""

import pytest

from app.contract.base import InvalidFile
from app.students.told import Told, Turn
from app.worker.child import LONGEST_REASON, attempt
from app.worker.work import as_written


@pytest.mark.parametrize("kind", [TypeError, AssertionError, KeyError, RuntimeError])
def test_an_unexpected_error_is_answered_in_a_sentence_and_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    def go_wrong() -> None:
        raise kind("/home/somebody/model: no good" + 10_000 * "!")

    reply = attempt(go_wrong)
    assert reply.failed is not None
    assert reply.failed.startswith(kind.__name__)
    assert "somebody" not in reply.failed
    [record] = caplog.records
    assert record.getMessage() == reply.failed
    assert "in go_wrong" in str(record.exc_text)
    assert len(reply.failed) < LONGEST_REASON + 50


def test_a_refusal_is_its_sentence_alone_and_nothing_to_log(caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> None:
        raise InvalidFile("The tokenizer belongs to another model.")

    assert attempt(refuse).failed == "The tokenizer belongs to another model."
    assert not caplog.records


@pytest.mark.parametrize("is_truncated", [True, False])
def test_all_that_a_student_told_is_stored_with_its_hashes(*, is_truncated: bool) -> None:
    turn = Turn(
        name="both", input="Where?", output="Here", input_tokens=6, tokens=4, is_truncated=is_truncated
    )
    told = Told(
        question_id=7,
        answer="Here",
        explanation=None,
        missing=("explanation: So",),
        turns=(turn,),
        record={"way": "one"},
    )
    written = as_written(told, {"model_sha256": "a"})
    assert (written.question_id, written.answer, written.explanation) == (7, "Here", None)
    assert (written.is_truncated, written.missing) == (is_truncated, ("explanation: So",))
    assert written.record == {
        "way": "one",
        "model_sha256": "a",
        "missing": ["explanation: So"],
        "steps": [turn.model_dump()],
    }
