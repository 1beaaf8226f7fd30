"""Work that is independent of other work: in processes of its own where there is much of it, else at once."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from app.web.processes import end_with

MANY = 1_000  # ratings from which starting further processes takes less time than it saves
P = ParamSpec("P")
T = TypeVar("T")


class Here(Executor):
    """Does what it is given at once, in this process."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(work(*args, **kwargs))
        return done


def processes_for(rows: int) -> int:
    """How many pieces of work are done at a time; 1 means in this process."""
    return (os.cpu_count() or 1) if rows >= MANY else 1


@contextmanager
def side_by_side(rows: int) -> Iterator[Executor]:
    """As many processes as there are processors, if there are many rows. The results are the same."""
    processes = processes_for(rows)
    if processes == 1:
        yield Here()
        return
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=end_with, initargs=(os.getpid(),)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
