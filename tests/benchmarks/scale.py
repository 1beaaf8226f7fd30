"""A study with a million ratings: exports, memory, and the pages that count.

`make bench-scale` fills an SQLite database in a temporary folder, then writes each export and asks for the
pages. The goals: 100,000 ratings a second into long.csv, less than 150 MB above what the process had before,
and pages in less than 5 s, the ratings' page also when nothing is remembered yet.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from fastapi.testclient import TestClient

from app.exports.base import Format
from app.exports.package import package
from app.exports.service import export
from app.main import create_app
from app.settings import Settings
from app.web.db import Database
from app.web.migrations import upgrade
from tests.benchmarks.dealing import CONSTRUCTS, ITEMS_EACH, PARTICIPANTS_AT_ONCE, fill
from tests.factories import make_condition, make_study, make_user, sign_in

FORMATS: tuple[Format, ...] = ("long", "jsonl", "parquet", "wide", "participants")
PAGES = ("/studies/small", "/studies/small/results", "/studies/small/results/live", "/studies/small/numbers")
LOOK_S = 0.02


@dataclass
class Spent:
    seconds: float = 0.0
    above_mb: float = 0.0


@contextmanager
def spending() -> Iterator[Spent]:
    """Time, and the most memory above what there was."""
    process, spent, done = psutil.Process(), Spent(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not done.wait(LOOK_S):
            spent.above_mb = max(spent.above_mb, (process.memory_info().rss - before) / 2**20)

    looking = threading.Thread(target=look)
    looking.start()
    started = time.perf_counter()
    try:
        yield spent
    finally:
        spent.seconds = time.perf_counter() - started
        done.set()
        looking.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=1_000_000)
    ratings = parser.parse_args().ratings
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home", database_url=f"sqlite:///{folder}/bench.db")
        upgrade(settings.url)
        database = Database(settings.url)
        stored = store(database, ratings)
        print(f"{stored:,} ratings")
        measure_exports(database, Path(folder), stored)
        measure_pages(settings, database)
        database.engine.dispose()


def store(database: Database, ratings: int) -> int:
    constructs = [
        {"key": f"c{number}", "statement": f"Statement {number}.", "scale": "agreement"}
        for number in range(CONSTRUCTS)
    ]
    conditions = [make_condition(key) for key in ("one", "two", "three", "four")]
    with database.transaction(writing=True) as session:
        design = {"items_per_condition": 3}
        make_study(session, in_set=100, conditions=conditions, constructs=constructs, design=design)
        make_user(session, "bench@example.org", "admin")
    people = -(-ratings // (ITEMS_EACH * CONSTRUCTS))
    for start in range(0, people, PARTICIPANTS_AT_ONCE):
        with database.transaction(writing=True) as session:
            fill(session, start, min(PARTICIPANTS_AT_ONCE, people - start))
    return people * ITEMS_EACH * CONSTRUCTS


def measure_exports(database: Database, folder: Path, ratings: int) -> None:
    print(f"{'export':<16}{'seconds':>9}{'rows/s':>12}{'MB above':>10}")
    for name in FORMATS:
        with spending() as spent, database.snapshot() as session:
            rows = export(session, "small", name, folder / name)["rows"]
        print(f"{name:<16}{spent.seconds:>9.1f}{rows / spent.seconds:>12,.0f}{spent.above_mb:>10.0f}")
    with spending() as spent, database.snapshot() as session:
        package(session, "small", folder / "data.zip")
    print(f"{'package':<16}{spent.seconds:>9.1f}{ratings / spent.seconds:>12,.0f}{spent.above_mb:>10.0f}")


def measure_pages(settings: Settings, database: Database) -> None:
    print(f"{'page':<32}{'first s':>9}{'again s':>9}")
    with TestClient(create_app(settings, database), follow_redirects=False) as web:
        sign_in(web, "bench@example.org")
        for path in PAGES:
            times = []
            for _ in range(2):
                started = time.perf_counter()
                assert web.get(path).status_code == 200, path
                times.append(time.perf_counter() - started)
            print(f"{path:<32}{times[0]:>9.2f}{times[1]:>9.2f}")


if __name__ == "__main__":
    main()
