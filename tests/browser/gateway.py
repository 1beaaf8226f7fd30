"""A gateway between a browser and the server, as a host's proxy is one: it can fail to pass a form on."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

Mood = Literal["passing", "refusing forms", "silent"]
BAD_GATEWAY = b"<!doctype html><title>502</title><h1>502 Bad Gateway</h1>"
# What belongs to one connection and not to the message.
OF_THE_CONNECTION = {"connection", "transfer-encoding", "keep-alive"}


class Gateway(ThreadingHTTPServer):
    """`refusing forms`: what is posted gets a 502, no further; `silent`: all connections are closed."""

    daemon_threads = True

    def __init__(self, server: str) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.server = urlsplit(server).netloc
        self.mood: Mood = "passing"
        self.refused = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Relay(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        self.relay(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.mood == "refusing forms":
            self.server.refused += 1
            self.answer(502, {"content-type": "text/html"}, BAD_GATEWAY)
        else:
            self.relay(body)

    def relay(self, body: bytes) -> None:
        if self.server.mood == "silent":
            self.close_connection = True
            return
        connection = HTTPConnection(self.server.server, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        self.answer(answer.status, answer.headers, answer.read())
        connection.close()

    def answer(self, status: int, headers: Any, body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in OF_THE_CONNECTION | {"content-length"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing: the server keeps a log of its own."""


@contextmanager
def gateway(server: str) -> Iterator[Gateway]:
    with Gateway(server) as relay:
        Thread(target=relay.serve_forever, args=(0.05,), daemon=True).start()
        yield relay
        relay.shutdown()
