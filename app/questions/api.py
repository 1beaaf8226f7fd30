from datetime import datetime
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel

from app.errors import NotFound
from app.models import QuestionSet
from app.questions import queries
from app.web.auth import Desk, Opener, api_desk
from app.web.rest import Limit, Offset, api_router
from app.web.uploads import LARGEST_BODY_BYTES, question_file, take_in, upload_document

api = api_router("question sets")


class QuestionSetOut(BaseModel):
    name: str
    format: str
    source_sha256: str
    created_at: datetime
    counts: dict[str, Any]


class QuestionOut(BaseModel):
    id: str
    premise: str | None
    question: str
    choices: list[str]
    answer: str


class QuestionSetDetail(QuestionSetOut):
    questions: list[QuestionOut]


def described(stored: QuestionSet) -> QuestionSetOut:
    return QuestionSetOut(
        name=stored.name,
        format=stored.format,
        source_sha256=stored.source_sha256,
        created_at=stored.created_at,
        counts=stored.counts,
    )


@api.get("/question-sets")
def list_question_sets(request: Request, offset: Offset = 0, limit: Limit = 100) -> list[QuestionSetOut]:
    """List question sets, by name."""
    with api_desk(request, "material:read") as at:
        return [described(stored) for stored in queries.question_sets(at.session, offset, limit)]


def found(at: Desk, name: str) -> QuestionSet:
    stored = queries.question_set_by_name(at.session, name)
    if stored is None:
        raise NotFound(f"There is no question set '{name}'.")
    return stored


@api.get("/question-sets/{name}")
def get_question_set(
    request: Request, name: str, offset: Offset = 0, limit: Limit = 100
) -> QuestionSetDetail:
    """Get a question set with some of its questions, in their order."""
    with api_desk(request, "material:read") as at:
        stored = found(at, name)
        some = queries.some_questions(at.session, stored.id, offset, limit)
    asked = [
        QuestionOut(
            id=one.key,
            premise=one.premise,
            question=one.text,
            choices=one.choices,
            answer=one.correct_answer,
        )
        for one in some
    ]
    return QuestionSetDetail(**described(stored).model_dump(), questions=asked)


@api.post(
    "/question-sets",
    status_code=201,
    max_body_size=LARGEST_BODY_BYTES,
    openapi_extra=upload_document("name", "format"),
)
async def import_questions(request: Request) -> QuestionSetOut:
    """Import a question set as a whole, from a file of JSON lines (.jsonl, .jsonl.xz, .jsonl.gz)."""
    opener = partial(api_desk, request, "material:write", "researcher")
    stored = await take_in(request, opener, "questions", question_file)
    return await to_thread.run_sync(imported, opener, str(stored["name"]))


def imported(opener: Opener, name: str) -> QuestionSetOut:
    with opener() as at:
        return described(found(at, name))
