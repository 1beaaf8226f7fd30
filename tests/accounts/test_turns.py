"""A flood of sign-ins holds up no participant: passwords are hashed one at a time, aside."""

import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

from app.web.db import Database
from tests.factories import make_study
from tests.servers import WebServer

FLOOD = 80


def status_of(address: str, fields: dict[str, str] | None = None) -> int:
    data = urllib.parse.urlencode(fields).encode() if fields else None
    try:
        with urllib.request.urlopen(address, data, timeout=120) as answer:  # noqa: S310  # loopback
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def test_a_participants_page_answers_again_and_again_while_eighty_people_sign_in(
    sqlite_url: str, tmp_path: Path
) -> None:
    """No seconds are asked for: a page that had to wait for hashes would wait for nearly all of the flood."""
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_study(session)
    database.engine.dispose()
    with WebServer(tmp_path / "home", sqlite_url) as server, ThreadPoolExecutor(FLOOD) as crowd:
        page = f"{server.address}/s/small"
        assert status_of(page) == 200  # templates are compiled

        def sign_in(number: int) -> int:
            fields = {"email": f"person-{number}@example.org", "password": "wrong"}
            return status_of(f"{server.address}/sign-in", fields)

        verdicts = [crowd.submit(sign_in, number) for number in range(FLOOD)]
        while not any(one.done() for one in verdicts):
            time.sleep(0.001)
        began, waits = time.perf_counter(), []
        while not all(one.done() for one in verdicts):
            asked = time.perf_counter()
            assert status_of(page) == 200
            waits.append(time.perf_counter() - asked)
        flood_s = time.perf_counter() - began
        answers = [one.result() for one in verdicts]
    assert set(answers) == {401, 429}  # whoever came when too many waited is told to come back
    assert max(waits) < flood_s / 4
