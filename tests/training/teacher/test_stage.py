import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.contract.lesson import TeacherRow
from tests.training.teacher.place import (
    CALLS_PER_QUESTION,
    CHOICES,
    call,
    generate,
    read_lines,
    rows_of,
    write_config,
)
from tests.training.teacher.stub_endpoint import (
    Answer,
    Request,
    Stub,
    asked_choice,
    completion,
    failure,
    good,
    is_critique,
    last_words,
    running_stub,
)
from training.teacher.prompting import read_prompts


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        yield stub


# What is asked and what comes out


def test_a_choice_is_argued_for_once_and_never_the_answer_however_they_are_written(
    tmp_path: Path, stub: Stub
) -> None:
    path = write_config(tmp_path, stub, count=1)
    [row] = read_lines(tmp_path / "questions.jsonl")
    row |= {"choices": ["Fridge", "oven", "Oven ", "FRIDGE"], "answer": "fridge"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    generate(path)
    assert list(rows_of(tmp_path)["q0"]["counterfactuals"]) == ["oven"]


def test_every_question_gets_a_row_with_all_stages_and_where_they_come_from(
    tmp_path: Path, stub: Stub
) -> None:
    generate(write_config(tmp_path, stub))
    rows = rows_of(tmp_path)
    assert sorted(rows) == ["q0", "q1", "q2"]
    assert TeacherRow.model_validate(rows["q1"])
    provenance = rows["q1"].pop("provenance")
    assert rows["q1"] == {
        "id": "q1",
        "question": "Where is milk 1?",
        "choices": CHOICES,
        "answer": "fridge",
        "context": None,
        "explanation": "Because of fridge, in short.",
        "critique": "The other choices are not mentioned.",
        "revised_explanation": "Because of fridge, in short.",
        "counterfactuals": {"oven": "Because of oven, in short.", "sofa": "Because of sofa, in short."},
    }
    assert provenance == {
        "model": "stub-1",
        "prompts_sha256": {stage: prompt.sha256 for stage, prompt in read_prompts().items()},
        "decoding": {"temperature": 0.0, "max_tokens": 400, "seed": 0},
        "tokens": {"input": 100 * CALLS_PER_QUESTION, "output": 10 * CALLS_PER_QUESTION},
    }
    assert len(stub.requests) == 3 * CALLS_PER_QUESTION


def test_a_revision_is_asked_with_the_explanation_and_its_critique(tmp_path: Path, stub: Stub) -> None:
    generate(write_config(tmp_path, stub, count=1))
    said = [last_words(request) for request in stub.requests]
    [revision] = [words for words in said if words.endswith("What does the revised explanation say?")]
    assert "Explanation: Because of fridge, in short.\n" in revision
    assert "Critique: The other choices are not mentioned.\n" in revision


def test_counterfactuals_and_revision_can_be_left_out(tmp_path: Path, stub: Stub) -> None:
    generate(write_config(tmp_path, stub, count=1, counterfactuals=False, revision=False))
    row = rows_of(tmp_path)["q0"]
    assert (row["counterfactuals"], row["critique"], row["revised_explanation"]) == ({}, None, None)
    assert len(stub.requests) == 1


def test_a_premise_comes_along_as_context(tmp_path: Path, stub: Stub) -> None:
    path = write_config(tmp_path, stub, format="esnli")
    pair = {"premise": "A man sleeps.", "hypothesis": "He is awake.", "label": 2}
    (tmp_path / "questions.jsonl").write_text(json.dumps(pair) + "\n", encoding="utf-8")
    generate(path)
    [row] = rows_of(tmp_path).values()
    assert (row["context"], row["answer"]) == ("A man sleeps.", "contradiction")
    assert list(row["counterfactuals"]) == ["entailment", "neutral"]
    assert all("Context: A man sleeps.\nQuestion: He is awake." in last_words(each) for each in stub.requests)


def test_never_more_requests_are_under_way_than_allowed(tmp_path: Path, stub: Stub) -> None:
    stub.delay_s = 0.01
    generate(write_config(tmp_path, stub, count=12, concurrency=3))
    assert stub.most_at_once == 3
    assert len(rows_of(tmp_path)) == 12


# Rejects


@pytest.mark.parametrize(
    "answer,reason",
    [
        (completion(""), "empty"),
        (completion(None), "empty"),
        (completion("Cold keeps", "length"), "runs on: cut off at the token limit"),
        (completion("Cold.\n\nQuestion: What is hot?"), "runs on: goes on to a question of its own"),
        (completion("Heat.\nAnswer: oven"), "contradicts the answer: ends with 'oven', not 'fridge'"),
    ],
)
def test_a_rejected_explanation_is_kept_beside_with_its_reason_and_gives_no_row(
    tmp_path: Path, stub: Stub, answer: Answer, reason: str
) -> None:
    stub.script(answer)
    path = write_config(tmp_path, stub, count=1)
    generate(path)
    assert not (tmp_path / "teacher.jsonl").read_bytes()
    [reject] = read_lines(tmp_path / "teacher.rejects.jsonl")
    assert (reject["id"], reject["stage"], reject["reason"]) == ("q0", "explanation", reason)
    assert reject["text"] == json.loads(answer.body)["choices"][0]["message"]["content"] or reason == "empty"
    generate(path)
    assert len(stub.requests) == 1, "what was rejected is not asked again"


def test_a_rejected_counterfactual_or_critique_leaves_a_gap_in_the_row(tmp_path: Path, stub: Stub) -> None:
    def respond(request: Request) -> Answer:
        if is_critique(request):
            return completion("Too", "length")
        return completion("") if asked_choice(request) == "oven" else good(request)

    stub.respond = respond
    path = write_config(tmp_path, stub, count=1)
    generate(path)
    row = rows_of(tmp_path)["q0"]
    assert list(row["counterfactuals"]) == ["sofa"]
    assert (row["critique"], row["revised_explanation"]) == (None, None)
    rejects = {(each["stage"], each["choice"]) for each in read_lines(tmp_path / "teacher.rejects.jsonl")}
    assert rejects == {("counterfactual", "oven"), ("critique", "fridge")}
    assert row["provenance"]["tokens"] == {"input": 400, "output": 40}, "rejected replies were paid for too"


def test_the_command_counts_rows_rejects_tokens_and_cost(tmp_path: Path, stub: Stub) -> None:
    stub.respond = lambda request: completion("") if "oven" in last_words(request)[-60:] else good(request)
    status, said = call(write_config(tmp_path, stub))
    assert status == 0, said
    calls = 3 * CALLS_PER_QUESTION
    cost = (calls * 100 * 2 + calls * 10 * 8) / 1e6
    assert f"3 replies rejected; {calls * 100:,} + {calls * 10} tokens, cost {cost:.4f}." in said
    assert "3 × empty" in said


# Trouble with the endpoint


def test_a_busy_and_a_broken_endpoint_is_asked_again(tmp_path: Path, stub: Stub) -> None:
    stub.script(failure(429), failure(500), Answer(200, b"{"), failure(503, Retry_After="0"))
    generate(write_config(tmp_path, stub, count=2, retries=4, concurrency=4))
    assert len(rows_of(tmp_path)) == 2
    assert len(stub.requests) == 2 * CALLS_PER_QUESTION + 4


def test_a_question_without_an_answer_is_named_and_asked_by_the_next_run(tmp_path: Path, stub: Stub) -> None:
    stub.respond = lambda request: failure(500) if "milk 1?" in last_words(request) else good(request)
    path = write_config(tmp_path, stub)
    status, said = call(path)
    assert status == 1
    assert "Not answered, q1: status 500, 3 times" in said
    assert sorted(rows_of(tmp_path)) == ["q0", "q2"]
    stub.respond = good
    assert call(path)[0] == 0
    assert sorted(rows_of(tmp_path)) == ["q0", "q1", "q2"]


def test_an_endpoint_that_is_down_stops_the_run_after_a_few_questions(tmp_path: Path, stub: Stub) -> None:
    stub.respond = lambda _request: failure(502)
    status, said = call(write_config(tmp_path, stub, count=40))
    assert status == 1
    assert "The endpoint seems to be down: status 502, 3 times." in said
    assert len(stub.requests) < 40


@pytest.mark.parametrize("status,word", [(401, "does not accept the API key"), (404, "no model 'stub-1'")])
def test_a_wrong_key_or_model_stops_at_once_with_a_sentence(
    tmp_path: Path, stub: Stub, status: int, word: str
) -> None:
    stub.respond = lambda _request: failure(status)
    code, said = call(write_config(tmp_path, stub, count=40))
    assert code == 1
    assert word in said
    assert len(stub.requests) <= 2


def test_a_request_the_endpoint_refuses_is_a_reject(tmp_path: Path, stub: Stub) -> None:
    too_long = failure(400, "maximum context length")
    stub.respond = lambda request: too_long if is_critique(request) else good(request)
    generate(write_config(tmp_path, stub, count=1))
    [reject] = read_lines(tmp_path / "teacher.rejects.jsonl")
    assert (reject["stage"], reject["reason"]) == ("critique", "refused: 400: maximum context length")


def test_the_key_comes_from_the_named_variable_and_is_written_nowhere(
    tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sk-secret")
    generate(write_config(tmp_path, stub, api_key_env="TEACHER_KEY"))
    assert set(stub.keys) == {"Bearer sk-secret"}
    assert not [path for path in tmp_path.iterdir() if b"sk-secret" in path.read_bytes()]
