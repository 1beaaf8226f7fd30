"""One student in a process of its own, `python -m app.worker.child PARENT`: loads it, then answers requests.

Whatever a student's files make the libraries do happens here, where it can be killed. The process has no
database, no queue and none of the product's settings.
"""

import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

import torch
from huggingface_hub.errors import StrictDataclassError
from jinja2 import TemplateError
from safetensors import SafetensorError

from app.contract.base import InvalidFile
from app.contract.student import StudentManifest
from app.logs import LineFormatter
from app.students.asking import ask
from app.students.loading import Shelf, Student, load
from app.students.told import Told
from app.web.processes import end_with
from app.worker.talk import Ask, Load, Reply

log = logging.getLogger("honeyglass.student")
# What the libraries raise for a student that cannot be loaded or asked.
FAILURES = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ImportError),
    *(AssertionError, ArithmeticError, MemoryError, re.error),
    *(SafetensorError, TemplateError, StrictDataclassError),
)
FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")  # those of absolute paths, not of addresses
LONGEST_REASON = 500
READ_BEFORE_CUTTING = 20 * LONGEST_REASON  # a student may have made an error's text as long as it likes
MOST_CALLS = 20


def main() -> None:
    parent = int(sys.argv[1])
    end_with(parent)
    lines = logging.StreamHandler()
    lines.setFormatter(LineFormatter())
    log.addHandler(lines)
    warnings.filterwarnings("ignore", category=FutureWarning)  # what libraries announce of each other
    with os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)  # whatever a library prints is no reply
        serve(sys.stdin.buffer, replies)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    students: list[Student] = []
    for line in requests:
        if students:
            reply = attempt(partial(tell, students[0], line))
        else:
            reply = attempt(partial(load_student, students, line))
        replies.write(reply.model_dump_json().encode() + b"\n")
        replies.flush()


def attempt(work: Callable[[], tuple[Told, ...] | None]) -> Reply:
    try:
        return Reply(told=work() or ())
    except FAILURES as error:
        if not isinstance(error, InvalidFile):  # a refusal says all there is to say
            note(error)
        return Reply(failed=sentence(error))


def load_student(students: list[Student], line: bytes) -> None:
    request = Load.model_validate_json(line)
    torch.set_num_threads(request.threads)
    manifest = StudentManifest.model_validate(request.manifest)
    shelf = Shelf(request.by_sha256, request.root)
    students.append(load(request.folder, manifest, request.precision, shelf))


def tell(student: Student, line: bytes) -> tuple[Told, ...]:
    request = Ask.model_validate_json(line)
    return tuple(ask(student, request.way, request.questions))


def note(error: BaseException) -> None:
    """Log the last calls that led to an error; a student may have made its text as long as it likes."""
    record = log.makeRecord(log.name, logging.ERROR, __file__, 0, "%s", (sentence(error),), None)
    record.exc_text = "".join(traceback.format_tb(error.__traceback__, -MOST_CALLS))
    log.handle(record)


def sentence(error: BaseException) -> str:
    """An error's first lines, without this machine's paths."""
    text = str(error).strip()[:READ_BEFORE_CUTTING] or type(error).__name__
    short = FOLDERS.sub("", " ".join(text.split()))[:LONGEST_REASON]
    return short if isinstance(error, InvalidFile) else f"{type(error).__name__}: {short}"


if __name__ == "__main__":
    main()
