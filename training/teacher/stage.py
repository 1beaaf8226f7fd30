"""Have a teacher explain questions: what students are distilled from.

One stage, top to bottom, for every question: (a) explain the right answer, (b) argue for each wrong choice,
(c) criticise the explanation, (d) revise it by that critique. Every reply is on disk before the next is
asked, so a killed run goes on where it stopped. OUT has a row per finished question; beside it are
.calls.jsonl (accepted replies), .rejects.jsonl (replies not worth learning from, with the reason) and
.run.json (model, prompts and decoding, which must not change under way).

    python -m training teacher teacher.toml
"""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from app.contract.answers import wrong_choices
from app.contract.base import InvalidFile
from app.contract.files import write_whole
from app.contract.lesson import TeacherRow
from app.contract.question import Question
from app.contract.question_set import read_question_set
from training.teacher.calls import Asker, Calls
from training.teacher.config import TeacherConfig, read_config
from training.teacher.endpoint import Endpoint, EndpointError, NoAnswer, Stopped, Teacher
from training.teacher.local import LocalTeacher
from training.teacher.prompting import Prompt, read_prompts

MOST_FAILURES_IN_A_ROW = 10  # then the endpoint is down, and there is no use in trying the rest
console = Console(stderr=True, highlight=False, soft_wrap=True)


# One question


def explain_question(
    ask: Asker, question: Question, *, has_counterfactuals: bool, has_revision: bool
) -> TeacherRow | None:
    """Go through all stages; None if the explanation itself was rejected: there is nothing to learn."""
    explanation = ask.argument("explanation", question, question.answer)
    if explanation is None:
        return None
    counterfactuals = {}
    for choice in wrong_choices(question.answer, question.choices) if has_counterfactuals else ():
        argued = ask.argument("counterfactual", question, choice)
        if argued is not None:
            counterfactuals[choice] = argued
    critique = revised = None
    if has_revision:
        critique = ask.critique(question, explanation)
    if critique is not None:
        shown = {"explanation": explanation, "critique": critique}
        revised = ask.argument("revision", question, question.answer, shown)
    return TeacherRow(
        id=question.key,
        question=question.question,
        choices=question.choices,
        answer=question.answer,
        context=question.premise,
        explanation=explanation,
        critique=critique,
        revised_explanation=revised,
        counterfactuals=counterfactuals,
        provenance=ask.provenance(question),
    )


# All questions


class Run:
    """The files of one output and what has been asked for it."""

    def __init__(
        self, config: TeacherConfig, prompts: dict[str, Prompt], teacher: Teacher, files: ExitStack
    ) -> None:
        self.config = config
        self.calls = files.enter_context(Calls(config.out))
        self.ask = Asker(teacher, prompts, self.calls, config.decoding.request())
        self.failures: dict[str, str] = {}
        self.failures_in_a_row = 0

    def one(self, question: Question) -> None:
        row = explain_question(
            self.ask,
            question,
            has_counterfactuals=self.config.counterfactuals,
            has_revision=self.config.revision,
        )
        if row is not None:
            self.calls.write_row(row.model_dump(mode="json", by_alias=True))

    def collect(self, question: Question, done: "Future[None]") -> None:
        """Note a question that was not answered. Raises: EndpointError after too many in a row."""
        try:
            done.result()
            self.failures_in_a_row = 0
        except NoAnswer as error:
            self.failures[question.key] = str(error)
            self.failures_in_a_row += 1
            if self.failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
                raise EndpointError(f"The endpoint seems to be down: {error}.") from error


def ask_all(run: Run, questions: tuple[Question, ...], stop: threading.Event, progress: Progress) -> None:
    """Ask with `concurrency` questions under way; whatever ends this sets `stop`, so no thread waits on."""
    waiting = [question for question in questions if question.key not in run.calls.row_ids]
    done = len(questions) - len(waiting)
    task = progress.add_task("Questions", total=len(questions), completed=done)
    with ThreadPoolExecutor(run.config.concurrency) as pool:
        try:
            for question, future in under_way(pool, run, waiting):
                run.collect(question, future)
                said = run.calls.spent.words(run.config.price)
                progress.update(task, advance=1, description=f"Questions ({said})")
        finally:
            stop.set()


def under_way(
    pool: ThreadPoolExecutor, run: Run, waiting: list[Question]
) -> Iterator[tuple[Question, "Future[None]"]]:
    """Yield each question when it is finished; never more are handed out than can be worked on."""
    ahead = iter(waiting)
    futures = {pool.submit(run.one, question): question for question in islice(ahead, run.config.concurrency)}
    while futures:
        finished, _ = wait(futures, return_when=FIRST_COMPLETED)
        for future in finished:
            yield futures.pop(future), future
            futures |= {pool.submit(run.one, question): question for question in islice(ahead, 1)}


def check_unchanged(path: Path, now: dict[str, Any], *, is_change_allowed: bool) -> None:
    """Note what the output is made with. Raises: InvalidFile if part of it was made with something else."""
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in now if before.get(key) != now[key]]
        if changed and not is_change_allowed:
            raise InvalidFile(
                f"{path.name}: this output was begun with another {' and '.join(changed)}. Choose another "
                "`out`, or go on with --allow-changes: every row says what it was made with."
            )
    write_whole(path, json.dumps(now, indent=1, ensure_ascii=False) + "\n")


def made_with(config: TeacherConfig, prompts: dict[str, Prompt], teacher: Teacher) -> dict[str, Any]:
    return {
        "model": dict(teacher.identity),
        "prompts": {stage: prompt.sha256 for stage, prompt in prompts.items()},
        "decoding": config.decoding.request(),
        "stages": {"counterfactuals": config.counterfactuals, "revision": config.revision},
    }


def make_teacher(
    config: TeacherConfig, stop: threading.Event, progress: Progress, files: ExitStack
) -> Teacher:
    """What is asked; its connections are closed with `files`. Raises: InvalidFile or EndpointError."""
    if config.local is not None:
        return LocalTeacher(config.local, config.decoding.request())
    endpoint = Endpoint(
        base_url=str(config.base_url),
        model=str(config.model),
        decoding=config.decoding.request(),
        api_key=os.environ.get(config.api_key_env) if config.api_key_env else None,
        timeout_s=config.timeout_s,
        patience=config.patience.as_patience(),
        stop=stop,
        on_wait=lambda why: progress.console.print(why, markup=False),
    )
    files.enter_context(endpoint.client)
    return endpoint


def generate(config: TeacherConfig, *, limit: int | None, is_change_allowed: bool) -> Run:
    """Ask everything that is not done yet. Raises: InvalidFile or EndpointError."""
    questions = read_question_set(config.questions, config.format).questions[:limit]
    prompts, stop = read_prompts(config.prompts), threading.Event()
    with Progress(console=console) as progress, ExitStack() as files:
        teacher = make_teacher(config, stop, progress, files)
        run = Run(config, prompts, teacher, files)  # first, for it holds the lock
        path = config.out.with_suffix(".run.json")
        check_unchanged(path, made_with(config, prompts, teacher), is_change_allowed=is_change_allowed)
        if run.calls.repaired_bytes:
            progress.console.print(f"Cut off {run.calls.repaired_bytes} bytes of a half-written line.")
        ask_all(run, questions, stop, progress)
    return run


# The command


def teacher(
    config: Annotated[
        Path, typer.Argument(help="TOML: questions, out, the endpoint or local model; see docs/training.md.")
    ],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    *,
    allow_changes: Annotated[
        bool, typer.Option("--allow-changes", help="Go on though model, prompts or decoding changed.")
    ] = False,
) -> None:
    """Have a teacher explain questions, argue for wrong choices, criticise and revise; resumable."""
    try:
        read = read_config(config)
        run = generate(read, limit=limit, is_change_allowed=allow_changes)
    except (InvalidFile, EndpointError, OSError) as error:
        console.print(f"Error: {error}", markup=False)
        raise typer.Exit(1) from error
    except (KeyboardInterrupt, Stopped) as error:
        console.print("Stopped. Run the same command to go on.")
        raise typer.Exit(130) from error
    summarise(run)


def summarise(run: Run) -> None:
    calls, spent = run.calls, run.calls.spent.words(run.config.price)
    console.print(
        f"{len(calls.row_ids)} rows in {run.config.out}; {len(calls.rejected)} replies rejected; {spent}.",
        markup=False,
    )
    for reason, count in calls.reasons.most_common():
        console.print(f"  {count} × {reason}", markup=False)
    for key, why in run.failures.items():
        console.print(f"Not answered, {key}: {why}", markup=False)
    if run.failures:
        console.print(f"{len(run.failures)} questions were not answered. Run the same command again.")
        raise typer.Exit(1)
