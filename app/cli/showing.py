"""Checkpoints and runs in sentences for a terminal."""

from typing import Any

from sqlalchemy.orm import Session

from app.contract.student import StudentManifest
from app.models import Checkpoint
from app.runs.inspection import summarize
from app.runs.progress import Progress

SHORT = 12  # of a hash, enough to tell two apart
LONGEST_SAID = 200


def checkpoint_lines(found: Checkpoint) -> list[str]:
    """What it is, how it can be asked, and what it said when it was verified."""
    manifest = StudentManifest.model_validate(found.manifest)
    ways = [f"{way} (default)" if way == manifest.ask.default else way for way in manifest.ask.ways]
    return [
        f"{found.name}: {found.state}" + (f" ({found.reason})" if found.reason else ""),
        f"  taken in from {found.source} at {found.created_at:%Y-%m-%d %H:%M} UTC",
        (
            f"  model {found.model_sha256[:SHORT]}, tokenizer {found.tokenizer_sha256[:SHORT]}, "
            f"{len(found.files)} files; left behind: {', '.join(found.left_behind) or 'nothing'}"
        ),
        f"  {manifest.architecture}, asked in {manifest.generation.precision}; ways: {', '.join(ways)}",
        *trial_lines(found.trial or []),
    ]


def trial_lines(trial: list[dict[str, Any]]) -> list[str]:
    lines = ["When it was verified it said:"] if trial else []
    for one in trial:
        lines += [
            f"  {one['question']} ({', '.join(one['choices'])})",
            f"    answer: {said(one['answer'])}",
            f"    explanation: {said(one['explanation'])}",
        ]
    return lines


def said(text: str | None) -> str:
    """A text on one line; nothing read is not the same as nothing said."""
    if text is None:
        return "(no marker, so nothing was read)"
    line = " ".join(text.split())
    return (line[:LONGEST_SAID] + " …" if len(line) > LONGEST_SAID else line) or "(empty)"


def run_lines(session: Session, run: Progress) -> list[str]:
    rate = f", {run.per_second:.2f} a second" if run.per_second else ""
    why = f" ({run.reason})" if run.reason else ""
    lines = [
        (
            f"Run {run.run_id} on '{run.question_set}', {run.way}, {run.precision}: "
            f"{run.state}{why}, {run.done} of {run.total}{rate}"
        )
    ]
    if summary := summarize(session, run.run_id):
        low, high = summary.ci95
        odd = ", ".join(f"{flag} {count}" for flag, count in sorted(summary.flags.items())) or "none"
        lines += [
            (
                f"  right {summary.right} of {summary.total}: {summary.accuracy:.1%}, "
                f"95 % interval {low:.1%} to {high:.1%}"
            ),
            (
                f"  explanations: {summary.mean_words:.1f} words and {summary.mean_distractor_mentions:.1f} "
                f"distractors on average; warnings: {odd}"
            ),
        ]
    return lines
