from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.contract.question_formats import Format
from app.models import Question, QuestionSet
from app.paging import Paged
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class QuestionSetsPage(ShellPage):
    template = "questions/question_sets.html"
    question_sets: Sequence[QuestionSet]
    formats: Mapping[Format, str]
    upload_mb: int
    data: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class QuestionSetPage(ShellPage):
    template = "questions/question_set.html"
    question_set: QuestionSet
    questions: Paged[Question]
