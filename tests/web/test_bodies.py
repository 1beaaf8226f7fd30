"""A request whose sender goes away, or never comes to its end."""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.web import bodies

HEADERS = [
    (b"host", b"a"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-length", b"99"),
]


def answered(app: FastAPI, *messages: dict[str, Any]) -> int:
    """Give the application these messages of a form's body and no more; the status it answers with."""
    waiting, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(600)
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/s/small",
        "raw_path": b"/s/small",
        "query_string": b"",
        "headers": HEADERS,
        "client": ("127.0.0.1", 1),
        "server": ("a", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "app": app,
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 60))
    return int(sent[0]["status"])


PIECE = {"type": "http.request", "body": b"a=", "more_body": True}


def test_a_sender_who_goes_away_is_no_fault_of_ours(web: TestClient) -> None:
    assert isinstance(web.app, FastAPI)
    assert answered(web.app, PIECE, {"type": "http.disconnect"}) == 400


def test_a_form_that_never_ends_is_given_up_in_words(web: TestClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.2)
    assert isinstance(web.app, FastAPI)
    assert answered(web.app, PIECE) == 408
