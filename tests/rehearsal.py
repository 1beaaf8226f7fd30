"""The dry run before a launch: a whole study by synthetic participants, on both databases.

`make rehearse` takes two bundles of 100 questions, 6 items of each of 2 conditions per participant and a
target of 6, lets 100 synthetic participants take it at concurrency 50 against two server processes, and
fails unless all complete and every count is exact. Real students' explanations are used where a folder
beside this repository has them, the demo's otherwise (32 questions, so a target of 6 takes 32 people).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.web.migrations import upgrade
from tests.servers import PostgresServer, WebServer

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
STUDY = """
version: 1
slug: rehearsal
title: A rehearsal
conditions:
  - {key: one, label: One, source: {bundle: one}}
  - {key: two, label: Two, source: {bundle: two}}
questions: {set: questions, draw: {count: QUESTIONS, seed: 7}}
design: {items_per_condition: 6, ratings_per_item: TARGET, reservation_minutes: RESERVATION}
constructs:
  - {key: plausibility, statement: The explanation is plausible., scale: agreement}
  - {key: understandability, statement: The explanation is understandable., scale: agreement}
  - {key: completeness, statement: The explanation is complete., scale: agreement}
  - {key: satisfaction, statement: The explanation is satisfying., scale: agreement}
  - {key: contrastiveness, statement: It says why this answer and no other., scale: agreement}
scales:
  agreement: [Strongly disagree, Disagree, Neither agree nor disagree, Agree, Strongly agree]
comment: optional
comprehension:
  questions: [{text: What do you rate?, options: [The question, The explanation], correct: 1}]
attention: {count: 2}
practice: [{question: Where?, choices: [here, there], student_answer: 0, explanation: It is near.}]
pages: {consent: Consent., instructions: Instructions., debrief: Debrief.}
questionnaire: [{key: age, text: Your age, options: [young, old]}, {key: note, text: Notes, kind: text}]
recruitment: {platform: link, codes: {completed: DONE}}
audience: synthetic
"""
Materials = tuple[Path, Path, Path, int]


def materials() -> Materials:
    """Return the question file, two bundles, and how many questions to draw."""
    if REAL.is_dir():
        names = ("cqa-llama-validation", "student-t5-large-mt-cf-unrevised", "student-t5-large-mt-cf-revised")
        questions, one, two = (REAL / f"{name}.jsonl.xz" for name in names)
        return questions, one, two, 100
    demo = ROOT / "demo"
    return demo / "questions.jsonl", demo / "bundles/smollm2-mt", demo / "bundles/smollm2-cf", 32


def main() -> int:
    return on_both_databases(rehearse)


def rehearse(label: str, home: Path, url: str) -> int:
    """Run one whole rehearsal and print its figures; how many of its expectations failed."""
    with WebServer(home, url, workers=2) as server:
        people = launch(server, target=6)
        load = ("--url", server.address, "--participants", str(people), "--concurrency", "50", "--seed", "1")
        done = tell(server, "simulate", "rehearsal", *load)
        checked = tell(server, "study", "check", "rehearsal")
        exported = tell(server, "export", "rehearsal", "--out", str(home / "long.csv"))
    log = server.log.read_text()
    expectations = {
        f"all {people} complete": done["completed"] == people,
        "nothing lost, nothing differing": done["lost"] == done["differing"] == 0,
        f"exactly {people * 12} responses": checked["responses"] == people * 12,
        f"exactly {people * 60} ratings": checked["ratings"] == exported["rows"] == people * 60,
        "every item exactly 6 answers": checked["least_answers"] == checked["most_answers"] == 6,
        "condition × position spread at most 1": checked["position_spread"] <= 1,
        "no problem found by the check": checked["problems"] == [],
        "no error in the log": not any(word in log for word in ("ERROR", "WARNING", "Traceback")),
    }
    sys.stdout.write(
        f"{label}: {people} participants, {done['seconds']} s, {done['ratings_per_s']} ratings/s, "
        f"submit p50 {done['submit_p50_ms']} ms, p99 {done['submit_p99_ms']} ms\n"
    )
    return report(expectations)


def launch(server: WebServer, target: int, reservation_minutes: float = 45) -> int:
    """Import the materials and launch the study; how many participants reach its target."""
    questions, one, two, drawn = materials()
    values = {"QUESTIONS": drawn, "TARGET": target, "RESERVATION": reservation_minutes}
    text = STUDY
    for name, value in values.items():
        text = text.replace(name, str(value))
    definition = server.home / "study.yaml"
    definition.write_text(text)
    tell(server, "questions", "import", str(questions), "--name", "questions", "--format", "cqa")
    tell(server, "bundle", "import", str(one), "--name", "one")
    tell(server, "bundle", "import", str(two), "--name", "two")
    tell(server, "study", "create", str(definition))
    launched = tell(server, "study", "launch", "rehearsal")
    people: int = launched["participants"]
    return people


def on_both_databases(rehearse: Callable[[str, Path, str], int]) -> int:
    """Rehearse with SQLite, then with PostgreSQL; the exit status."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        sqlite = f"sqlite:///{home / 'rehearsal.db'}"
        upgrade(sqlite)
        failures = rehearse("SQLite", home / "sqlite", sqlite)
        postgres = stack.enter_context(PostgresServer())
        with postgres.fresh_database() as url:
            failures += rehearse("PostgreSQL", home / "postgres", url)
    sys.stdout.write(f"{failures} failures\n")
    return min(failures, 1)


def report(expectations: dict[str, bool]) -> int:
    """Print each expectation with yes or NO; how many failed."""
    for expectation, holds in expectations.items():
        sys.stdout.write(f"  {'yes' if holds else 'NO '}  {expectation}\n")
    return sum(not holds for holds in expectations.values())


def tell(server: WebServer, *command: str) -> dict[str, Any]:
    done: subprocess.CompletedProcess[str] = server.command(*command, "--json")
    if done.returncode not in {0, 1} or not done.stdout:
        raise RuntimeError(f"honeyglass {' '.join(command)}: {done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise RuntimeError(f"honeyglass {' '.join(command)}: {answer['error']}")
    return answer


if __name__ == "__main__":
    sys.exit(main())
