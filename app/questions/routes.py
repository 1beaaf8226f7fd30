"""/question-sets: the sets there are, their questions, and bringing in another."""

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.contract.base import InvalidFile
from app.contract.question_formats import PARSERS, Format
from app.contract.question_set import read_question_set
from app.errors import Conflict, Invalid, NotFound
from app.models import QuestionSet
from app.questions import queries, service
from app.questions.pages import QuestionSetPage, QuestionSetsPage
from app.web.auth import Desk, Opener, desk
from app.web.shell import go, shell_of, show
from app.web.uploads import LARGEST_BODY_BYTES, Received, take_in

router = APIRouter(prefix="/question-sets")
FORMATS: dict[Format, str] = {
    "cqa": "id, question, choices, answer (also CoS-E)",
    "commonsenseqa": "CommonsenseQA, official files",
    "esnli": "e-SNLI: premise, hypothesis, label",
    "strategyqa": "StrategyQA: yes or no",
}


@router.get("")
def question_sets(request: Request) -> Response:
    with desk(request) as at:
        page = page_of(request, at)
    return show(page)


def page_of(
    request: Request, at: Desk, data: dict[str, str] | None = None, problem: str = ""
) -> QuestionSetsPage:
    return QuestionSetsPage(
        shell_of(request, at.person, "questions"),
        question_sets=queries.question_sets(at.session),
        formats=FORMATS,
        upload_mb=request.app.state.settings.upload_mb,
        data=data or {},
        problem=problem,
    )


@router.post("", max_body_size=LARGEST_BODY_BYTES)
async def import_questions(request: Request) -> Response:
    try:
        stored = await take_in(request, partial(desk, request, "researcher"), store)
    except (Invalid, Conflict, InvalidFile) as refused:
        return await to_thread.run_sync(sent_back, request, str(refused))
    return go(request, "/question-sets", service.sentence(stored))


def store(open_desk: Opener, upload: Received) -> QuestionSet:
    """Read before the transaction, so that nobody waits for it."""
    found = read_question_set(upload.path, known_format(upload.fields.get("format", "cqa")))
    with open_desk(writing=True) as at:
        return service.import_questions(at.session, found, upload.fields.get("name", ""))


def known_format(text: str) -> Format:
    for known in PARSERS:
        if known == text:
            return known
    raise Invalid(f"Please choose how the file is written: {', '.join(PARSERS)}.")


def sent_back(request: Request, problem: str) -> Response:
    with desk(request, "researcher") as at:
        page = page_of(request, at, request.state.fields, f"Nothing was imported. {problem}")
    return show(page, 422)


@router.get("/{name}")
def question_set(
    request: Request, name: str, page: Annotated[int, Query(ge=1, le=1_000_000)] = 1
) -> Response:
    with desk(request) as at:
        found = queries.question_set_by_name(at.session, name)
        if found is None:
            raise NotFound(f"There is no question set '{name}'.")
        rows, has_more = queries.questions_page(at.session, found.id, page)
        shown = QuestionSetPage(shell_of(request, at.person, "questions"), found, rows, page, has_more)
    return show(shown)
