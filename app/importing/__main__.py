"""Bring one file in, as its one task: read, check, store, say what came of it, end.

A process of its own, because a file can be made to take any time and memory: the kernel ends this process
where the web's would have stopped answering. It gives way to participants' requests (nice).
"""

import sys
from collections.abc import Callable
from dataclasses import asdict, replace

from pydantic import JsonValue
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from app.bundles import service as bundles
from app.checkpoints import intake
from app.checkpoints import service as checkpoints
from app.checkpoints.intake import TakenIn
from app.contract.base import InvalidFile
from app.contract.question_formats import PARSERS, Format
from app.contract.question_set import read_question_set
from app.contract.student import StudentManifest, parse_student
from app.errors import AppError, Conflict, Invalid, TooLarge, Unavailable
from app.questions import service as questions
from app.web.apart import Outcome, Work
from app.web.db import Database, is_full
from app.web.processes import restrain

MOST_LINES = 100_000  # one transaction stores them, for which SQLite's other writers wait
MOST_ASIDE = 200  # rows set aside that are named; their number is always told
BUSY = "The database is busy, so nothing was stored. Please try again in a moment."
FULL = "The server's disk is full, so nothing was stored."
TOO_MUCH = "needs more memory to read than this server gives to one file; import it on the command line."
OVERTAKEN = "Somebody brought in something of the same name at the same moment; choose another name."
UNSTORABLE = "It holds a letter or a number that no database can."
REFUSALS = (
    *(AppError, InvalidFile, OSError, MemoryError, RecursionError),
    *(DataError, IntegrityError, OperationalError),
)
Stored = dict[str, JsonValue]


def main() -> None:
    work = Work.model_validate_json(sys.stdin.buffer.readline())
    restrain(work.limit_s, work.most_bytes)
    sys.stdout.write(outcome(work).model_dump_json() + "\n")


def outcome(work: Work) -> Outcome:
    """What was stored, or the refusal; a mistake of ours ends the process with its trace."""
    database = Database(work.settings.url, actor=work.actor)
    try:
        return Outcome(stored=HANDLERS[work.kind](work, database))
    except REFUSALS as error:
        message, status = refusal(work, error)
        return Outcome(refused=message, status=status)
    finally:
        database.engine.dispose()


def refusal(work: Work, error: Exception) -> tuple[str, int]:
    """The words, and the status of the page that shows them."""
    match error:
        case AppError():
            said = error.message, error.status
        case MemoryError() | RecursionError():
            said = f"{work.path.name}: {TOO_MUCH}", TooLarge.status
        case OperationalError():
            said = (FULL if is_full(error) else BUSY), Unavailable.status
        case IntegrityError():
            said = OVERTAKEN, Conflict.status
        case OSError():
            said = f"The server cannot store it: {error.strerror}.", Unavailable.status
        case _:
            said = (UNSTORABLE if isinstance(error, DataError) else str(error)), Invalid.status
    return said


def import_questions(work: Work, database: Database) -> Stored:
    """Read before the transaction, so that nobody waits for it."""
    found = read_question_set(work.path, known_format(work.fields.get("format", "cqa")), MOST_LINES)
    with database.transaction(writing=True) as session:
        stored = questions.import_questions(session, found, work.fields.get("name", ""))
        return {"name": stored.name, "sentence": questions.sentence(stored)}


def known_format(text: str) -> Format:
    for known in PARSERS:
        if known == text:
            return known
    raise Invalid(f"Please choose how the file is written: {', '.join(PARSERS)}.")


def import_bundle(work: Work, database: Database) -> Stored:
    """Read and clean before the transaction, so that nobody waits for it."""
    prepared, fields = bundles.prepare(work.path, MOST_LINES), work.fields
    with database.transaction(writing=True) as session:
        imported = bundles.import_bundle(
            session,
            prepared,
            fields.get("name", ""),
            questions=fields.get("questions") or None,
            strict=fields.get("strict", "no") not in {"", "no", "false"},
        )
        aside: list[JsonValue] = [asdict(row) for row in imported.set_aside[:MOST_ASIDE]]
        return {"name": imported.bundle.name, "sentence": imported.sentence(), "set_aside": aside}


def import_archive(work: Work, database: Database) -> Stored:
    def taken_in() -> TakenIn:
        return replace(intake.take_in(work.settings, str(work.path), given(work)), source="an upload")

    return register(work, database, taken_in)


def import_folder(work: Work, database: Database) -> Stored:
    """`fields["path"]` lies below the configured root, or is refused."""
    return register(
        work,
        database,
        lambda: intake.take_in_below_root(work.settings, work.fields["path"], given(work)),
    )


def register(work: Work, database: Database, take_in: Callable[[], TakenIn]) -> Stored:
    """Copying and hashing take long, so no transaction waits for them."""
    name = work.fields.get("name", "")
    with database.transaction() as session:
        checkpoints.refuse_name(session, name)
    taken = take_in()
    with intake.kept_if_registered(work.settings, taken), database.transaction(writing=True) as session:
        return {"name": checkpoints.register(session, taken, name).name}


def given(work: Work) -> StudentManifest | None:
    """The manifest that was typed, for a student that has none beside it."""
    text = work.fields.get("manifest", "")
    return parse_student(text.encode("utf-8", "replace"), "Manifest") if text.strip() else None


HANDLERS: dict[str, Callable[[Work, Database], Stored]] = {
    "questions": import_questions,
    "bundle": import_bundle,
    "checkpoint": import_archive,
    "checkpoint folder": import_folder,
}

if __name__ == "__main__":
    main()
