"""A sample of every staff page, with hostile words wherever somebody's words may stand."""

from typing import Any

from app.analysis import pages as results
from app.analysis.live import Cell, Live
from app.bundles import pages as bundle_pages
from app.bundles.queries import BundleRow, ExplanationRow
from app.checkpoints import pages as checkpoints
from app.contract.student import StudentManifest
from app.jobs.pages import Work
from app.models import (
    Bundle,
    Checkpoint,
    Explanation,
    Item,
    Question,
    QuestionSet,
)
from app.participants import pages as participant_pages
from app.participants.queries import ParticipantRow
from app.published import Published
from app.questions import pages as questions
from app.runs import pages as run_pages
from app.runs.inspection import Output, Summary
from app.runs.progress import Progress, RunName
from app.simulation import pages as simulation
from app.studies import pages as studies
from app.studies.check import Check
from app.studies.queries import ConditionNumbers, ItemRow, Overview, Share
from app.web.api import ApiPage
from app.web.pages import Page
from tests.web.account_pages import ACCOUNT_PAGES
from tests.web.hostile import FORM, HOSTILE, NOW, SHELL, second_page
from tests.worker.manifests import make_manifest

OVERVIEW = Overview("small", "live", "people", 1, 16, 0, 2, {"completed": 1, "declined": 2}, HOSTILE, 2)
NUMBERS = studies.Numbers(OVERVIEW, [ConditionNumbers(HOSTILE, 8, 3, 0, 2)])
QUESTION = Question(
    key=HOSTILE, premise=HOSTILE, text=HOSTILE, choices=[HOSTILE, "b"], correct_answer=HOSTILE, position=1
)
SET = QuestionSet(name="set", format="cqa", source_sha256="0" * 64, counts={"questions": 1}, created_at=NOW)
BUNDLE = Bundle(
    name="bundle",
    manifest={"description": HOSTILE},
    source_sha256="0" * 64,
    cleaning="first-paragraph/1",
    counts={},
    created_at=NOW,
)
EXPLANATION = Explanation(
    predicted_answer=HOSTILE, raw_text=f"{HOSTILE}\n\nmore", shown_text=HOSTILE, is_cut_off=True
)
ITEM = Item(
    question_key=HOSTILE,
    premise=HOSTILE,
    question=HOSTILE,
    choices=[HOSTILE],
    answer=HOSTILE,
    explanation=HOSTILE,
    is_answer_correct=False,
    is_cut_off=True,
    answered=1,
    reserved=0,
)
MANIFEST = StudentManifest.model_validate_json(
    make_manifest(name=HOSTILE, method={"training": HOSTILE}, evaluation={"split": HOSTILE, HOSTILE: HOSTILE})
)
CHECKPOINT = Checkpoint(
    name="student",
    state="failed",
    reason=HOSTILE,
    source=HOSTILE,
    files={HOSTILE: {"sha256": "0" * 64, "bytes": 1}},
    left_behind=[HOSTILE],
    model_sha256="0" * 64,
    tokenizer_sha256="0" * 64,
    trial=[{"question": HOSTILE, "choices": [HOSTILE], "answer": None, "explanation": HOSTILE}],
    created_at=NOW,
)
RUN = Progress(
    run_id=1,
    checkpoint=HOSTILE,
    question_set=HOSTILE,
    way=HOSTILE,
    precision="fp32",
    state="running",
    is_begun=True,
    reason=HOSTILE,
    done=1,
    total=2,
    per_second=0.5,
    seconds_left=7200.0,
    created_at=NOW,
    finished_at=None,
)
OTHER = RunName(run_id=2, checkpoint=HOSTILE, question_set=HOSTILE, way=HOSTILE, precision="fp32")
SUMMARY = Summary(
    total=2,
    right=1,
    accuracy=0.5,
    ci95=(0.1, 0.9),
    mean_characters=10.0,
    mean_words=2.0,
    mean_distractor_mentions=0.5,
    flags={"empty": 1},
)
OUTPUT = Output(
    question_key=HOSTILE,
    premise=HOSTILE,
    question=HOSTILE,
    choices=[HOSTILE],
    correct_answer=HOSTILE,
    answer=HOSTILE,
    explanation=HOSTILE,
    is_right=False,
    flags=["empty"],
)
MOVING = checkpoints.Moving(CHECKPOINT, [RUN], is_worker_missing=True)
STEP = {"name": HOSTILE, "input": HOSTILE, "output": HOSTILE, "tokens": 1, "is_truncated": True}
TOLD = {
    "answer": HOSTILE,
    "explanation": HOSTILE,
    "record": {"missing": [HOSTILE], "steps": [STEP], "precision": "fp32", "seconds": 1.0},
}

RUNNING = Work(job_id=1, may_cancel=True, begun=NOW, progress=0.5, kept_id=2, made_at=NOW)
WAITING = Work(job_id=1, is_waiting=True, is_unattended=True)
FAILED = Work(problem=HOSTILE, kept_id=2, made_at=NOW)
SUMMARY_OF_REHEARSAL = {
    "ok": False,
    "completed": 1,
    "participants": 2,
    "ratings": 8,
    "lost": 0,
    "twice": 0,
    "submit_p50_ms": 1,
    "seconds": 1,
    "errors": [HOSTILE],
}

STAFF_PAGES: dict[type[Page], dict[str, Any]] = {
    ApiPage: {"document_url": "/api/v1/openapi.json"},
    **ACCOUNT_PAGES,
    studies.StudiesPage: {"shell": SHELL, "studies": [OVERVIEW]},
    studies.DraftPage: {
        "shell": SHELL,
        "slug": "small",
        "text": f"</textarea>{HOSTILE}",
        "problem": HOSTILE,
        "advice": (HOSTILE,),
    },
    studies.NumbersFragment: {"numbers": NUMBERS},
    studies.StudyPage: {
        "shell": SHELL,
        "slug": "small",
        "level": "own",
        "address": "http://localhost/s/small",
        "link": HOSTILE,
        "people_needed": 8,
        "definition": HOSTILE,
        "has_changed": True,
        "missing": [HOSTILE],
        "numbers": NUMBERS,
        "versions": [Published(number=1, frozen_at=NOW, sha256="0" * 64, definition_sha256="0" * 64)],
        "shares": [Share(1, HOSTILE, "own")],
        "problem": HOSTILE,
    },
    studies.ItemsPage: {
        "shell": SHELL,
        "slug": "small",
        "version": 1,
        "items": second_page(ItemRow(HOSTILE, ITEM)),
    },
    studies.CheckPage: {
        "shell": SHELL,
        "slug": "small",
        "check": Check([HOSTILE], 1, 1, 1, 1, 1, 1, 1, 1, 0),
    },
    participant_pages.ParticipantsPage: {
        "shell": SHELL,
        "slug": "small",
        "participants": second_page(
            ParticipantRow("p1", "people", "completed", 4, 1, 1, True, True, False, NOW, NOW, HOSTILE)
        ),
        "may_exclude": True,
    },
    questions.QuestionSetsPage: {
        "shell": SHELL,
        "question_sets": [SET],
        "formats": {"cqa": "CoS-E"},
        "upload_mb": 64,
        "data": {"name": HOSTILE},
        "problem": HOSTILE,
    },
    questions.QuestionSetPage: {"shell": SHELL, "question_set": SET, "questions": second_page(QUESTION)},
    bundle_pages.BundlesPage: {
        "shell": SHELL,
        "bundles": [BundleRow(BUNDLE, "set")],
        "question_sets": ["set"],
        "upload_mb": 64,
        "data": {"name": HOSTILE},
        "problem": HOSTILE,
        "done": HOSTILE,
        "aside": (HOSTILE,),
    },
    bundle_pages.BundlePage: {
        "shell": SHELL,
        "bundle": BUNDLE,
        "question_set": "set",
        "explanations": second_page(ExplanationRow(QUESTION, EXPLANATION)),
    },
    checkpoints.CheckpointsPage: {
        "shell": SHELL,
        "checkpoints": [checkpoints.CheckpointRow(CHECKPOINT, MANIFEST)],
        "folders": [HOSTILE],
        "largest_mb": 1,
        "is_worker_missing": True,
        "data": {"name": HOSTILE, "path": HOSTILE, "manifest": HOSTILE},
        "problem": HOSTILE,
    },
    checkpoints.MovingFragment: {"moving": MOVING},
    checkpoints.CheckpointPage: {
        "shell": SHELL,
        "moving": MOVING,
        "manifest": MANIFEST,
        "manifest_text": HOSTILE,
        "measures": checkpoints.measures_of(MANIFEST.evaluation),
        "question_sets": [HOSTILE],
        "newest": RUN,
        "summary": SUMMARY,
        "problem": HOSTILE,
        **FORM,
    },
    checkpoints.TryPage: {
        "shell": SHELL,
        "name": "student",
        "task_id": "0",
        "looks": 0,
        "told": TOLD,
        "is_worker_missing": True,
    },
    run_pages.RunPage: {
        "shell": SHELL,
        "run": RUN,
        "summary": SUMMARY,
        "filters": [("all", HOSTILE)],
        "which": "all",
        "found": 1,
        "outputs": second_page(OUTPUT),
        "others": [OTHER],
        "is_worker_missing": True,
    },
    run_pages.BesidePage: {
        "shell": SHELL,
        "sides": (run_pages.Side(OTHER, SUMMARY), run_pages.Side(OTHER, SUMMARY)),
        "differences": [("all", HOSTILE)],
        "which": "all",
        "found": 1,
        "pairs": second_page((OUTPUT, OUTPUT)),
    },
    results.ResultsPage: {
        "shell": SHELL,
        "slug": "small",
        "title": HOSTILE,
        "level": "own",
        "is_for_people": True,
        "left_out": 2,
        "is_open": True,
        "formats": (("long", HOSTILE),),
        "package": RUNNING,
        "report": FAILED,
        "tables": (results.MadeTable(HOSTILE, WAITING), results.MadeTable(HOSTILE, FAILED)),
        "versions": (("2", HOSTILE), ("all", HOSTILE)),
        "problem": HOSTILE,
    },
    results.LivePage: {
        "shell": SHELL,
        "slug": "small",
        "live": Live(NOW, 2, (Cell(HOSTILE, HOSTILE, (1, 0)), Cell(HOSTILE, HOSTILE, (1, 2))), (1, 2)),
    },
    simulation.RehearsalPage: {
        "shell": SHELL,
        "slug": "small",
        "is_for_people": True,
        "is_live": True,
        "work": FAILED,
        "result": SUMMARY_OF_REHEARSAL,
        **FORM,
    },
}
