"""Every file made to stop a server that opens it: refused in a sentence, and the web process hardly notices.

What a web process spends is compared with what it spends on receiving the same bytes, not with a clock.
"""

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from app.web.db import Database
from tests.hostile_files import ARCHIVES, LINES, MIB, File
from tests.servers import WebServer
from tests.staff import ADA, bearer

LARGEST_BYTES = 12 * MIB
MOST_GROWTH = 150 * MIB
AS_QUESTIONS = dict(list(LINES.items())[:2])  # the same reader as for bundles
ADDRESSES = {"checkpoints": ARCHIVES, "bundles": LINES, "question-sets": AS_QUESTIONS}
CASES = [(address, name) for address, files in ADDRESSES.items() for name in files]


class Attacked:
    """A real server, what receiving files costs it, and what it weighs when idle."""

    def __init__(self, server: WebServer, headers: dict[str, str]) -> None:
        self.server, self.headers = server, headers
        self.process = psutil.Process(server.process.pid)
        content = random.Random(1).randbytes(LARGEST_BYTES)
        self.offer("bundles", ("random.zip", content))  # once, so that everything is loaded
        before = self.spent_s()
        assert self.offer("bundles", ("random.zip", content)).status_code == 422
        self.receiving_s = self.spent_s() - before
        self.idle_bytes = self.process.memory_info().rss

    def spent_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def offer(self, address: str, file: File) -> httpx2.Response:
        return httpx2.post(
            f"{self.server.address}/api/v1/{address}",
            files={"file": file},
            data={"name": f"x{uuid.uuid4().hex}", "format": "cqa"},
            headers=self.headers,
            timeout=300,
        )


@pytest.fixture(scope="module")
def attacked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    home = tmp_path_factory.mktemp("attacked")
    url = f"sqlite:///{home / 'honeyglass.db'}"
    (home / "honeyglass.db").write_bytes(sqlite_template.read_bytes())
    database = Database(url)
    headers = bearer(database, ADA, "admin")
    database.engine.dispose()
    with WebServer(home, url) as server:
        yield Attacked(server, headers)


@pytest.mark.parametrize("address,name", CASES, ids=[f"{address}: {name}" for address, name in CASES])
def test_a_hostile_file_is_refused_in_a_sentence_and_costs_the_web_process_only_its_receipt(
    attacked: Attacked, address: str, name: str
) -> None:
    file = ADDRESSES[address][name]()
    assert len(file[1]) < LARGEST_BYTES
    before = attacked.spent_s()
    answer = attacked.offer(address, file)
    spent_s = attacked.spent_s() - before
    assert answer.status_code in {413, 422}, answer.text
    detail = answer.json()["detail"]
    assert detail.endswith(".")
    assert len(detail) < 2000
    assert str(attacked.server.home) not in detail
    assert spent_s < 3 * attacked.receiving_s
    assert attacked.process.memory_info().rss < attacked.idle_bytes + MOST_GROWTH
    assert list((attacked.server.home / "uploads").iterdir()) == []
    assert not list(attacked.server.home.glob("checkpoints/*"))
