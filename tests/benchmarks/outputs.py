"""What pages of a student's outputs cost: server CPU (user + system) of each, with many outputs.

`make bench` stores two runs of 10,000 outputs on SQLite, through the product's own services, and prints the
median CPU of a run's second page, one filtered, its last page, the checkpoint's page and the side-by-side.
The goal: less than 50 ms each. `--postgresql` does the same there, without the database's own CPU.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from app.main import create_app
from app.models import GenerationBatch, Question
from app.runs import service as runs
from app.settings import Settings
from app.web.db import Database
from app.web.migrations import upgrade
from tests.factories import make_checkpoint, make_question_set, make_user, sign_in
from tests.servers import PostgresServer

TIMES = 15
CHOICES = ["umbrella stand", "sofa", "laundry pile", "bed", "bookshelf"]
WORDS = (
    "it",
    "is",
    "a",
    "practical",
    "place",
    "to",
    "keep",
    "what",
    "would",
    "get",
    "wet",
    "so",
    "that",
    "dry",
)
PAGES = (
    "/runs/1?page=2",
    "/runs/1?page=2&which=wrong",
    "/runs/1?page=400",
    "/checkpoints/one",
    "/runs/1/beside?other=2",
    "/runs/1/beside?other=2&which=answers&page=2",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", type=int, default=10_000)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, address(folder, arguments) as url:
        settings = Settings(home=Path(folder) / "home", database_url=url)
        upgrade(url)
        database = Database(url)
        fill(database, arguments.outputs)
        measure(settings, database)
        database.engine.dispose()


@contextmanager
def address(folder: str, arguments: argparse.Namespace) -> Iterator[str]:
    with PostgresServer() if arguments.postgresql else nullcontext() as server:
        if server is None:
            yield f"sqlite:///{folder}/bench.db"
        else:
            with server.fresh_database() as url:
                yield url


def fill(database: Database, count: int) -> None:
    with database.transaction(writing=True) as session:
        question_set = make_question_set(session, 0)
        session.execute(
            insert(Question), [question(question_set.id, number) for number in range(1, count + 1)]
        )
        make_user(session, "bench@example.org", "admin")
        for name in ("one", "two"):
            make_checkpoint(session, name)
    for name in ("one", "two"):
        with database.transaction(writing=True) as session:
            run_id = runs.create_run(session, runs.Plan(name, "set")).id
        with database.transaction() as session:
            ids = session.scalars(select(GenerationBatch.id).where(GenerationBatch.run_id == run_id)).all()
        for _ in ids:
            with database.transaction(writing=True) as session:
                batch = runs.claim_batch(session, run_id, "bench", 60)
                assert batch is not None
                told = [written(name, number) for number in batch.question_ids]
                assert runs.store_batch(session, batch.id, "bench", told, 1000)


def question(question_set_id: int, number: int) -> dict[str, Any]:
    return {
        "question_set_id": question_set_id,
        "position": number,
        "key": f"q{number}",
        "text": f"Where would you leave dripping umbrella {number} so that the carpet stays dry?",
        "choices": CHOICES,
        "correct_answer": CHOICES[number % 5],
    }


def written(name: str, number: int) -> runs.Written:
    """What a student of 64 % would say, in about 42 words, with as large a record as a worker's."""
    draw = Random(f"{name} {number}")
    answer = CHOICES[number % 5] if draw.random() < 0.64 else draw.choice(CHOICES)
    explanation = f"The answer is {answer}. It {' '.join(draw.choices(WORDS, k=38))}."
    record = {"steps": [{"input": "x" * 900, "output": explanation}] * 2, "versions": {"torch": "x" * 100}}
    return runs.Written(number, answer, explanation, draw.random() < 0.1, (), record)


def measure(settings: Settings, database: Database) -> None:
    print(f"{'page':<48}{'CPU ms':>10}{'worst':>10}")
    with TestClient(create_app(settings, database), follow_redirects=False) as web:
        sign_in(web, "bench@example.org")
        for path in PAGES:
            spent = sorted(cpu_ms(web, path) for _ in range(TIMES))
            print(f"{path:<48}{statistics.median(spent):>10.1f}{spent[-1]:>10.1f}")


def cpu_ms(web: TestClient, path: str) -> float:
    started = time.process_time()
    assert web.get(path).status_code == 200, path
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    main()
