"""The study definition: one file that says everything about a study, frozen when it is launched."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import comb
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from app.contract.base import Contract, Text, is_none, sha256_of
from app.contract.complaints import MOST_PROBLEMS, did_you_mean, listed, shortened
from app.contract.plan import Analysis, plan_contradictions
from app.contract.recruitment import Recruitment, recruitment_contradictions
from app.contract.words import MaybeWords, Name, Slug, Words

MOST_ITEMS = 64  # for one participant; the planner's costs are exact up to here
MOST_CHOICES = 100  # ways to choose a participant's conditions; each is planned at every arrival
# Columns that every export of ratings has; a construct gets a column of its own beside them.
EXPORT_COLUMNS = {
    *("study", "version", "participant", "participant_status", "flags", "mode"),
    *("condition", "condition_label", "item", "question_id", "position"),
    *("counted", "answer_correct", "started_at", "submitted_at", "duration_ms", "own_answer", "comment"),
}


class BundleSource(Contract):
    bundle: Name


class CheckpointSource(Contract):
    checkpoint: Name


class Condition(Contract):
    key: Name
    label: Words
    source: BundleSource | CheckpointSource
    paper_name: MaybeWords = None


class Draw(Contract):
    count: int = Field(ge=1)
    seed: int = 0


class CorrectShare(Contract):
    correct_share: float = Field(ge=0, le=1)


class Questions(Contract):
    set: Name
    draw: Draw | None = None
    ids: tuple[Words, ...] = ()
    exclude: tuple[Words, ...] = ()
    require: Literal["any", "all_correct"] | CorrectShare = "any"


class Design(Contract):
    conditions_per_participant: Literal["all"] | Annotated[int, Field(ge=1)] = "all"
    items_per_condition: int = Field(3, ge=1, le=100)
    ratings_per_item: int = Field(3, ge=1, le=10_000)
    order: Literal["balanced", "shuffled"] = "balanced"
    construct_order: Literal["fixed", "random"] = "fixed"
    reservation_minutes: float = Field(45, gt=0, le=10_080)
    resume_hours: float = Field(24, gt=0, le=8_760)
    when_full: Literal["admit", "close"] = "admit"


class Construct(Contract):
    key: Name
    statement: Words
    help: Text = ""
    scale: Name


class ComprehensionQuestion(Contract):
    text: Words
    options: tuple[Words, ...] = Field(min_length=2)
    correct: int = Field(ge=0)


class Comprehension(Contract):
    attempts: int = Field(2, ge=1, le=10)
    questions: tuple[ComprehensionQuestion, ...] = Field(min_length=1)


class Attention(Contract):
    count: int = Field(2, ge=0, le=20)
    statement: Words = "To show that you are reading, please choose '{label}' here."


class PracticeItem(Contract):
    premise: MaybeWords = Field(None, exclude_if=is_none)  # so older definitions keep their hashes
    question: Words
    choices: tuple[Words, ...] = Field(min_length=2)
    student_answer: int = Field(ge=0)
    explanation: Words


class Pages(Contract):
    """Markdown texts; in the file each is the name of a .md file beside it, or the text itself."""

    consent: Words
    instructions: Words
    debrief: Words


class QuestionnaireQuestion(Contract):
    key: Name
    text: Words
    kind: Literal["choice", "text"] = "choice"
    options: tuple[Words, ...] = ()


class StudyDefinition(Contract):
    """Everything a study is. Raises: ValidationError with one line for each thing that is wrong."""

    version: Literal[1]
    slug: Slug
    title: Words
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    contact: MaybeWords = None
    estimated_minutes: int = Field(15, ge=1, le=600)
    conditions: tuple[Condition, ...] = Field(min_length=1)
    questions: Questions
    design: Design
    constructs: tuple[Construct, ...] = Field(min_length=1)
    scales: dict[Name, Annotated[tuple[Words, ...], Field(min_length=2, max_length=9)]]
    comment: Literal["off", "optional", "required"] = "off"
    own_answer: Literal["off", "before"] = "off"
    comprehension: Comprehension | None = None
    attention: Attention | None = None
    practice: tuple[PracticeItem, ...] = ()
    pages: Pages
    questionnaire: tuple[QuestionnaireQuestion, ...] = ()
    recruitment: Recruitment
    analysis: Analysis = Analysis()
    audience: Literal["people", "synthetic"] = "people"

    @model_validator(mode="before")
    @classmethod
    def read_version(cls, fields: object) -> object:
        """Let the file's scalars arrive as text: "1" is version 1, which a Literal would refuse."""
        if isinstance(fields, dict) and fields.get("version") == "1":
            return fields | {"version": 1}
        return fields

    @model_validator(mode="after")
    def agrees_with_itself(self) -> Self:
        found = list(contradictions(self))
        if found:
            raise Contradictions(found)
        return self

    @property
    def conditions_per_participant(self) -> int:
        asked = self.design.conditions_per_participant
        return len(self.conditions) if asked == "all" else asked

    @property
    def items_per_participant(self) -> int:
        return self.conditions_per_participant * self.design.items_per_condition

    @property
    def attention_count(self) -> int:
        return self.attention.count if self.attention else 0

    @property
    def sha256(self) -> str:
        return sha256_of(self.model_dump(mode="json"))


class Unknown(NamedTuple):
    """A name that stands for nothing; what it may have meant is looked for once it is said."""

    path: str
    value: str
    known: Sequence[str]
    noun: str

    def __str__(self) -> str:
        hint = did_you_mean(self.value, self.known, f"; there is {listed(self.known)}.")
        return f"{self.path}: '{shortened(self.value)}' is no {self.noun} of this study{hint}"


Contradiction = str | Unknown


class Contradictions(ValueError):
    """Where a definition disagrees with itself: the first fifty in words, all of them in `found`."""

    def __init__(self, found: Sequence[Contradiction]) -> None:
        super().__init__("\n".join(map(str, found[:MOST_PROBLEMS])))
        self.found = found


def contradictions(study: StudyDefinition) -> Iterator[Contradiction]:
    """Say, a line each and with the path in the file, where the definition disagrees with itself."""
    yield from repeated("conditions", [condition.key for condition in study.conditions])
    yield from repeated("conditions", [condition.label for condition in study.conditions], "label")
    yield from repeated("constructs", [construct.key for construct in study.constructs])
    yield from repeated("questionnaire", [question.key for question in study.questionnaire])
    yield from design_contradictions(study)
    yield from recruitment_contradictions(study.recruitment)
    for construct in study.constructs:
        if construct.key in EXPORT_COLUMNS:
            yield f"constructs: the key '{construct.key}' is a column of the exports; choose another."
    yield from scale_contradictions(study)
    yield from index_contradictions(study)
    if study.analysis.reference is not None:
        keys = [condition.key for condition in study.conditions]
        if study.analysis.reference not in keys:
            yield Unknown("analysis.reference", study.analysis.reference, keys, "condition")
    used = {construct.scale for construct in study.constructs}
    yield from plan_contradictions(
        study.analysis, {key: labels for key, labels in study.scales.items() if key in used}
    )


def repeated(path: str, values: list[str], field: str = "key") -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{path}: the {field} '{shortened(value)}' is used {count} times; each must be different."


def design_contradictions(study: StudyDefinition) -> Iterator[str]:
    conditions, items = len(study.conditions), study.items_per_participant
    if study.conditions_per_participant > conditions:
        yield (
            f"design.conditions_per_participant: {study.conditions_per_participant} asked, "
            f"but there are only {conditions} conditions."
        )
    choices = comb(conditions, min(study.conditions_per_participant, conditions))
    if choices > MOST_CHOICES:
        yield (
            f"design.conditions_per_participant: {study.conditions_per_participant} of {conditions} can be "
            f"chosen in {choices} ways; at most {MOST_CHOICES} can be balanced. Take all, 1, or fewer."
        )
    if items > MOST_ITEMS:
        yield f"design.items_per_condition: {items} items for each participant; {MOST_ITEMS} at most."
    if study.attention_count > max(items - 1, 0):
        yield (
            f"attention.count: at most {items - 1} checks fit between {items} items "
            "(never first, last or next to another)."
        )
    chosen = study.questions.ids or (study.questions.draw is not None)
    if not chosen or (study.questions.ids and study.questions.draw):
        yield "questions: say either draw: {count: …, seed: …} or ids: […], one of the two."
    if study.questions.ids and isinstance(study.questions.require, CorrectShare):
        yield "questions.require: a share of right answers goes with draw; ids are taken as listed."
    available = len(study.questions.ids) or (study.questions.draw.count if study.questions.draw else items)
    if available < items:
        yield (
            f"questions: {available} questions, but each participant needs {items} different ones "
            f"({study.conditions_per_participant} conditions × {study.design.items_per_condition})."
        )
    yield from repeated("questions.ids", list(study.questions.ids), "id")


def scale_contradictions(study: StudyDefinition) -> Iterator[Contradiction]:
    scales = list(study.scales)
    for index, construct in enumerate(study.constructs):
        if construct.scale not in study.scales:
            yield Unknown(f"constructs.{index}.scale", construct.scale, scales, "scale")
    for key, labels in study.scales.items():
        yield from repeated(f"scales.{key}", list(labels), "label")
    if study.attention_count and study.attention and "{label}" not in study.attention.statement:
        yield "attention.statement: must contain {label}, where the asked answer is filled in."


def index_contradictions(study: StudyDefinition) -> Iterator[str]:
    questions = study.comprehension.questions if study.comprehension else ()
    for index, question in enumerate(questions):
        if question.correct >= len(question.options):
            yield (
                f"comprehension.questions.{index}.correct: {question.correct} is past the last option; "
                "options are counted from 0."
            )
    for index, item in enumerate(study.practice):
        if item.student_answer >= len(item.choices):
            yield (
                f"practice.{index}.student_answer: {item.student_answer} is past the last choice; "
                "choices are counted from 0."
            )
    for index, asked in enumerate(study.questionnaire):
        if asked.kind == "choice" and not asked.options:
            yield f"questionnaire.{index}.options: say what can be chosen, or kind: text."
