"""What one rating costs: server CPU (user + system) for its page, its submit and the redirect between.

`make bench` prints a table for 1, 10 and 50 participants at once, on SQLite and on PostgreSQL. Server and
load share the machine; read ratios within one run.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.simulation.browser import Browser, Screen
from app.web.db import Database
from app.web.migrations import upgrade
from tests.factories import make_study
from tests.servers import PostgresServer, WebServer

ITEMS = 24
QUESTIONS = 100
CONCURRENCY = (1, 10, 50)
LEAST_PARTICIPANTS = 10
CONSTRUCTS = ("plausibility", "understandability", "completeness", "satisfaction", "contrastiveness")


@dataclass
class Figures:
    ratings: int = 0
    seconds: float = 0
    cpu_seconds: float = 0
    submit_ms: list[float] = field(default_factory=list)

    def row(self, label: str) -> str:
        times = sorted(self.submit_ms)
        p99 = times[min(int(len(times) * 0.99), len(times) - 1)]
        cost = self.cpu_seconds / self.ratings * 1000
        return (
            f"{label:<28}{self.ratings:>8}{cost:>14.2f}{self.ratings / self.seconds:>12.0f}"
            f"{times[len(times) // 2]:>12.1f}{p99:>12.1f}"
        )


def main() -> None:
    columns = ("concurrent", "ratings", "CPU ms/rating", "ratings/s", "p50 ms", "p99 ms")
    print(f"{columns[0]:<28}{columns[1]:>8}{columns[2]:>14}{columns[3]:>12}{columns[4]:>12}{columns[5]:>12}")
    with tempfile.TemporaryDirectory() as folder, PostgresServer() as postgres:
        for concurrency in CONCURRENCY:
            home = Path(folder) / f"sqlite-{concurrency}"
            home.mkdir()
            url = f"sqlite:///{home / 'bench.db'}"
            upgrade(url)
            print(measure(home, url, 1, concurrency).row(f"SQLite, 1 worker, {concurrency}"))
        for concurrency in CONCURRENCY:
            with postgres.fresh_database() as url:
                home = Path(folder) / f"postgres-{concurrency}"
                print(measure(home, url, 2, concurrency).row(f"PostgreSQL, 2 workers, {concurrency}"))


def measure(home: Path, url: str, workers: int, concurrency: int) -> Figures:
    database = Database(url)
    with database.transaction(writing=True) as session:
        make_study(
            session,
            in_set=QUESTIONS,
            design={"items_per_condition": ITEMS // 2},
            constructs=[
                {
                    "key": key,
                    "statement": f"The explanation has {key}.",
                    "help": "It does.",
                    "scale": "agreement",
                }
                for key in CONSTRUCTS
            ],
        )
    database.engine.dispose()
    with WebServer(home, url, workers) as server:
        return asyncio.run(load(server, concurrency))


async def load(server: WebServer, concurrency: int) -> Figures:
    participants = max(concurrency, LEAST_PARTICIPANTS)
    gate = asyncio.Semaphore(concurrency)
    ready = [await begin(server.address) for _ in range(participants)]
    figures = Figures()

    async def one(browser: Browser, screen: Screen) -> None:
        async with gate:
            await rate_all(browser, screen, figures)

    with counting(server.process.pid, figures):
        await asyncio.gather(*(one(browser, screen) for browser, screen in ready))
    for browser, _ in ready:
        await browser.close()
    return figures


async def begin(address: str) -> tuple[Browser, Screen]:
    """Bring one participant to the first item."""
    browser = Browser(address)
    screen = await browser.open("/s/small")
    for fields in ({}, {"consent": "yes"}, {}):
        screen = await browser.submit(screen, fields)
    assert screen.path.endswith("/rate/1"), screen.path
    return browser, screen


async def rate_all(browser: Browser, screen: Screen, figures: Figures) -> None:
    answers = {f"rating_{number}": "4" for number in range(1, len(CONSTRUCTS) + 1)}
    for _ in range(ITEMS):
        form = screen.form
        assert form is not None
        started = time.perf_counter()
        answer = await browser.client.post(
            screen.path, data={**form.fields, **answers}, follow_redirects=False
        )
        figures.submit_ms.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 303, answer.text
        figures.ratings += 1
        screen = await browser.open(answer.headers["location"])


@contextmanager
def counting(pid: int, figures: Figures) -> Iterator[None]:
    server = psutil.Process(pid)
    processes = [server, *server.children(recursive=True)]

    def cpu() -> float:
        used = [process.cpu_times() for process in processes]
        return float(sum(times.user + times.system for times in used))

    before, started = cpu(), time.perf_counter()
    yield
    figures.cpu_seconds, figures.seconds = cpu() - before, time.perf_counter() - started


if __name__ == "__main__":
    main()
