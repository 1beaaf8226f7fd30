"""/question-sets: the sets there are, their questions, and bringing in another."""

from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.contract.question_formats import Format
from app.errors import NotFound
from app.paging import paged
from app.questions import queries
from app.questions.pages import QuestionSetPage, QuestionSetsPage
from app.web.auth import Desk, desk
from app.web.shell import PageNumber, go, shell_of, show
from app.web.uploads import LARGEST_BODY_BYTES, REFUSALS, question_file, take_in

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
        shell=shell_of(request, at.person, "questions"),
        question_sets=queries.question_sets(at.session),
        formats=FORMATS,
        upload_mb=request.app.state.settings.upload_mb,
        data=data or {},
        problem=problem,
    )


@router.post("", max_body_size=LARGEST_BODY_BYTES)
async def import_questions(request: Request) -> Response:
    try:
        stored = await take_in(request, partial(desk, request, "researcher"), "questions", question_file)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, str(refused))
    return go(request, "/question-sets", str(stored["sentence"]))


def sent_back(request: Request, problem: str) -> Response:
    with desk(request, "researcher") as at:
        page = page_of(request, at, request.state.fields, f"Nothing was imported. {problem}")
    return show(page, 422)


@router.get("/{name}")
def question_set(request: Request, name: str, page: PageNumber = 1) -> Response:
    with desk(request) as at:
        found = queries.question_set_by_name(at.session, name)
        if found is None:
            raise NotFound(f"There is no question set '{name}'.")
        shown = QuestionSetPage(
            shell=shell_of(request, at.person, "questions"),
            question_set=found,
            questions=paged(partial(queries.some_questions, at.session, found.id), page),
        )
    return show(shown)
