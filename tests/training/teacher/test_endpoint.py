import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.training.teacher.stub_endpoint import Answer, Stub, completion, failure, running_stub
from training.teacher.endpoint import (
    Endpoint,
    EndpointError,
    NoAnswer,
    Patience,
    RequestRefused,
    Stopped,
    parse_retry_after,
)

MESSAGES = [{"role": "user", "content": "Right choice: fridge"}]
QUICK = Patience(retries=2, first_wait_s=0.001, longest_wait_s=0.01)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def waits() -> list[str]:
    return []


@pytest.fixture
def endpoint(stub: Stub, waits: list[str]) -> Iterator[Endpoint]:
    endpoint = make_endpoint(stub, waits)
    yield endpoint
    endpoint.client.close()


def make_endpoint(stub: Stub, waits: list[str], api_key: str | None = "sk-1") -> Endpoint:
    return Endpoint(
        base_url=stub.base_url,
        model="stub",
        decoding={"temperature": 0.0, "max_tokens": 7},
        api_key=api_key,
        patience=QUICK,
        on_wait=waits.append,
    )


def test_a_request_is_a_chat_completion_with_model_decoding_and_key(endpoint: Endpoint, stub: Stub) -> None:
    stub.script(completion("Cold keeps it fresh."))
    reply = endpoint.ask(MESSAGES)
    assert (reply.text, reply.finish_reason) == ("Cold keeps it fresh.", "stop")
    assert (reply.input_tokens, reply.output_tokens) == (100, 10)
    [request] = stub.requests
    assert request == {"model": "stub", "messages": MESSAGES, "temperature": 0.0, "max_tokens": 7}
    assert stub.paths == ["/v1/chat/completions"]
    assert stub.keys == ["Bearer sk-1"]


def test_without_a_key_no_authorization_is_sent(stub: Stub) -> None:
    endpoint = make_endpoint(stub, [], api_key=None)
    endpoint.ask(MESSAGES)
    endpoint.client.close()
    assert stub.keys == [None]


def test_after_a_429_the_same_is_asked_again(endpoint: Endpoint, stub: Stub, waits: list[str]) -> None:
    stub.script(failure(429), completion("Cold."))
    assert endpoint.ask(MESSAGES).text == "Cold."
    assert stub.requests[0] == stub.requests[1]
    assert waits[0].startswith("status 429; asking again in 0.0")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(endpoint: Endpoint, stub: Stub, waits: list[str], status: int) -> None:
    stub.script(failure(status, Retry_After="1"), completion("Cold."))
    started = datetime.now(UTC)
    endpoint.ask(MESSAGES)
    assert datetime.now(UTC) - started >= timedelta(seconds=1)
    assert waits == [f"status {status}; asking again in 1.0 s"]


def test_a_wait_that_nobody_would_sit_through_is_an_error(endpoint: Endpoint, stub: Stub) -> None:
    stub.script(failure(429, Retry_After="86400"))
    with pytest.raises(EndpointError, match="asks to wait 86400 s"):
        endpoint.ask(MESSAGES)


@pytest.mark.parametrize(
    "value,expected",
    [(None, None), ("3", 3.0), ("soon", None), ("-1", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)
def test_a_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    assert parse_retry_after(value) == expected


def test_a_date_to_retry_after_is_counted_from_now() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert parse_retry_after(moment) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "answer",
    [
        failure(500),
        failure(502),
        Answer(200, b'{"choices": [{"mess'),
        Answer(200, b'{"choices": []}'),
        Answer(200, b'{"error": "busy"}'),
        Answer(200, b'{"choices": [{"message": {"content": 3}}]}'),
        Answer(200, b"null"),
    ],
)
def test_a_broken_server_is_asked_again_and_given_up_in_the_end(
    endpoint: Endpoint, stub: Stub, answer: Answer
) -> None:
    stub.script(answer, answer, completion("Cold."))
    assert endpoint.ask(MESSAGES).text == "Cold."
    stub.script(answer, answer, answer, completion("Cold."))
    with pytest.raises(NoAnswer, match="3 times"):
        endpoint.ask(MESSAGES)
    assert len(stub.requests) == 6


def test_the_wait_doubles_up_to_the_longest() -> None:
    patience = Patience(first_wait_s=1, longest_wait_s=5)
    for attempt, expected in enumerate([1, 2, 4, 5, 5]):
        assert expected <= patience.wait_s(attempt) <= 1.25 * expected


@pytest.mark.parametrize(
    "status,complaint",
    [
        (401, r"does not accept the API key \(401: no\); see api_key_env"),
        (403, "does not accept the API key"),
        (404, r"no model 'stub' \(404: no\)"),
        (402, r"refuses the request \(402: no\)"),
        (400, r"refuses the request \(400: no\)"),
        (302, r"refuses the request \(302"),
    ],
)
def test_what_waiting_does_not_cure_is_an_error_at_once(
    endpoint: Endpoint, stub: Stub, status: int, complaint: str
) -> None:
    stub.script(failure(status))
    with pytest.raises(EndpointError, match=complaint):
        endpoint.ask(MESSAGES)
    assert len(stub.requests) == 1


def test_a_request_refused_after_others_were_answered_is_its_own_fault(
    endpoint: Endpoint, stub: Stub
) -> None:
    stub.script(completion("Cold."), failure(400, "too long"))
    endpoint.ask(MESSAGES)
    with pytest.raises(RequestRefused, match="400: too long"):
        endpoint.ask(MESSAGES)


def test_an_address_where_nobody_listens_is_tried_and_named() -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", "stub", {}, patience=QUICK)
    with pytest.raises(NoAnswer, match=r"no connection to http://127\.0\.0\.1:9/v1"):
        endpoint.ask(MESSAGES)
    endpoint.client.close()


@pytest.mark.parametrize("base_url", ["ftp://example.org", "example.org/v1", ""])
def test_an_address_that_is_none_is_an_error(base_url: str) -> None:
    endpoint = Endpoint(base_url, "stub", {}, patience=QUICK)
    with pytest.raises(EndpointError, match="base_url"):
        endpoint.ask(MESSAGES)
    endpoint.client.close()


def test_stopping_ends_a_long_wait_at_once(stub: Stub) -> None:
    stop = threading.Event()
    endpoint = Endpoint(stub.base_url, "stub", {}, stop=stop, on_wait=lambda _why: stop.set())
    stub.script(failure(429, Retry_After="500"))
    with pytest.raises(Stopped):
        endpoint.ask(MESSAGES)
    with pytest.raises(Stopped):
        endpoint.ask(MESSAGES)
    assert len(stub.requests) == 1
    endpoint.client.close()


def test_no_content_is_an_empty_reply(endpoint: Endpoint, stub: Stub) -> None:
    stub.script(completion(None, "content_filter"))
    reply = endpoint.ask(MESSAGES)
    assert (reply.text, reply.finish_reason) == ("", "content_filter")
