"""An endpoint on loopback that speaks the chat-completions protocol, and misbehaves as told."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def completion(text: str | None, finish_reason: str = "stop") -> Answer:
    """The body a real server sends, with 100 tokens in and 10 out."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "stub",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    return Answer(200, json.dumps(body).encode())


def failure(status: int, message: str = "no", **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message, "type": "error"}}).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def asked_choice(request: Request) -> str:
    """The choice the last message is about."""
    found = re.search(r"^(?:Right choice|Choice to argue for): (.*)$", last_words(request), re.MULTILINE)
    assert found
    return found[1]


def last_words(request: Request) -> str:
    return str(request["messages"][-1]["content"])


def is_critique(request: Request) -> bool:
    return last_words(request).endswith("What should be improved?")


def good(request: Request) -> Answer:
    """What a teacher that does as it is told replies."""
    if is_critique(request):
        return completion("The other choices are not mentioned.")
    return completion(f"Because of {asked_choice(request)}, in short.\nAnswer: {asked_choice(request)}")


class Stub:
    """Answers by `respond`; keeps every request, its headers, and how many there were at once."""

    def __init__(self) -> None:
        self.respond: Callable[[Request], Answer] = good
        self.delay_s = 0.0
        self.requests: list[Request] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.now = self.most_at_once = 0
        self.lock = threading.Lock()
        self.base_url = ""

    def handle(self, path: str, key: str | None, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
            self.keys.append(key)
            self.paths.append(path)
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
        time.sleep(self.delay_s)
        answer = self.respond(request)
        with self.lock:
            self.now -= 1
        return answer

    def script(self, *answers: Answer) -> None:
        """Give these answers in this order, then good ones."""
        left = list(answers)

        def respond(request: Request) -> Answer:
            with self.lock:
                answer = left.pop(0) if left else None
            return answer if answer is not None else good(request)

        self.respond = respond


@contextmanager
def running_stub() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # http.server's name
            content = self.rfile.read(int(self.headers["Content-Length"]))
            answer = stub.handle(self.path, self.headers["Authorization"], json.loads(content))
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except BrokenPipeError:
                self.close_connection = True  # the client was killed

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stub.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
