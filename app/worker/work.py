"""A worker's three tasks: verify a checkpoint, write one batch of a run, answer one question.

Nothing of a student is loaded here: each loaded student is a process of its own, and this one outlives it.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from huey import Huey
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.checkpoints import queries as checkpoint_queries
from app.checkpoints import service as checkpoints
from app.checkpoints.intake import checkpoints_folder
from app.contract.student import StudentManifest
from app.errors import AppError, NotFound
from app.models import Checkpoint, GenerationRun, Question
from app.queue import GENERATE, enqueue
from app.runs import progress
from app.runs import service as runs
from app.settings import Settings
from app.students.told import Posed, Told
from app.web.db import Database
from app.worker.student_process import StudentProcess, StudentStopped
from app.worker.talk import Load

log = logging.getLogger("honeyglass.worker")
TRIAL = (
    Posed(1, "Where do people keep milk fresh?", ("fridge", "oven", "sofa", "garden", "drawer")),
    Posed(2, "What do you use to cut paper?", ("scissors", "spoon", "pillow", "lamp", "rope")),
    Posed(3, "Where would you read a book quietly?", ("library", "stadium", "factory", "road", "kitchen")),
)
TRIAL_PREMISE = "A person is at home."
# What a mistake of ours, or a machine in need, raises. It fails loudly: a lease that ends says nothing.
MISTAKES = (
    *(TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError),
    *(OSError, MemoryError, ImportError),
)
Waiting = Callable[[], None]  # called again and again while a student is at work; raises to stop it


class Abandoned(Exception):  # a decision, not an error
    """The batch belongs to another worker now, or its run was cancelled."""


class Workbench:
    """One process's database, queue and the process of the one student it has loaded."""

    def __init__(self, settings: Settings, database: Database, queue: Huey) -> None:
        self.settings, self.database, self.queue = settings, database, queue
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self.loaded: tuple[tuple[int, str], StudentProcess] | None = None

    def student(
        self, checkpoint: Checkpoint, precision: str, keep_going: Waiting = lambda: None
    ) -> StudentProcess:
        """Load a student, unless it is the one that is loaded; the one before goes first."""
        key = (checkpoint.id, precision)
        if self.loaded is None or self.loaded[0] != key or not self.loaded[1].is_alive:
            self.let_go()
            child = StudentProcess(self.settings, self.request(checkpoint, precision))
            self.loaded = key, child
            child.start(self.settings.student_load_seconds, keep_going)
        return self.loaded[1]

    def let_go(self) -> None:
        if self.loaded is not None:
            self.loaded[1].kill()
            self.loaded = None

    def request(self, checkpoint: Checkpoint, precision: str) -> Load:
        with self.database.transaction() as session:
            known = checkpoint_queries.folders_by_file(session)
        folder = checkpoints_folder(self.settings).absolute()
        files = {sha256: folder / place / name for sha256, (place, name) in known.items()}
        root = self.settings.checkpoint_root
        return Load.model_validate(
            {
                "folder": folder / checkpoint.folder,
                "manifest": checkpoint.manifest,
                "precision": precision,
                # Some were purged.
                "by_sha256": {sha256: path for sha256, path in files.items() if path.exists()},
                "root": root and root.absolute(),
                "threads": self.settings.worker_threads or os.cpu_count() or 1,
            }
        )

    def verify(self, checkpoint_id: int) -> None:
        """Load a student and have it answer three questions; ready, or failed with the reason."""
        limits = self.settings
        # Loading is slow and not worth a heartbeat.
        lease_s = limits.student_load_seconds + limits.student_trial_seconds + limits.lease_seconds
        with self.database.transaction(writing=True) as session:
            checkpoint = checkpoints.start_verifying(session, checkpoint_id, lease_s)
        if checkpoint is None:
            return
        try:
            trial = self.try_out(checkpoint)
        except (AppError, *MISTAKES) as error:
            with self.database.transaction(writing=True) as session:
                checkpoints.fail_verifying(session, checkpoint_id, reason_of(error))
            if not isinstance(error, AppError):
                raise  # to the log, with its trace
            log.warning("checkpoint %s failed: %s", checkpoint.name, error)
            return
        with self.database.transaction(writing=True) as session:
            checkpoints.finish_verifying(session, checkpoint_id, trial)
        log.info("checkpoint %s is ready", checkpoint.name)

    def try_out(self, checkpoint: Checkpoint) -> list[dict[str, Any]]:
        manifest = StudentManifest.model_validate(checkpoint.manifest)
        student = self.student(checkpoint, manifest.generation.precision)
        way = manifest.ask.ways[manifest.ask.default]
        premise = TRIAL_PREMISE if way.asks_for & {"premise", "context"} else None
        posed = [Posed(one.id, one.text, one.choices, premise) for one in TRIAL]
        told = student.ask(manifest.ask.default, posed, self.settings.student_trial_seconds)
        return [
            {
                "question": question.text,
                "choices": list(question.choices),
                "answer": one.answer,
                "explanation": one.explanation,
                "outputs": [turn.output for turn in one.turns],
            }
            for question, one in zip(posed, told, strict=True)
        ]

    def try_question(
        self, checkpoint_id: int, way: str, question: str, choices: Sequence[str], premise: str | None
    ) -> dict[str, Any]:
        """Answer one question for somebody who waits; a refusal comes back as a sentence."""
        with self.database.transaction() as session:
            checkpoint = session.get(Checkpoint, checkpoint_id)
        try:
            if checkpoint is None or checkpoint.state != "ready":
                raise NotFound("The checkpoint is not ready.")
            student = self.student(
                checkpoint, StudentManifest.model_validate(checkpoint.manifest).generation.precision
            )
            posed = [Posed(0, question, choices, premise)]
            [told] = student.ask(way, posed, self.settings.student_trial_seconds)
        except AppError as error:
            return {"error": error.message}
        return {"answer": told.answer, "explanation": told.explanation, "record": record_of(told)}

    def generate(self, run_id: int) -> None:
        """Write one batch of a run; while there is more, ask for the next, behind whatever else waits."""
        with self.database.transaction(writing=True) as session:
            batch = runs.claim_batch(session, run_id, self.name, self.settings.lease_seconds)
        if batch is not None:
            self.write(run_id, batch.id, list(batch.question_ids))
        with self.database.transaction() as session:
            wait_s = progress.seconds_to_next(session, run_id)
        if wait_s is not None and (batch is not None or wait_s > 0):
            enqueue(self.queue, GENERATE, run_id, delay_s=wait_s)

    def write(self, run_id: int, batch_id: int, question_ids: list[int]) -> None:
        """Have a batch written and store it, or note that it failed."""
        started = time.monotonic()
        try:
            with self.heartbeat(batch_id) as keep_going:
                told = self.tell(run_id, question_ids, keep_going)
        except Abandoned:
            log.info("run %s: a batch was given up, its run was cancelled or its lease lost", run_id)
            return
        except (AppError, *MISTAKES) as error:
            with self.database.transaction(writing=True) as session:
                is_stopped = isinstance(error, StudentStopped)
                runs.fail_batch(session, batch_id, self.name, reason_of(error), is_stopped=is_stopped)
            if not isinstance(error, AppError):
                raise  # to the log, with its trace
            log.warning("run %s, batch %s failed: %s", run_id, batch_id, error)
            return
        duration_ms = round((time.monotonic() - started) * 1000)
        with self.database.transaction(writing=True) as session:
            is_stored = runs.store_batch(session, batch_id, self.name, told, duration_ms)
        if is_stored:
            log.info("run %s: %s explanations in %.1f s", run_id, len(told), duration_ms / 1000)

    def tell(
        self, run_id: int, question_ids: list[int], keep_going: Callable[[], None]
    ) -> list[runs.Written]:
        with self.database.transaction() as session:
            run = session.get_one(GenerationRun, run_id)
            checkpoint = session.get_one(Checkpoint, run.checkpoint_id)
            found = session.scalars(select(Question).where(Question.id.in_(question_ids)))
            by_id = {one.id: Posed(one.id, one.text, one.choices, one.premise) for one in found}
        student = self.student(checkpoint, run.precision, keep_going)
        hashes = {"model_sha256": checkpoint.model_sha256, "tokenizer_sha256": checkpoint.tokenizer_sha256}
        posed = [by_id[number] for number in question_ids]
        told = student.ask(run.way, posed, self.settings.student_batch_seconds, keep_going)
        return [as_written(one, hashes) for one in told]

    def prolong(self, batch_id: int) -> bool:
        """Keep a batch; a database that does not answer decides nothing, the next beat asks again."""
        try:
            with self.database.transaction(writing=True) as session:
                return runs.prolong(session, batch_id, self.name, self.settings.lease_seconds)
        except SQLAlchemyError as error:
            log.warning("batch %s could not be prolonged: %s", batch_id, error)
            return True

    @contextmanager
    def heartbeat(self, batch_id: int) -> Iterator[Callable[[], None]]:
        """Prolong the lease while a batch is written; what comes back raises Abandoned once it is lost."""
        stopped, lost = threading.Event(), threading.Event()

        def beat() -> None:
            while not stopped.wait(self.settings.lease_seconds / 4):
                if not self.prolong(batch_id):
                    lost.set()

        def keep_going() -> None:
            if lost.is_set():
                raise Abandoned

        beating = threading.Thread(target=beat, name="heartbeat", daemon=True)
        beating.start()
        try:
            yield keep_going
        finally:
            stopped.set()
            beating.join()


def reason_of(error: Exception) -> str:
    """For whoever reads the page of a run or checkpoint."""
    if isinstance(error, AppError):
        return error.message
    return f"Something went wrong on our side ({type(error).__name__}); the worker's log says more."


def as_written(told: Told, hashes: dict[str, str]) -> runs.Written:
    return runs.Written(
        question_id=told.question_id,
        answer=told.answer,
        explanation=told.explanation,
        is_truncated=told.is_truncated,
        missing=told.missing,
        record={**record_of(told), **hashes},
    )


def record_of(told: Told) -> dict[str, Any]:
    """How an explanation came about, as it is stored."""
    steps = [turn.model_dump(mode="json") for turn in told.turns]
    return {**told.record, "missing": list(told.missing), "steps": steps}
