"""Ask an OpenAI-compatible endpoint: chat completions over HTTP, with patience where patience helps.

Busy (429), broken (5xx, cut connections, timeouts) and nonsensical answers are asked again, each time after
twice as long, or after as long as Retry-After says. What will not get better by waiting is an error at once.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx2

from training.teacher.prompting import Message
from training.teacher.replies import Reply

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
REFUSED = {400, 413, 422}  # this one request is at fault
LONGEST_QUOTE = 300  # characters of a server's own words in a message


class EndpointError(Exception):
    """No use going on: every other request would fail the same way."""


class NoAnswer(Exception):
    """One request was not answered, however often it was asked; a later run may have more luck."""


class RequestRefused(Exception):
    """The endpoint will not have this very request, a too long one for example."""


class Stopped(Exception):
    """The run is being stopped; nothing is asked any more."""


class Teacher(Protocol):
    """Whatever answers messages; `identity` is what rows and the check for changes say of it."""

    identity: Mapping[str, Any]

    def ask(self, messages: list[Message]) -> Reply: ...


@dataclass(frozen=True)
class Patience:
    """How often and how long to wait before a request is asked again."""

    retries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    longest_retry_after_s: float = 600.0

    def wait_s(self, attempt: int) -> float:
        """Twice as long each time, and up to a quarter more, so that many requests do not return at once."""
        return min(self.longest_wait_s, self.first_wait_s * 2.0**attempt) * (1 + random.random() / 4)


@dataclass
class Endpoint:
    """One address and model. `stop` ends waiting at once; `ask` may be called from several threads."""

    base_url: str
    model: str
    decoding: Mapping[str, Any]  # goes into every request as it is
    api_key: str | None = None
    timeout_s: float = 120.0
    patience: Patience = Patience()
    stop: threading.Event = field(default_factory=threading.Event)
    on_wait: Callable[[str], None] = lambda _reason: None

    def __post_init__(self) -> None:
        self.identity: Mapping[str, Any] = {"model": self.model}
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        try:
            self.client = httpx2.Client(
                headers=headers, timeout=self.timeout_s, limits=httpx2.Limits(max_connections=None)
            )
            self.url = httpx2.URL(self.base_url.rstrip("/") + "/chat/completions")
        except (httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise EndpointError(f"base_url or API key cannot be used: {error}") from error
        self.has_answered = False

    def ask(self, messages: list[Message]) -> Reply:
        """Raises: EndpointError, NoAnswer, RequestRefused or Stopped."""
        for attempt in range(self.patience.retries + 1):
            if self.stop.is_set():
                raise Stopped
            reply, why, wait_s = self.try_once(messages)
            if reply is not None:
                self.has_answered = True
                return reply
            if attempt < self.patience.retries:
                self.wait(self.patience.wait_s(attempt) if wait_s is None else wait_s, why)
        raise NoAnswer(f"{why}, {self.patience.retries + 1} times")

    def try_once(self, messages: list[Message]) -> tuple[Reply | None, str, float | None]:
        """A reply; or why there is none and, if the server says so, how long to wait."""
        body = {"model": self.model, "messages": messages, **self.decoding}
        try:
            response = self.client.post(self.url, json=body)
        except httpx2.UnsupportedProtocol as error:
            raise EndpointError(f"base_url '{self.base_url}': {error}") from error
        except httpx2.TransportError as error:
            return None, f"no connection to {self.base_url} ({type(error).__name__}: {error})", None
        if response.status_code in RETRIED:
            return None, f"status {response.status_code}", self.retry_after_s(response)
        if not response.is_success:
            self.complain(response)
        try:
            return read_reply(response.json()), "", None
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return None, f"an answer that is no chat completion ({type(error).__name__})", None

    def retry_after_s(self, response: httpx2.Response) -> float | None:
        """Raises: EndpointError if the server asks to wait longer than anybody would."""
        wait_s = parse_retry_after(response.headers.get("retry-after"))
        if wait_s is not None and wait_s > self.patience.longest_retry_after_s:
            raise EndpointError(f"The endpoint asks to wait {wait_s:.0f} s; run again then.")
        return wait_s

    def complain(self, response: httpx2.Response) -> None:
        """Say what an error status means. Raises: EndpointError or RequestRefused."""
        status, said = response.status_code, quote(response)
        if status in {401, 403}:
            raise EndpointError(
                f"The endpoint does not accept the API key ({status}{said}); see api_key_env."
            )
        if status == httpx2.codes.NOT_FOUND:
            raise EndpointError(
                f"Nothing at {self.url}, or no model '{self.model}' (404{said}). "
                "base_url usually ends in /v1; `curl BASE_URL/models` lists the models."
            )
        if status in REFUSED and self.has_answered:
            raise RequestRefused(f"{status}{said}")
        raise EndpointError(f"The endpoint refuses the request ({status}{said}).")

    def wait(self, seconds: float, why: str) -> None:
        self.on_wait(f"{why}; asking again in {seconds:.1f} s")
        if self.stop.wait(seconds):
            raise Stopped


def read_reply(body: Any) -> Reply:  # noqa: ANN401  # whatever the server sent
    """Raises: ValueError, KeyError, TypeError or IndexError if it is no chat completion."""
    choice = body["choices"][0]
    text = choice["message"]["content"]
    if text is not None and not isinstance(text, str):
        raise TypeError("content is no text")
    usage = body.get("usage") or {}
    return Reply(
        text=text or "",
        finish_reason=str(choice.get("finish_reason") or "stop"),
        input_tokens=int(usage.get("prompt_tokens") or 0),
        output_tokens=int(usage.get("completion_tokens") or 0),
    )


def parse_retry_after(value: str | None) -> float | None:
    """Seconds from now; the header has a number or a date. None if it has neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def quote(response: httpx2.Response) -> str:
    """The server's own message, after a colon; empty if there is none."""
    try:
        error = response.json()["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        said = response.text
    words = " ".join(str(said).split())[:LONGEST_QUOTE]
    return f": {words}" if words else ""
