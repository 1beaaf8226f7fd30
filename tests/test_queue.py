"""What travels between web and workers, through both kinds of queue."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huey import Huey
from huey.exceptions import TaskException

from app.queue import (
    GENERATE,
    LAST_BEAT,
    SILENT_S,
    TRY,
    VERIFY,
    answer,
    beat,
    enqueue,
    is_worker_missing,
    make_queue,
)
from app.settings import Settings
from tests.worker.redis_server import redis_server


@pytest.fixture(params=["sqlite", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield Settings(home=tmp_path / "home")
    else:
        with redis_server(tmp_path) as url:
            yield Settings(home=tmp_path / "home", redis_url=url)


def work(queue: Huey) -> None:
    queue.execute(queue.dequeue())


def test_who_waits_comes_first_and_only_json_travels(settings: Settings) -> None:
    done: list[tuple[str, object]] = []
    web = make_queue(settings)
    worker = make_queue(
        settings,
        {
            GENERATE: lambda run: done.append(("generate", run)),
            VERIFY: lambda checkpoint: done.append(("verify", checkpoint)),
            TRY: lambda *asked: {"said": list(asked)},
        },
    )
    enqueue(web, GENERATE, 1)
    enqueue(web, VERIFY, 2)
    asked = enqueue(web, TRY, 3, "Where?", ["here", "there"])
    work(worker)
    assert done == []
    assert answer(web, asked) == {"said": [3, "Where?", ["here", "there"]]}
    work(worker)
    work(worker)
    assert done == [("verify", 2), ("generate", 1)]
    enqueue(web, GENERATE, 1, delay_s=60)
    assert (web.pending_count(), web.scheduled_count()) in {(0, 1), (1, 0)}


def test_a_task_that_breaks_answers_with_an_error(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    web = make_queue(settings)
    asked = enqueue(web, TRY, 1)
    work(web)  # which has no handlers
    assert "is a worker's task" in caplog.text
    with pytest.raises(TaskException, match="is a worker's task"):
        answer(web, asked)


def test_a_worker_is_missing_until_one_was_seen_and_again_once_all_are_silent(settings: Settings) -> None:
    web, worker = make_queue(settings), make_queue(settings)
    assert is_worker_missing(web)
    beat(worker)
    assert not is_worker_missing(web)
    assert not is_worker_missing(web)  # looking takes nothing away
    web.put(LAST_BEAT, time.time() - SILENT_S - 1)
    assert is_worker_missing(web)
    beat(make_queue(settings))  # another one
    assert not is_worker_missing(web)


def test_a_queue_out_of_reach_says_nothing_of_workers(tmp_path: Path) -> None:
    queue = make_queue(Settings(home=tmp_path / "home", redis_url="redis://127.0.0.1:1/0"))
    assert not is_worker_missing(queue)
